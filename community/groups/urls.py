from django.urls import path

from community.groups import views

app_name = "groups"

urlpatterns = [
    path("", views.all_groups, name="all"),
    path("requests/<int:pk>/answer/", views.answer, name="answer"),
    path("<slug:slug>/", views.group, name="group"),
    path("<slug:slug>/memberships/", views.memberships, name="memberships"),
    path("<slug:slug>/requests/", views.requests, name="requests"),
    path("<slug:slug>/departures/", views.departures, name="departures"),
    path("<slug:slug>/people/", views.people, name="people"),
    path("<slug:slug>/people/<slug:public_id>/", views.person, name="person"),
    path("<slug:slug>/people/<slug:public_id>/role/", views.role, name="role"),
    path("<slug:slug>/people/<slug:public_id>/removal/", views.removal, name="removal"),
]

from django.urls import path

from sessions.direct import views

app_name = "direct"
urlpatterns = [
    path("", views.all_direct, name="all"),
    path("with/<slug:public_id>/", views.person, name="with"),
    path("asks/<int:pk>/answer/", views.answer, name="answer"),
    path("asks/<int:pk>/withdrawal/", views.withdrawal, name="withdrawal"),
    path("<slug:slug>/end/", views.end, name="end"),
]

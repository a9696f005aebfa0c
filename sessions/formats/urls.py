from django.urls import path

from sessions.formats import views

app_name = "formats"

urlpatterns = [
    path("", views.formats, name="all"),
    path("events/<int:pk>/", views.plan, name="plan"),
    path("events/<int:pk>/script/", views.script, name="script"),
    path("<slug:slug>/", views.format_page, name="format"),
    path("<slug:slug>/copies/", views.copies, name="copies"),
    path("<slug:slug>/change/", views.change, name="change"),
    path("<slug:slug>/retirement/", views.retirement, name="retirement"),
]

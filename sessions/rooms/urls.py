from django.urls import path

from sessions.rooms import views

app_name = "rooms"
urlpatterns = [
    path("<slug:slug>/", views.room, name="room"),
    path("<slug:slug>/people/", views.people, name="people"),
    path("<slug:slug>/messages/<int:seq>/", views.message, name="message"),
]

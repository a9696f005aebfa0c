from django.urls import path

from community.members import views

app_name = "members"

urlpatterns = [
    path("you/", views.you, name="you"),
    path("you/settings/", views.reading, name="reading"),
    path("you/leaving/", views.leaving_page, name="leaving"),
    path("you/leaving/pause/", views.pauses, name="pause"),
    path("you/leaving/leave/", views.departures, name="leave"),
    path("accounts/paused/", views.paused, name="paused"),
    path("accounts/left/", views.left, name="left"),
    path("members/<slug:public_id>/", views.profile, name="profile"),
]

from django.urls import path

from community.members import views

app_name = "members"

urlpatterns = [
    path("you/", views.you, name="you"),
    path("members/<slug:public_id>/", views.profile, name="profile"),
]

from django.urls import path

from community.members import views

app_name = "members"

urlpatterns = [
    path("you/", views.you, name="you"),
    path("you/settings/", views.reading, name="reading"),
    path("members/<slug:public_id>/", views.profile, name="profile"),
]

"""The public list of meetings, its feed, and meetings that others hold."""

from django.urls import path

from community.calendar import meetings_views as views

app_name = "meeting_guide"

urlpatterns = [
    path("", views.public, name="public"),
    path("feed.json", views.feed, name="feed"),
    path("elsewhere/", views.elsewhere, name="elsewhere"),
    path("elsewhere/sources/", views.sources, name="sources"),
    path("elsewhere/sources/<int:pk>/end/", views.end_source, name="end_source"),
]

from django.urls import path

from community.live import http

app_name = "live"
urlpatterns = [path("<slug:slug>/events/", http.events, name="events")]

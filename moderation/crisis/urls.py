from django.urls import path

from moderation.crisis import views

app_name = "crisis"

urlpatterns = [
    path("help/", views.help_now, name="help"),
    path("exit/", views.quick_exit, name="exit"),
    path("exit/about/", views.about_exit, name="about-exit"),
    path("offline/", views.offline, name="offline"),
    path("sw.js", views.service_worker, name="service-worker"),
]

from django.urls import include, path

from community.desk.views import home

app_name = "desk"

urlpatterns = [
    path("", home.home, name="home"),
    path("", include("community.desk.house_urls")),
]

from django.urls import path

from community.calendar import kinds_views

app_name = "kinds"
urlpatterns = [
    path("", kinds_views.kinds, name="all"),
    path("<int:pk>/", kinds_views.kind, name="kind"),
    path("<int:pk>/drop/", kinds_views.drop, name="drop"),
]

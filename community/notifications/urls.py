from django.urls import path

from community.notifications import views

app_name = "notifications"

urlpatterns = [
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/read/", views.read_all, name="read_all"),
    path("inbox/<slug:key>/", views.open_entry, name="open"),
    path("you/notices/", views.choices, name="choices"),
    path("notices/off/<str:token>/", views.off, name="off"),
]

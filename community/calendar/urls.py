from django.urls import path

from community.calendar import importing_views as importing
from community.calendar import views

app_name = "calendar"

urlpatterns = [
    path("", views.agenda, name="agenda"),
    path("week/", views.week, name="week"),
    path("month/", views.month, name="month"),
    path("new/", views.new, name="new"),
    path("import/", importing.import_file, name="import"),
    path("feed/", views.feed, name="feed"),
    path("feed/<str:secret>.ics", views.subscription, name="subscription"),
    path("<int:pk>/", views.occurrence, name="occurrence"),
    path("<int:pk>/answer/", views.answer, name="answer"),
    path("<int:pk>/event.ics", views.event_file, name="event_file"),
    path("<int:pk>/change/", views.change, name="change"),
    path("<int:pk>/cancellation/", views.cancellation, name="cancellation"),
]

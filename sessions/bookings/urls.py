from django.urls import path

from sessions.bookings import keeping_views as keeping
from sessions.bookings import views

app_name = "bookings"

urlpatterns = [
    path("", views.everything, name="all"),
    path("with/<slug:public_id>/", views.person, name="person"),
    path("times/<int:pk>/", views.slot, name="slot"),
    path("<int:pk>/", views.booking, name="booking"),
    path("<int:pk>/move/", views.move, name="move"),
    path("<int:pk>/cancellation/", views.cancellation, name="cancellation"),
    path("hours/", keeping.hours, name="hours"),
    path("hours/new/", keeping.new, name="new"),
    path("hours/<int:pk>/closing/", keeping.closing, name="closing"),
    path("hours/times/<int:pk>/closing/", keeping.slot_closing, name="slot_closing"),
    path("mentors/", keeping.mentors, name="mentors"),
    path("mentors/<slug:public_id>/end/", keeping.end_mentor, name="end_mentor"),
]

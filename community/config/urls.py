from django.urls import include, path

from community.home import views as home

urlpatterns = [
    path("", include("community.home.urls")),
    path("", include("moderation.crisis.urls")),
    path("you/blocks/", include("community.members.blocks.urls")),
    path("", include("community.members.urls")),
    path("", include("community.notifications.urls")),
    path("", include("community.members.signin.urls")),
    path("", include("community.invitations.urls")),
    path("desk/kinds/", include("community.calendar.kinds_urls")),
    path("desk/", include("community.desk.urls")),
    path("house/", include("community.house.urls")),
    path("meetings/", include("community.calendar.meetings_urls")),
    path("calendar/", include("community.calendar.urls")),
    path("groups/", include("community.groups.urls")),
    path("direct/", include("sessions.direct.urls")),
    path("sessions/one-to-one/", include("sessions.bookings.urls")),
    path("sessions/formats/", include("sessions.formats.urls")),
    path("sessions/meetings/", include("sessions.meetings.urls")),
    path("sessions/rooms/", include("sessions.rooms.urls")),
    path("", include("sessions.attendance.urls")),
    path("live/", include("community.live.urls")),
]

handler400 = home.bad_request
handler403 = home.denied
handler404 = home.not_found
handler500 = home.broken

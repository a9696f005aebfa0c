from django.urls import path

from sessions.attendance import views

app_name = "attendance"
urlpatterns = [
    # Short, because it is typed from paper.
    path("check/", views.check, name="check"),
    path("sessions/attendance/", views.mine, name="mine"),
    path("sessions/attendance/meetings/<int:pk>/", views.ask, name="ask"),
    path("sessions/attendance/<int:pk>/", views.one, name="one"),
    path("sessions/attendance/<int:pk>/certificate.pdf", views.paper, name="paper"),
    path("sessions/attendance/<int:pk>/revocation/", views.revocation, name="revocation"),
]

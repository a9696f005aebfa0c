from django.apps import AppConfig


class MeetingsConfig(AppConfig):
    name = "sessions.meetings"
    label = "meetings"

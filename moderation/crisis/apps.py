from django.apps import AppConfig


class CrisisConfig(AppConfig):
    name = "moderation.crisis"
    label = "crisis"

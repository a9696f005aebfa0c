from django.apps import AppConfig


class SanctionsConfig(AppConfig):
    name = "moderation.sanctions"
    label = "sanctions"

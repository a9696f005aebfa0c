from django.apps import AppConfig


class CrisisConfig(AppConfig):
    name = "moderation.crisis"
    label = "crisis"

    def ready(self) -> None:
        from moderation.crisis import checks  # noqa: F401 - registers itself

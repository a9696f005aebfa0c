from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "community.desk"
    label = "desk"

    def ready(self) -> None:
        from community.house.desk import Section, register

        register(Section("What waits", "desk:home", 0))
        register(Section("House rules", "desk:texts", 60))
        register(Section("Name and colours", "desk:look", 62))
        register(Section("Settings", "desk:settings", 64))

from django.apps import AppConfig


class RoomsConfig(AppConfig):
    name = "sessions.rooms"
    label = "rooms"

    def ready(self) -> None:
        from community.live import domain, ticks
        from sessions.rooms.domain import rooms
        from sessions.rooms.jobs import end_spent_mutes

        domain.register(rooms)
        ticks.register("end_spent_mutes", every_seconds=10, run=end_spent_mutes)

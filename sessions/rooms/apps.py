from django.apps import AppConfig


class RoomsConfig(AppConfig):
    name = "sessions.rooms"
    label = "rooms"

    def ready(self) -> None:
        from community.groups import removal
        from community.live import domain, ticks
        from sessions.rooms.domain import rooms
        from sessions.rooms.jobs import end_spent_mutes, forget_old_words, tell_rooms_of_removal
        from sessions.rooms.views import refused

        domain.register(rooms)
        rooms.show_refusals_with(refused)
        ticks.register("end_spent_mutes", every_seconds=10, run=end_spent_mutes)
        ticks.register("forget_old_words", every_seconds=3600, run=forget_old_words)
        removal.on_removal(tell_rooms_of_removal)

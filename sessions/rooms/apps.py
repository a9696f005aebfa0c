from collections.abc import Collection, Mapping

from django.apps import AppConfig


class RoomsConfig(AppConfig):
    name = "sessions.rooms"
    label = "rooms"

    def ready(self) -> None:
        from community.groups import keeping, removal
        from community.live import domain, ticks
        from community.members import suspension
        from moderation.audit import words
        from sessions.rooms.domain import rooms
        from sessions.rooms.jobs import (
            end_spent_mutes,
            forget_old_words,
            hold_turns,
            tell_rooms_of_leaving,
            tell_rooms_of_removal,
            tell_rooms_of_suspension,
        )
        from sessions.rooms.keeping import tell_rooms_of_closing
        from sessions.rooms.stays import close_lost_stays
        from sessions.rooms.views import refused

        domain.register(rooms)
        words.register_names("room", names)
        rooms.show_refusals_with(refused)
        ticks.register("end_spent_mutes", every_seconds=10, run=end_spent_mutes)
        ticks.register("hold_turns", every_seconds=5, run=hold_turns)
        ticks.register("close_lost_stays", every_seconds=15, run=close_lost_stays)
        ticks.register("forget_old_words", every_seconds=3600, run=forget_old_words)
        removal.on_removal(tell_rooms_of_removal)
        removal.on_leaving(tell_rooms_of_leaving)
        keeping.on_closing(tell_rooms_of_closing)
        suspension.on_suspension(tell_rooms_of_suspension)


def names(ids: Collection[int]) -> Mapping[int, str]:
    from sessions.rooms.models import Room

    return dict(Room.objects.filter(pk__in=ids).values_list("pk", "name"))

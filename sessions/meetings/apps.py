from collections.abc import Collection, Mapping
from typing import Any

from django.apps import AppConfig


class MeetingsConfig(AppConfig):
    name = "sessions.meetings"
    label = "meetings"

    def ready(self) -> None:
        from community.calendar import parts
        from community.notifications import kinds
        from moderation.audit import words
        from sessions.meetings.kinds import HELP_WANTED, NO_HOST

        kinds.register(NO_HOST, HELP_WANTED)
        words.register_names("meeting", names)
        parts.register(event_part)


def names(ids: Collection[int]) -> Mapping[int, str]:
    from sessions.meetings.models import Meeting

    return dict(Meeting.objects.filter(pk__in=ids).values_list("pk", "room__name"))


def event_part(occurrence: Any, keeps: bool) -> str:
    """How people come in, on the event's page."""
    from sessions.meetings import pages

    return pages.event_part(occurrence, keeps)

from collections.abc import Collection, Mapping
from typing import Any

from django.apps import AppConfig


class MeetingsConfig(AppConfig):
    name = "sessions.meetings"
    label = "meetings"

    def ready(self) -> None:
        from community.calendar import doors, parts, splits
        from community.groups import removal
        from community.live import ticks
        from community.notifications import kinds
        from moderation.audit import words
        from sessions.meetings.access import doors_of, ended_early, links_of
        from sessions.meetings.actions.outing import put_out_on_leaving, put_out_on_removal
        from sessions.meetings.jobs import forget_meetings, hold_meetings
        from sessions.meetings.kinds import HELP_WANTED, NO_HOST
        from sessions.rooms import meeting_links

        kinds.register(NO_HOST, HELP_WANTED)
        words.register_names("meeting", names)
        doors.register(doors_of, ended=ended_early)
        splits.register(carry_doorway_over)
        parts.register(event_part)
        meeting_links.register(links_of)
        removal.on_removal(put_out_on_removal)
        removal.on_leaving(put_out_on_leaving)
        ticks.register("meetings", every_seconds=5, run=hold_meetings)
        ticks.register("forget_meetings", every_seconds=3600, run=forget_meetings)


def carry_doorway_over(old: Any, new: Any) -> None:
    """Where somebody lets people in, they still do when the series goes on as an event of its own."""
    from sessions.meetings.models import Doorway

    for doorway in Doorway.objects.filter(event=old):
        Doorway.objects.create(event=new, entry=doorway.entry)


def names(ids: Collection[int]) -> Mapping[int, str]:
    from sessions.meetings.models import Meeting

    return dict(Meeting.objects.filter(pk__in=ids).values_list("pk", "room__name"))


def event_part(occurrence: Any, keeps: bool) -> str:
    """How people come in, on the event's page."""
    from sessions.meetings import pages

    return pages.event_part(occurrence, keeps)

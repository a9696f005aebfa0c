from collections.abc import Collection, Mapping

from django.apps import AppConfig


class MeetingsConfig(AppConfig):
    name = "sessions.meetings"
    label = "meetings"

    def ready(self) -> None:
        from community.notifications import kinds
        from moderation.audit import words
        from sessions.meetings.kinds import HELP_WANTED, NO_HOST

        kinds.register(NO_HOST, HELP_WANTED)
        words.register_names("meeting", names)


def names(ids: Collection[int]) -> Mapping[int, str]:
    from sessions.meetings.models import Meeting

    return dict(Meeting.objects.filter(pk__in=ids).values_list("pk", "room__name"))

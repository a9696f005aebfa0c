from collections.abc import Collection, Mapping

from django.apps import AppConfig


class CalendarConfig(AppConfig):
    name = "community.calendar"
    label = "calendar"

    def ready(self) -> None:
        from community.calendar.answers import give_up_places
        from community.calendar.jobs import expand_series, remind
        from community.calendar.kinds import CHANGED, MOVED_UP, REMINDER
        from community.house import desk
        from community.live import ticks
        from community.members import leaving
        from community.notifications import kinds
        from moderation.audit import words

        kinds.register(REMINDER, CHANGED, MOVED_UP)
        words.register_names("event", titles)
        words.register_names("source", sources)
        words.register_names("kind", kind_names)
        desk.register(desk.Section("Kinds of events", "kinds:all", 68))
        leaving.on_leaving(give_up_places)
        ticks.register("expand_series", every_seconds=3600, run=expand_series)
        ticks.register("remind", every_seconds=30, run=remind)


def titles(ids: Collection[int]) -> Mapping[int, str]:
    from community.calendar.models import Event

    return dict(Event.objects.filter(pk__in=ids).values_list("pk", "title"))


def sources(ids: Collection[int]) -> Mapping[int, str]:
    from community.calendar.models import Source

    return dict(Source.objects.filter(pk__in=ids).values_list("pk", "name"))


def kind_names(ids: Collection[int]) -> Mapping[int, str]:
    from community.calendar.models import Kind

    return dict(Kind.objects.filter(pk__in=ids).values_list("pk", "name"))

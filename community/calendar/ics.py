"""Events as iCalendar (RFC 5545, RFC 7986), for everyone's own calendar app."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, vRecur
from icalendar import Event as Component

from community.calendar.models import Event, Occurrence
from community.calendar.vtimezone import vtimezone

PRODUCT = "-//Porchlight//Calendar//EN"
PLAIN = "Appointment"
REFRESH = timedelta(hours=4)


def calendar(
    occurrences: Iterable[Occurrence], *, name: str, plain: bool, alarm_minutes: int | None = None
) -> bytes:
    """A calendar with these dates. A series whose dates are all there is written by its rule.

    `plain`: no title, words, place or host leaves the house; entries only say that there is an appointment.
    """
    by_event: dict[int, list[Occurrence]] = defaultdict(list)
    for occurrence in occurrences:
        by_event[occurrence.event_id].append(occurrence)
    whole = _frame(name, plain)
    firsts: dict[str, datetime] = {}
    components: list[Component] = []
    for dates in by_event.values():
        event = dates[0].event
        if not event.all_day:
            first = min([event.start.replace(tzinfo=UTC), *(one.starts_at for one in dates)])
            firsts[event.zone] = min(first, firsts.get(event.zone, first))
        components += _components(event, dates, plain, alarm_minutes)
    for zone in sorted(firsts):
        if zone != "UTC":
            whole.add_component(vtimezone(zone, firsts[zone]))
    for component in components:
        whole.add_component(component)
    return bytes(whole.to_ical())


def _frame(name: str, plain: bool) -> Calendar:
    whole = Calendar()
    whole.add("PRODID", PRODUCT)
    whole.add("VERSION", "2.0")
    whole.add("CALSCALE", "GREGORIAN")
    whole.add("METHOD", "PUBLISH")
    whole.add("NAME", PLAIN + "s" if plain else name)
    whole.add("REFRESH-INTERVAL", REFRESH, parameters={"VALUE": "DURATION"})
    return whole


def _components(
    event: Event, dates: Sequence[Occurrence], plain: bool, alarm_minutes: int | None
) -> list[Component]:
    """A series by its rule, with its special dates beside it; a single event by itself."""
    if not event.rule and not event.added:
        return [_date(event, one, plain, alarm_minutes) for one in dates]
    master = _entry(event, plain, alarm_minutes)
    _add_times(master, event, event.start, timedelta(minutes=event.minutes))
    master.add("STATUS", "CANCELLED" if event.cancelled_at is not None else "CONFIRMED")
    master.add("SEQUENCE", event.sequence)
    if event.rule:
        master.add("RRULE", vRecur.from_ical(_rule_for_readers(event)))
    for left_out in event.left_out:
        master.add("EXDATE", _value(event, datetime.fromisoformat(left_out)))
    for added in event.added:
        master.add("RDATE", _value(event, datetime.fromisoformat(added)))
    special = [_date(event, one, plain, alarm_minutes) for one in dates if one.changed]
    for entry, one in zip(special, [one for one in dates if one.changed], strict=True):
        entry.add("RECURRENCE-ID", _value(event, one.wall))
    return [master, *special]


def by_date(
    occurrences: Iterable[Occurrence], *, name: str, plain: bool, alarm_minutes: int | None = None
) -> bytes:
    """A calendar of single dates out of series: each has an identity of its own, and stands in UTC."""
    whole = _frame(name, plain)
    for one in occurrences:
        entry = _entry(one.event, plain, alarm_minutes, one)
        entry["UID"] = f"{one.event.uid}-{one.pk}"
        if one.event.all_day:
            _add_times(entry, one.event, one.wall, timedelta(minutes=one.event.minutes))
        else:
            entry.add("DTSTART", one.starts_at.astimezone(UTC))
            entry.add("DURATION", one.ends_at - one.starts_at)
        entry.add("STATUS", "CANCELLED" if one.gone else "CONFIRMED")
        entry.add("SEQUENCE", one.event.sequence + one.sequence)
        whole.add_component(entry)
    return bytes(whole.to_ical())


def _date(event: Event, one: Occurrence, plain: bool, alarm_minutes: int | None) -> Component:
    entry = _entry(event, plain, alarm_minutes, one)
    zone = ZoneInfo(event.zone)
    wall = one.starts_at.astimezone(zone).replace(tzinfo=None)
    _add_times(entry, event, wall, one.ends_at - one.starts_at)
    entry.add("STATUS", "CANCELLED" if one.gone else "CONFIRMED")
    entry.add("SEQUENCE", event.sequence + one.sequence)
    return entry


def _entry(event: Event, plain: bool, alarm_minutes: int | None, one: Occurrence | None = None) -> Component:
    entry = Component()
    entry.add("UID", event.uid)
    changed = max(filter(None, [event.changed_at, one.changed_at if one else None]))
    entry.add("DTSTAMP", changed.astimezone(UTC))
    entry.add("LAST-MODIFIED", changed.astimezone(UTC))
    entry.add("CLASS", "PRIVATE")
    entry.add("SUMMARY", PLAIN if plain else (one.name if one else event.title))
    if not plain:
        _add_words(entry, event, one)
    if alarm_minutes is not None:
        alarm = Alarm()
        alarm.add("ACTION", "DISPLAY")
        alarm.add("DESCRIPTION", PLAIN if plain else event.title)
        alarm.add("TRIGGER", -timedelta(minutes=alarm_minutes))
        entry.add_component(alarm)
    return entry


def _add_words(entry: Component, event: Event, one: Occurrence | None) -> None:
    # Where a link leads is told at the door, to those who are let in; a public meeting's is on the public list.
    link = event.link if event.audience == Event.Audience.PUBLIC else ""
    words = "\n\n".join(filter(None, [one.note if one else "", event.about, link, event.phone]))
    if words:
        entry.add("DESCRIPTION", words)
    if event.address:
        entry.add("LOCATION", event.address)
    if link:
        entry.add("CONFERENCE", link, parameters={"VALUE": "URI", "FEATURE": "AUDIO,VIDEO"})
    entry.add("CATEGORIES", [event.kind.name])


def _add_times(entry: Component, event: Event, wall: datetime, length: timedelta) -> None:
    entry.add("DTSTART", _value(event, wall))
    if event.all_day:
        entry.add("DTEND", (wall + length).date())
    else:
        entry.add("DURATION", length)


def _value(event: Event, wall: datetime) -> object:
    return wall.date() if event.all_day else wall.replace(tzinfo=ZoneInfo(event.zone))


def _rule_for_readers(event: Event) -> str:
    """UNTIL as RFC 5545 wants it: in UTC where the start has a zone, a date where it is one."""
    rule = event.parsed_rule
    assert rule is not None
    if rule.until is None:
        return str(rule)
    last = rule.last_wall(event.zone)
    if event.all_day:
        written = f"{last:%Y%m%d}"
    else:
        written = f"{last.replace(tzinfo=ZoneInfo(event.zone)).astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return ";".join([*(f"{name}={value}" for name, value in rule.parts), f"UNTIL={written}"])

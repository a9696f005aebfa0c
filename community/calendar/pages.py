"""The calendar as it is read: days in the reader's zone, with what each line says."""

from __future__ import annotations

import calendar
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.dateformat import format as say

from community.calendar import doors
from community.calendar.access import Clash
from community.calendar.models import Answer, Host, Occurrence

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Span:
    """Whole days in the reader's zone; `until` is the first day after them."""

    since: date
    until: date

    @property
    def starts_at(self) -> datetime:
        return midnight(self.since)

    @property
    def ends_at(self) -> datetime:
        return midnight(self.until)


@dataclass(frozen=True, slots=True)
class Line:
    """`lit` is the one line of a page on which the lamp lies: what one can go in to now, or what is on."""

    occurrence: Occurrence
    at: str
    length: str
    elsewhere: str
    with_whom: str
    badge: str
    badge_kind: str
    on_now: bool
    door: str
    lit: bool = False

    @property
    def gone(self) -> bool:
        return self.occurrence.gone


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    today: bool
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of the small month: `mark` is "mine", "some" or empty."""

    day: date
    inside: bool
    mark: str
    today: bool


def midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min), timezone.get_current_timezone())


def agenda_from(day: date) -> Span:
    return Span(day, day + WEEK)


def week_of(day: date) -> Span:
    """Sunday to Saturday."""
    first = day - timedelta(days=(day.weekday() + 1) % 7)
    return Span(first, first + WEEK)


def month_of(day: date) -> Span:
    first = day.replace(day=1)
    return Span(first, (first + timedelta(days=32)).replace(day=1))


def days(occurrences: Iterable[Occurrence], span: Span, now: datetime, *, empty: bool = False) -> list[Day]:
    """The lines of each day; days without any only if `empty` ones are wanted. What runs over midnight stands once."""
    by_day: dict[date, list[Line]] = {}
    occurrences = list(occurrences)
    open_doors = doors.open_doors_of([one for one in occurrences if at_the_door(one, now)])
    on = sorted(
        (one for one in occurrences if one.pk in open_doors or on_at(one, now)),
        key=lambda one: one.pk not in open_doors,
    )
    for one in occurrences:
        day = max(
            timezone.localtime(one.starts_at).date() if not one.event.all_day else one.wall.date(), span.since
        )
        shown = line(one, now, open_doors)
        by_day.setdefault(day, []).append(replace(shown, lit=one in on[:1]))
    today = timezone.localtime(now).date()
    if empty:
        for place in range((span.until - span.since).days):
            by_day.setdefault(span.since + timedelta(days=place), [])
    return [Day(day, day == today, by_day[day]) for day in sorted(by_day)]


def on_at(one: Occurrence, now: datetime) -> bool:
    return not one.gone and one.starts_at <= now < one.ends_at


def lines(occurrences: Collection[Occurrence], now: datetime) -> list[Line]:
    open_doors = doors.open_doors_of([one for one in occurrences if at_the_door(one, now)])
    return [line(one, now, open_doors) for one in occurrences]


def at_the_door(one: Occurrence, now: datetime) -> bool:
    """Whether people go in: a little before it starts, and until it ends."""
    return not one.gone and one.starts_at - doors.OPEN_BEFORE <= now < one.ends_at


def line(one: Occurrence, now: datetime, open_doors: Mapping[int, str] | None = None) -> Line:
    """`open_doors` are looked up for this one if they are not given. What is only held behind a door that has closed
    already is not on any more.
    """
    mine: Sequence[Answer] = one.own
    if open_doors is None:
        open_doors = doors.open_doors_of([one]) if at_the_door(one, now) else {}
    behind_a_door = (one.event.here or one.event.link) and not one.event.address and not one.event.phone
    on_now = on_at(one, now) and (not behind_a_door or one.pk in open_doors)
    badge, kind = _badge(one, mine[0] if mine else None)
    return Line(
        occurrence=one,
        at="All day" if one.event.all_day else clock(one.starts_at),
        length=length(one),
        elsewhere=elsewhere(one),
        with_whom=_listed(
            [part.member.handle for part in one.event.people if part.role != Host.Role.GREETER]
        ),
        badge=badge,
        badge_kind=kind,
        on_now=on_now,
        door=open_doors.get(one.pk, ""),
    )


def clock(at: datetime) -> str:
    return say(timezone.localtime(at), "g:i a").replace(".", "")


def from_to(one: Occurrence) -> str:
    """“6:00 to 7:00 pm”."""
    starts, ends = clock(one.starts_at), clock(one.ends_at)
    if (
        starts[-2:] == ends[-2:]
        and timezone.localtime(one.starts_at).date() == timezone.localtime(one.ends_at).date()
    ):
        starts = starts[:-3]
    return f"{starts} to {ends}"


def moved_from(one: Occurrence) -> str:
    """The hour at which it stood, with its day if that was another; empty for what was not moved."""
    if one.moved_from is None:
        return ""
    was = timezone.localtime(one.moved_from)
    same_day = was.date() == timezone.localtime(one.starts_at).date()
    return clock(was) if same_day else f"{say(was, 'l j F')}, {clock(was)}"


def length(one: Occurrence) -> str:
    minutes = int((one.ends_at - one.starts_at).total_seconds() // 60)
    if one.event.all_day:
        return "" if minutes <= 25 * 60 else f"{round(minutes / 1440)} days"
    hours, rest = divmod(minutes, 60)
    return (
        f"{minutes} min"
        if (minutes < 120 and rest) or minutes <= 90
        else f"{hours} h" + (f" {rest}" if rest else "")
    )


def elsewhere(one: Occurrence) -> str:
    """“7:00 pm in Chicago”, where the event's own clock differs from the reader's."""
    if one.event.all_day:
        return ""
    there = one.starts_at.astimezone(ZoneInfo(one.event.zone))
    if there.utcoffset() == timezone.localtime(one.starts_at).utcoffset():
        return ""
    return f"{say(there, 'g:i a').replace('.', '')} in {city(one.event.zone)}"


def clash(found: Clash) -> str:
    """“a host is also at Evening circle”; what the reader may not know of stays without a name."""
    other = found.other.name if found.known else "something else"
    return (
        f"a host is also at {other}"
        if found.shares == "a host"
        else f"{found.shares} is also that of {other}"
    )


def city(zone: str) -> str:
    return zone.rsplit("/", 1)[-1].replace("_", " ")


def _badge(one: Occurrence, mine: Answer | None) -> tuple[str, str]:
    if one.gone:
        return "Cancelled", "off"
    if mine is not None and mine.seat == Answer.Seat.TAKEN:
        return "You’ll come", "yes"
    if mine is not None and mine.seat == Answer.Seat.WAITING:
        return "On the waiting list", ""
    if mine is not None and mine.says == Answer.Says.MAYBE:
        return "Perhaps", ""
    if one.event.capacity is not None:
        free = one.event.capacity - one.taken
        return ("Full", "") if free <= 0 else (f"{free} seat{'s' if free > 1 else ''}", "")
    return "", ""


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


def small_month(occurrences: Iterable[Occurrence], day: date, now: datetime) -> list[list[Cell]]:
    """The weeks of the month around a day, from Sunday on."""
    marks: dict[date, str] = {}
    for one in occurrences:
        if one.gone:
            continue
        own: Sequence[Answer] = one.own
        starts = timezone.localtime(one.starts_at).date() if not one.event.all_day else one.wall.date()
        coming = any(answer.seat for answer in own)
        marks[starts] = "mine" if coming or marks.get(starts) == "mine" else "some"
    today = timezone.localtime(now).date()
    weeks = calendar.Calendar(firstweekday=6).monthdatescalendar(day.year, day.month)
    return [
        [Cell(one, one.month == day.month, marks.get(one, ""), one == today) for one in week]
        for week in weeks
    ]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The span before or after: its first day, and how it is called."""

    day: date
    name: str


def neighbour(view: str, span: Span, step: int) -> Neighbour:
    if view == "month":
        day = span.until if step > 0 else (span.since - timedelta(days=1)).replace(day=1)
        return Neighbour(day, say(day, "F"))
    return Neighbour(span.since + step * WEEK, "The next seven days" if step > 0 else "The seven days before")


def query(chosen: Mapping[str, Any]) -> str:
    """The filters as the rest of an address, so that turning a page keeps them."""
    kept = {name: getattr(value, "slug", "on") for name, value in chosen.items() if value and name != "day"}
    return f"&{urlencode(kept)}" if kept else ""

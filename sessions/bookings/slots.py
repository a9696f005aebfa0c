"""Hours cut into slots, on the clock of whoever keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.dateformat import format as say

from community.calendar.recurrence import Series, on_the_clock, read_rule
from sessions.bookings.models import Hours

FARTHEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Span:
    starts_at: datetime
    ends_at: datetime


def spans_of(hours: Hours, *, after: datetime) -> Iterator[Span]:
    """The slots that start after an instant, within a year, in order.

    On a day when the clock changes they fill what there is between the two hours on the wall. A time that comes
    twice that day is there once: a wall clock could not say which of the two is meant. Raises BadRule.
    """
    start = datetime.combine(hours.day, hours.starts)
    rule = read_rule(hours.rule, start=start, zone=hours.zone) if hours.rule else None
    series = Series(start=start, zone=hours.zone, duration=timedelta(minutes=hours.minutes), rule=rule)
    length, step = timedelta(minutes=hours.minutes), timedelta(minutes=hours.minutes + hours.pause)
    for instance in series.between(after - timedelta(days=1), after + FARTHEST):
        last = on_the_clock(datetime.combine(instance.recurrence_id.date(), hours.ends), hours.zone)
        at = instance.starts_at
        while at + length <= last:
            if at > after and on_the_clock(wall_of(at, hours.zone), hours.zone) == at:
                yield Span(at, at + length)
            at += step


def wall_of(at: datetime, zone: str) -> datetime:
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def said(at: datetime, zone: str) -> str:
    """“Thursday 3 December, 5:00 pm”."""
    wall = wall_of(at, zone)
    return f"{say(wall, 'l j F')}, {say(wall, 'g:i a').replace('.', '')}"

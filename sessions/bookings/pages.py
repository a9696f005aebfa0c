"""Times as they are read: by day, in the reader's zone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from itertools import groupby

from django.utils import timezone
from django.utils.dateformat import format as say
from django.utils.dateformat import time_format

from community.calendar.pages import clock
from sessions.bookings.models import Hours, Slot


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    slots: list[Slot]


def by_day(slots: Iterable[Slot]) -> list[Day]:
    """They come in order."""
    days = groupby(slots, key=lambda slot: timezone.localtime(slot.starts_at).date())
    return [Day(day, list(of_day)) for day, of_day in days]


def in_words(hours: Hours) -> str:
    """“Every Thursday until 17 December”, or the day."""
    rule = hours.rule.partition("UNTIL=")[2]
    if not rule:
        return say(hours.day, "l j F")
    until = date(int(rule[:4]), int(rule[4:6]), int(rule[6:8]))
    return f"Every {say(hours.day, 'l')} until {say(until, 'j F')}"


def from_to(slot: Slot) -> str:
    """“5:00 to 5:50 pm”."""
    starts, ends = clock(slot.starts_at), clock(slot.ends_at)
    return f"{starts[:-3] if starts[-2:] == ends[-2:] else starts} to {ends}"


def on_the_wall(hour: time) -> str:
    """“5:00 pm”."""
    return time_format(hour, "g:i a").replace(".", "")

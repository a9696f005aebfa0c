"""Where what is on now takes place: packages above the calendar say it, by registering."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import timedelta

from community.calendar.models import Occurrence

# How long before the start one may go in.
OPEN_BEFORE = timedelta(minutes=15)
Doors = Callable[[Collection[Occurrence]], Mapping[int, str]]
_doors: list[Doors] = []


def register(doors: Doors) -> None:
    """`doors` gives the page to go in by, by the occurrence's primary key, in a fixed number of queries."""
    _doors.append(doors)


def doors_of(occurrences: Collection[Occurrence]) -> Mapping[int, str]:
    here = [one for one in occurrences if one.event.here or one.event.link]
    found: dict[int, str] = {}
    for doors in _doors if here else ():
        found = {**doors(here), **found}
    return found

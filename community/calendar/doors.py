"""Where what is on now takes place: packages above the calendar say it, by registering."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import timedelta

from community.calendar.models import Occurrence

# How long before the start one may go in.
OPEN_BEFORE = timedelta(minutes=15)
Doors = Callable[[Collection[Occurrence]], Mapping[int, str]]
Ended = Callable[[Collection[int]], Collection[int]]
_doors: list[tuple[Doors, Ended]] = []


def register(doors: Doors, *, ended: Ended) -> None:
    """`doors` gives the page to go in by, by the occurrence's primary key, and `ended` those whose doors have closed
    before their time; each in a fixed number of queries.
    """
    _doors.append((doors, ended))


def doors_of(occurrences: Collection[Occurrence]) -> Mapping[int, str]:
    """The page of each door, whether it is open or not."""
    here = [one for one in occurrences if one.event.here or one.event.link]
    found: dict[int, str] = {}
    for doors, _ in _doors if here else ():
        found = {**doors(here), **found}
    return found


def open_doors_of(occurrences: Collection[Occurrence]) -> Mapping[int, str]:
    """The same, for dates at whose time doors are open, without those that have ended early."""
    found = doors_of(occurrences)
    over = {pk for _, ended in _doors if found for pk in ended(list(found))}
    return {pk: door for pk, door in found.items() if pk not in over}

"""What packages above the calendar show on an event's page, by registering."""

from __future__ import annotations

from collections.abc import Callable

from community.calendar.models import Occurrence

Part = Callable[[Occurrence, bool], str]
_parts: list[Part] = []


def register(part: Part) -> None:
    """`part` is given the occurrence and whether the reader keeps it; it renders a section, or nothing."""
    _parts.append(part)


def of(occurrence: Occurrence, *, keeps: bool) -> list[str]:
    return [shown for part in _parts if (shown := part(occurrence, keeps))]

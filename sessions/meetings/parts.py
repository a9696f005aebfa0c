"""What packages beside the meetings show on a meeting's own page, by registering."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sessions.meetings.access import Visit

Part = Callable[["Visit"], str]
_parts: list[Part] = []


def register(part: Part) -> None:
    """`part` is given the visit, whatever the state of its door; it renders a section, or nothing."""
    _parts.append(part)


def of(visit: Visit) -> list[str]:
    return [shown for part in _parts if (shown := part(visit))]

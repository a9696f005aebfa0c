"""From a meeting's room to its other pages: whoever holds meetings registers here where they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from community.groups.access import Standing
from community.members.models import Member
from sessions.rooms.models import Room

Links = Mapping[str, str | None]
Finder = Callable[[Room, Member, Standing], Links | None]
_finders: list[Finder] = []


def register(finder: Finder) -> None:
    """`finder` answers `chair`, `help` and `door` (addresses, or None) and `name`; None for what is no meeting's."""
    _finders.append(finder)


def links_of(room: Room, member: Member, standing: Standing) -> Links | None:
    """Where this member finds the rest of the meeting. Asks nothing about rooms of which no stays are kept."""
    if not room.attended:
        return None
    found = (finder(room, member, standing) for finder in _finders)
    return next((links for links in found if links is not None), None)

"""When a conversation of two rests: decided by whoever opens such rooms, and registered here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from community.groups.models import Group
from community.members.models import Member
from sessions.rooms.models import Room

Rests = Callable[[Room, Member, datetime], bool]
_deciders: list[Rests] = []


def register(rests: Rests) -> None:
    _deciders.append(rests)


def rests(room: Room, author: Member, at: datetime) -> bool:
    """Whether this member writes nothing there now. Asks nothing about the rooms of groups."""
    return room.group.kind == Group.Kind.PAIR and any(decider(room, author, at) for decider in _deciders)

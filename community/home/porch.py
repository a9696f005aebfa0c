"""What the home page says first: a greeting by the hour, the doors that are open now, and one line for each group."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from community.groups.models import Group
from sessions.rooms.access import RoomSummary
from sessions.rooms.models import Room
from sessions.rooms.phases import Writes

LATELY = timedelta(minutes=30)
DOORS = 5


@dataclass(frozen=True, slots=True)
class GroupLine:
    """`room` is the group's one room, if it has just one: the way in; else the way is the group's page."""

    group: Group
    room: Room | None
    unread: int
    handle: str
    text: str
    at: datetime | None
    lately: bool


def greeting(now: datetime) -> str:
    """`now` in the reader's zone."""
    if 5 <= now.hour < 12:
        return "Good morning"
    if 12 <= now.hour < 18:
        return "Good afternoon"
    return "Good evening"


def open_doors(rooms: Iterable[RoomSummary], now: datetime) -> list[RoomSummary]:
    """Rooms where someone is, or was a short while ago, fullest first; else one that is always open."""
    able = [summary for summary in rooms if summary.phase.writes != Writes.NONE]
    on = [one for one in able if one.here or was_lately(one, now)]
    on.sort(key=lambda one: (one.here, one.mine, spoken_at(one)), reverse=True)
    if on:
        return on[:DOORS]
    waiting = [one for one in able if one.room.always_open]
    return sorted(waiting, key=spoken_at, reverse=True)[:1]


def was_lately(one: RoomSummary, now: datetime) -> bool:
    return one.last_at is not None and now - one.last_at < LATELY


def spoken_at(one: RoomSummary) -> float:
    """When the last word was said, in seconds; long ago if none was."""
    return one.last_at.timestamp() if one.last_at else 0.0


def group_lines(groups: Iterable[Group], rooms: Sequence[RoomSummary], now: datetime) -> list[GroupLine]:
    """One line a group, those with something new first."""
    lines = []
    for group in groups:
        inside = [one for one in rooms if one.group.pk == group.pk]
        last = max((one for one in inside if one.last_at), key=spoken_at, default=None)
        lines.append(
            GroupLine(
                group=group,
                room=inside[0].room if len(inside) == 1 else None,
                unread=sum(one.unread for one in inside),
                handle=last.last_handle if last else "",
                text=last.last_text if last else "",
                at=last.last_at if last else None,
                lately=was_lately(last, now) if last else False,
            )
        )
    return sorted(lines, key=lambda line: (not line.unread, line.group.name))

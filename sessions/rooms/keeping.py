"""What stewards do with rooms: make, rename, close and open again. A closed room can be read by who could read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from community.groups.models import Group
from community.live import log
from community.live.domain import Command
from community.live.models import Log
from community.members.models import Member
from moderation.audit.actions import Subject, record, trail
from moderation.audit.chain import Facts
from moderation.audit.verbs import Verb
from sessions.rooms import acts
from sessions.rooms.domain import rooms
from sessions.rooms.models import Room
from sessions.rooms.phases import PHASES, Writes

CHANGEABLE = ("name", "about", "usual_phase")
# What a room may open in: a meeting's other parts are for whoever chairs it.
USUAL = (("open", "Anyone may write at any time"), ("closed", "Closed until a facilitator opens it"))
SLUG_CHARS = 50
CLOSED = next(phase.name for phase in PHASES.values() if phase.writes == Writes.NONE)


def make_slug(name: str) -> str:
    base = slugify(name)[:SLUG_CHARS].strip("-") or "room"
    taken = set(Room.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(slug for slug in _numbered(base) if slug not in taken)


def _numbered(base: str) -> Iterator[str]:
    yield base
    number = 2
    while True:
        yield f"{base}-{number}"
        number += 1


@transaction.atomic
@trail()
def make_room(*, group: Group, values: Mapping[str, Any], by: Member, at: datetime) -> Room:
    """A new room of a group, with a log of its own; `values` are those of `CHANGEABLE`."""
    chosen = {name: values[name] for name in CHANGEABLE if name in values}
    room = Room(
        group=group, slug=make_slug(values["name"]), log=Log.objects.create(), created_at=at, **chosen
    )
    room.phase, room.phase_at = CLOSED if group.closed_at else room.usual_phase, at
    room.full_clean(exclude=["log"])
    room.save()
    room.log.tags = Log.join_tags(group.tag, room.tag)
    room.log.save(update_fields=["tags"])
    _record(Verb.ROOM_MADE, room, by, at, {})
    return room


@transaction.atomic
@trail()
def change_room(*, room: Room, values: Mapping[str, Any], by: Member, at: datetime) -> list[str]:
    """Change what differs; the names of the fields that did. The phase it is in now stays."""
    room = Room.objects.select_for_update().get(pk=room.pk)
    changed = [name for name in CHANGEABLE if name in values and getattr(room, name) != values[name]]
    if changed:
        for name in changed:
            setattr(room, name, values[name])
        room.full_clean(exclude=["log"])
        room.save(update_fields=changed)
        _record(Verb.ROOM_CHANGED, room, by, at, {"fields": changed})
    return changed


@transaction.atomic
@trail()
def close_room(*, room: Room, by: Member, at: datetime) -> bool:
    """Nobody writes in it until a steward opens it again; False when it was closed before."""
    log.lock([room.log_id])
    if not Room.objects.filter(pk=room.pk, closed_at__isnull=True).update(closed_at=at):
        return False
    _set_phase([room], CLOSED, at)
    _record(Verb.ROOM_CLOSED, room, by, at, {})
    return True


@transaction.atomic
@trail()
def open_room_again(*, room: Room, by: Member, at: datetime) -> bool:
    """Undo closing: it is in its usual phase again, unless its group is closed. False when it stood open."""
    log.lock([room.log_id])
    if not Room.objects.filter(pk=room.pk, closed_at__isnull=False).update(closed_at=None):
        return False
    if room.group.closed_at is None:
        _set_phase([room], room.usual_phase, at)
    _record(Verb.ROOM_REOPENED, room, by, at, {})
    return True


def tell_rooms_of_closing(group: Group, at: datetime) -> None:
    """Within the transaction that closes a group or opens it: its rooms close, or those open that no steward closed."""
    found = list(Room.objects.filter(group=group, closed_at__isnull=True).select_related("group"))
    if group.closed_at is not None:
        _set_phase(found, CLOSED, at)
    else:
        for room in found:
            _set_phase([room], room.usual_phase, at)


def _set_phase(found: list[Room], phase: str, at: datetime) -> None:
    commands = [Command(rooms.opened(room), None, acts.SetPhase(phase)) for room in found]
    if commands:
        log.append(commands, at=at)


def _record(verb: Verb, room: Room, by: Member, at: datetime, facts: Facts) -> None:
    record(verb=verb, actor=by.pk, subject=Subject("room", room.pk), scope=room.group.tag, facts=facts, at=at)

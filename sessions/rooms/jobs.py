"""Periodic jobs of the rooms."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from community.groups.models import Group
from community.live import log, retention
from community.live.domain import Command, Committed
from community.live.writer import submit
from community.members.models import Member
from moderation.sanctions.models import Restriction
from sessions.rooms import access, acts
from sessions.rooms.domain import rooms
from sessions.rooms.models import Reaction, Room, Stay, Turn
from sessions.rooms.turns import GRACE


def end_spent_mutes(at: datetime) -> int:
    """Lift mutes whose time has run out and tell the rooms; how many."""
    spent = Restriction.objects.standing().filter(
        kind=Restriction.Kind.MUTE, until__lte=at, scope__startswith="room:"
    )
    ended = 0
    for restriction in spent.select_related("member"):
        room = Room.objects.filter(pk=int(restriction.scope.removeprefix("room:"))).first()
        if room is not None:
            submit(Command(rooms.opened(room), None, acts.Unmute(restriction.member.public_id))).result()
            ended += 1
    return ended


def hold_turns(at: datetime) -> int:
    """Take the floor from those who have it and have not been in the meeting for a while; how many.

    They come first in line. Only found here: decided under the log's lock, since they may be back by then.
    """
    seen = Stay.objects.filter(room=OuterRef("room"), member=OuterRef("member"), seen_at__gt=at - GRACE)
    waited_for = Turn.objects.filter(~Exists(seen), room__attended=True, at__lte=at - GRACE)
    taken = 0
    for turn in waited_for.select_related("room", "member"):
        with transaction.atomic():
            command = Command(rooms.opened(turn.room), None, acts.Away(turn.member.public_id))
            [outcome] = log.append([command], at=at)
        taken += isinstance(outcome, Committed)
    return taken


def forget_old_words(at: datetime) -> int:
    """Purge what rooms keep beyond the host's retention time (PORCHLIGHT_KEEP_DAYS; 0 keeps all); how many events."""
    days = settings.PORCHLIGHT_KEEP_DAYS
    if not days:
        return 0
    forgotten = 0
    for room in Room.objects.all():
        purged = retention.purge(room.log_id, at - timedelta(days=days))
        if purged:
            Reaction.objects.filter(room=room, seq__lt=log.head(room.log_id).min_seq).delete()
        forgotten += purged
    return forgotten


def tell_rooms_of_removal(group: Group, member: Member, at: datetime) -> None:
    """Within the removing transaction: the floor forgets the member, and the rooms' logs say that they were removed."""
    _tell_rooms(group, acts.Removed(member.public_id), at)


def tell_rooms_of_leaving(group: Group, member: Member, at: datetime) -> None:
    """Within the transaction in which a member leaves: they leave the floors too, and nobody waits for them."""
    _tell_rooms(group, acts.Left(member.public_id), at)


def tell_rooms_of_suspension(member: Member, at: datetime) -> None:
    """Within the suspending transaction: who is kept out of the whole place leaves every floor.

    All rooms in which a hand could go up meanwhile are locked first.
    """
    log.lock(access.enterable_by(member).values_list("log_id", flat=True))
    waiting = Room.objects.filter(Q(hands__member=member) | Q(turn__member=member)).distinct()
    commands = [Command(rooms.opened(room), None, acts.Left(member.public_id)) for room in waiting]
    if commands:
        log.append(commands, at=at)


def _tell_rooms(group: Group, act: acts.Act, at: datetime) -> None:
    commands = [Command(rooms.opened(room), None, act) for room in Room.objects.filter(group=group)]
    if commands:
        log.append(commands, at=at)

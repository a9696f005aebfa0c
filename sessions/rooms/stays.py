"""Stays: who was in the room of a meeting, from when to when, however many devices they used.

Whoever has the room open is seen every few seconds. A stay nobody closed ends where its member was last seen, so that
a process that dies claims nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Case, DateTimeField, F, FilteredRelation, Q, QuerySet, Value, When

from community.live.prepared import Prepared
from community.members.models import Member
from sessions.rooms.models import Room, Stay
from sessions.rooms.phases import PHASES, Writes

# Not seen for so long is no longer here.
LATELY = timedelta(seconds=45)
# Seen again within so long has been here all the time.
LOST = timedelta(seconds=120)
CLOSED = [phase.name for phase in PHASES.values() if phase.writes == Writes.NONE]

HERE = Prepared(
    lambda room, after: (
        Stay.objects.filter(room_id=room, left_at__isnull=True, seen_at__gte=after)
        .order_by()
        .values_list("member_id")
    ),
    int,
    datetime,
)


def witness(pairs: Collection[tuple[int, int]], at: datetime) -> None:
    """These (member primary key, log id) pairs are here: their stays go on, or begin. Four statements for all at most,
    but for those who were lost and are back.

    Rooms in which no stays are kept, and closed ones, don't count.
    """
    rooms = Room.objects.filter(log_id__in={log_id for _, log_id in pairs}, attended=True)
    found = (
        rooms.exclude(phase__in=CLOSED)
        .annotate(now=FilteredRelation("stays", condition=Q(stays__left_at__isnull=True)))
        .values_list("log_id", "pk", "now__member_id", "now__pk", "now__seen_at")
        .order_by()
    )
    kept: dict[int, int] = {}
    standing: dict[tuple[int, int], tuple[int, datetime]] = {}
    for log_id, room_id, member_id, stay_id, seen_at in found:
        kept[log_id] = room_id
        if stay_id is not None:
            standing[room_id, member_id] = stay_id, seen_at
    _see({(kept[log_id], member_id) for member_id, log_id in pairs if log_id in kept}, standing, at)


def touch(room: Room, member: Member, at: datetime) -> None:
    """The same for one who reads without a link that stays open. Two statements, none where no stays are kept."""
    if room.attended and room.phase not in CLOSED:
        place = room.pk, member.pk
        standing = _open().filter(room=room, member=member).values_list("pk", "seen_at").first()
        _see({place}, {place: standing} if standing else {}, at)


def _see(
    places: Collection[tuple[int, int]],
    standing: Mapping[tuple[int, int], tuple[int, datetime]],
    at: datetime,
) -> None:
    """`places` are (room, member), `standing` their open stays with when each was seen last."""
    known = {place: standing[place] for place in places if place in standing}
    lost = {place: stay for place, (stay, seen_at) in known.items() if at - seen_at > LOST}
    go_on = [stay for place, (stay, _) in known.items() if place not in lost]
    if lost:
        _update(_open().filter(pk__in=lost.values()), left_at=F("seen_at"))
    if go_on:
        _update(_open().filter(pk__in=go_on, seen_at__lt=at), seen_at=at)
    new = sorted(place for place in places if place not in known or place in lost)
    Stay.objects.bulk_create(
        (Stay(room_id=room, member_id=member, entered_at=at, seen_at=at) for room, member in new),
        ignore_conflicts=True,
    )


def leave(room: Room, member: Member, at: datetime) -> None:
    """The member goes, on whatever devices they are here."""
    _end(_open().filter(room=room, member=member), at)


def close_stays(room: Room, at: datetime) -> None:
    """The room closes: who is there has been there until now."""
    _end(_open().filter(room=room), at)


def close_lost_stays(at: datetime) -> int:
    """End the stays of those whom nobody has seen for a while where they were last seen; how many."""
    return _update(_open().filter(seen_at__lt=at - LOST), left_at=F("seen_at"))


def _update(stays: QuerySet[Stay], **values: Any) -> int:
    """Whose stay someone else is changing now needs no change of ours; so nobody waits in a circle."""
    with transaction.atomic():
        free = list(stays.select_for_update(skip_locked=True).order_by("pk").values_list("pk", flat=True))
        return Stay.objects.filter(pk__in=free).update(**values) if free else 0


def _open() -> QuerySet[Stay]:
    return Stay.objects.filter(left_at__isnull=True)


def _end(stays: QuerySet[Stay], at: datetime) -> None:
    lately = When(seen_at__gte=at - LATELY, seen_at__lte=at, then=Value(at, DateTimeField()))
    stays.update(left_at=Case(lately, default=F("seen_at")), seen_at=Case(lately, default=F("seen_at")))


def spans(room: Room, member: Member) -> list[tuple[datetime, datetime]]:
    """From when to when the member was there, in order; a stay that goes on ends where they were seen last."""
    stays = Stay.objects.filter(room=room, member=member).values_list("entered_at", "left_at", "seen_at")
    return [(entered_at, left_at or seen_at) for entered_at, left_at, seen_at in stays]


def seen_lately(room: Room, at: datetime, seconds: float = LATELY.total_seconds()) -> set[int]:
    """The primary keys of those who are in the room."""
    return {member for (member,) in HERE(room.pk, at - timedelta(seconds=seconds))}

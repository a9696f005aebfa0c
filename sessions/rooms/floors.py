"""Who needs longer turns: set by whoever chairs, member by member."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from community.members.models import Member
from sessions.rooms.acts import TURN_SECONDS_MAX
from sessions.rooms.models import Allowance, Room


@transaction.atomic
def allow(room: Room, member: Member, seconds: int | None, at: datetime) -> None:
    """Each turn of the member is so long from `at` on, where nobody says otherwise; None or 0: as everyone's.

    Raises ValueError for more than an hour.
    """
    if not seconds:
        Allowance.objects.filter(room=room, member=member).delete()
        return
    if not 0 < seconds <= TURN_SECONDS_MAX:
        raise ValueError(seconds)
    Allowance.objects.update_or_create(room=room, member=member, defaults={"seconds": seconds})


def allowances(room: Room) -> dict[int, int]:
    """How many seconds each has whose turns are of another length than everyone's, by member primary key."""
    return dict(Allowance.objects.filter(room=room).values_list("member", "seconds"))

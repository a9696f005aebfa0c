"""Who is new in the house: told to those who lead a meeting, so that nobody new waits long for the floor."""

from __future__ import annotations

from datetime import datetime, timedelta

from community.house.access import house
from community.members.models import Member
from sessions.rooms.models import Room


def newcomers_in(room: Room, at: datetime) -> frozenset[str]:
    """Public ids of those of the room's group whose first days here these are. One query."""
    since = at - timedelta(days=house().newcomer_days)
    found = Member.objects.filter(memberships__group=room.group_id, joined_at__gt=since)
    return frozenset(found.values_list("public_id", flat=True))

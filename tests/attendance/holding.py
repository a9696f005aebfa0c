"""Meetings that are over, for tests: an hour long, with who was there from when to when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from community.groups.models import Group
from community.members.models import Member
from sessions.attendance import actions
from sessions.attendance.actions import Wish
from sessions.attendance.models import Certificate
from sessions.meetings.models import Arrival, Meeting
from sessions.rooms.models import Stay
from tests.factories import GroupFactory, RoomFactory

HOUR = timedelta(hours=1)
WISH = Wish(name="Łucja Ñandú", purpose="for my probation officer", days=90)


def a_meeting(*, ended: datetime | None = None, **fields: Any) -> Meeting:
    """It ended a day ago, unless told otherwise."""
    ends_at = ended or timezone.now() - timedelta(days=1)
    group = GroupFactory(kind=Group.Kind.MEETING, joining=Group.Joining.CLOSED, listed=False)
    usual: dict[str, Any] = {
        "opens_at": ends_at - HOUR - timedelta(minutes=15),
        "starts_at": ends_at - HOUR,
        "ends_at": ends_at,
        "closes_at": ends_at + timedelta(minutes=30),
        "closed_at": ends_at,
    }
    made = ends_at - 2 * HOUR
    return Meeting.objects.create(
        group=group, room=RoomFactory(group=group, attended=True), made_at=made, **usual | fields
    )


def was_there(member: Member, meeting: Meeting, *spans: tuple[float, float]) -> None:
    """From and to so many minutes after the start; by the door, as everybody."""
    Arrival.objects.get_or_create(
        meeting=meeting,
        member=member,
        defaults=dict.fromkeys(("came_at", "seen_at", "admitted_at"), meeting.starts_at),
    )
    for began, ended in spans or [(-5, 60)]:
        left = meeting.starts_at + timedelta(minutes=ended)
        entered = meeting.starts_at + timedelta(minutes=began)
        Stay.objects.create(room=meeting.room, member=member, entered_at=entered, seen_at=left, left_at=left)


def a_certificate(member: Member, at: datetime | None = None, wish: Wish = WISH) -> Certificate:
    """Of a meeting of its own."""
    at = at or timezone.now()
    meeting = a_meeting(ended=at - timedelta(hours=1))
    was_there(member, meeting)
    return actions.issue(member=member, meeting=meeting, wish=wish, at=at)

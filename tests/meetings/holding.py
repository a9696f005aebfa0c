"""Meetings for tests: a circle on Tuesday at seven in New York, held by Alder, with its doors open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from community.calendar.models import Event, Occurrence
from community.groups.models import Group, Membership
from community.members.models import Member
from sessions.meetings.access import Door, meeting_for
from sessions.meetings.actions import make_meeting, open_doors
from sessions.meetings.models import Doorway, Entry, Meeting
from sessions.rooms import stays
from sessions.rooms.models import Room
from tests.calendar.making import make_event, nth
from tests.factories import GroupFactory, MemberFactory, MembershipFactory
from tests.live_client import events

FACILITATOR, MODERATOR = Membership.Role.FACILITATOR, Membership.Role.MODERATOR


@dataclass
class Circle:
    """A group with its keepers, and the first date of its event. `at` is ten minutes before it starts."""

    group: Group
    event: Event
    one: Occurrence
    alder: Member
    fern: Member
    at: datetime

    def person(self, handle: str = "", role: str = "member") -> Member:
        """Someone of the group."""
        member = MemberFactory(**({"handle": handle} if handle else {}))
        return MembershipFactory(group=self.group, member=member, role=role).member

    def minutes(self, after: float) -> datetime:
        """So many minutes after it was to start."""
        return self.one.starts_at + timedelta(minutes=after)

    def opened(self, at: datetime | None = None) -> Meeting:
        meeting = make_meeting(occurrence=self.one, at=at or self.at)
        return open_doors(meeting=meeting, at=at or self.at)


def circle(*, entry: Entry | None = None, **fields: Any) -> Circle:
    group = GroupFactory(joining=Group.Joining.CLOSED, listed=False)
    alder = MembershipFactory(group=group, role=FACILITATOR).member
    fern = MembershipFactory(group=group, role=MODERATOR).member
    usual: dict[str, Any] = {"group": group, "audience": Event.Audience.GROUP, "here": True}
    event = make_event(by=alder, **usual | fields)
    if entry is not None:
        Doorway.objects.create(event=event, entry=entry)
    one = nth(event, 0)
    return Circle(group, event, one, alder, fern, one.starts_at - timedelta(minutes=10))


def meeting_of(of: Circle) -> Meeting:
    return Meeting.objects.select_related("room", "group", "occurrence__event").get(occurrence=of.one)


def phase(of: Circle) -> str:
    return Room.objects.get(meeting__occurrence=of.one).phase


def here(of: Circle, at: datetime, *people: Member) -> None:
    """They have the room open at this moment."""
    room = meeting_of(of).room
    stays.witness([(person.pk, room.log_id) for person in people], at)


def kinds_of(of: Circle) -> list[str]:
    return [event["type"] for event in events(meeting_of(of).room)]


def state(member: Member, of: Circle, at: datetime) -> Door:
    return meeting_for(member, of.one.pk, at).state

"""An hour that two people have booked: its meeting is held by the group of the two, and nobody else finds it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.http import Http404

from community.calendar.actions import change_one
from community.calendar.answers import answer
from community.calendar.models import Answer
from community.groups.models import Group, Membership
from community.members.models import Member
from community.notifications.models import Delivery
from moderation.audit.models import AuditEntry
from sessions.meetings import jobs
from sessions.meetings.access import Door, Part, meeting_for
from sessions.meetings.actions import close
from sessions.meetings.models import Meeting
from tests.calendar.making import make_event, nth
from tests.factories import GroupFactory, MemberFactory, MembershipFactory
from tests.live_client import code_of, do, may_open, say

pytestmark = pytest.mark.django_db


def test_an_hour_that_was_ended_and_put_off_opens_again_for_the_same_two() -> None:
    group = GroupFactory(kind=Group.Kind.MEETING, joining="closed", listed=False)
    keeper, member = (MembershipFactory(group=group).member for _ in range(2))
    one = nth(make_event(by=keeper, group=group, audience="group", here=True, rule=""), 0)
    starts = one.starts_at
    jobs.hold_meetings(starts)
    close(meeting=Meeting.objects.get(), by=keeper, at=starts)
    assert not AuditEntry.objects.filter(subject_kind="meeting").exists()
    tomorrow = starts + timedelta(days=1)
    change_one(
        occurrence=one,
        changes={"starts_at": tomorrow, "ends_at": tomorrow + timedelta(hours=1)},
        by=keeper,
        at=starts,
    )
    jobs.hold_meetings(starts + timedelta(minutes=1))
    assert meeting_for(member, one.pk, starts).state is Door.NOT_YET
    jobs.hold_meetings(tomorrow)
    assert [meeting_for(who, one.pk, tomorrow).state for who in (keeper, member)] == [Door.IN, Door.IN]


def test_the_two_are_in_once_the_doors_are_open_and_a_steward_finds_nothing() -> None:
    group = GroupFactory(kind=Group.Kind.MEETING, joining="closed", listed=False)
    keeper, member = (MembershipFactory(group=group).member for _ in range(2))
    event = make_event(by=keeper, group=group, audience="group", here=True, rule="")
    one = nth(event, 0)
    answer(occurrence=one, member=member, says=Answer.Says.YES, remind_minutes=None, at=event.made_at)
    starts = one.starts_at

    def state(who: Member) -> Door:
        return meeting_for(who, one.pk, starts).state

    assert state(member) is Door.NOT_YET
    jobs.hold_meetings(starts - timedelta(minutes=5))
    meeting = Meeting.objects.select_related("room", "group").get()
    assert meeting.group == group
    assert [state(who) for who in (keeper, member)] == [Door.IN, Door.IN]
    assert meeting_for(keeper, one.pk, starts).part is Part.HOST
    for who in (keeper, member):
        assert code_of(do(meeting.room, who, say(meeting.room))) == ""
    for who in (MemberFactory(role="steward"), MemberFactory(role="clinician"), MemberFactory()):
        with pytest.raises(Http404):
            meeting_for(who, one.pk, starts)
        assert not may_open(who, meeting.room)
    # One of two who is late is no host that did not come.
    jobs.hold_meetings(starts + timedelta(minutes=11))
    assert not Delivery.objects.filter(kind="meetings.no_host").exists()
    jobs.hold_meetings(starts + timedelta(minutes=90))
    jobs.forget_meetings(starts + timedelta(days=2))
    assert not Membership.objects.filter(group=group).exists()
    assert [state(who) for who in (keeper, member)] == [Door.OVER, Door.OVER]

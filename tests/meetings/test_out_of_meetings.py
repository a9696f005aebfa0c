"""Out of the meetings of a group with the group: removed, gone of one's own will, suspended, paused."""

from __future__ import annotations

import pytest
from django.http import Http404

from community.groups.actions import leave_group
from community.groups.models import Membership
from community.groups.removal import remove_member
from community.members.models import Member
from community.members.suspension import suspend
from sessions.meetings import actions, jobs
from sessions.meetings.access import Door, lobby_of, meeting_for
from sessions.meetings.models import Arrival, Entry, Meeting
from sessions.rooms import stays
from sessions.rooms.models import Hand
from tests.factories import RoomFactory
from tests.live_client import act, code_of, do, may_open, say, types
from tests.meetings.holding import Circle, circle

pytestmark = pytest.mark.django_db


def let_in(of: Circle, meeting: Meeting) -> Member:
    wren = of.person()
    actions.arrive(meeting=meeting, member=wren, at=of.at)
    assert may_open(wren, meeting.room)
    return wren


def test_who_is_removed_from_the_group_is_out_of_its_meeting_at_once_with_hand_and_place_in_line() -> None:
    tuesday = circle()
    meeting = tuesday.opened()
    wren, juniper = let_in(tuesday, meeting), let_in(tuesday, meeting)
    assert code_of(do(meeting.room, wren, act(meeting.room, "hand.raise"))) == ""
    remove_member(group=tuesday.group, member=wren, by=tuesday.alder, reason="rule 1", at=tuesday.at)
    assert not may_open(wren, meeting.room)
    assert not Hand.objects.filter(member=wren).exists()
    assert types(meeting.room)[-1] == "member.removed"
    assert may_open(juniper, meeting.room)
    with pytest.raises(Http404):
        meeting_for(wren, tuesday.one.pk, tuesday.at)


def test_where_all_alumni_may_come_whoever_was_removed_from_the_group_stays_outside() -> None:
    tuesday = circle(audience="alumni")
    meeting = tuesday.opened()
    wren = let_in(tuesday, meeting)
    remove_member(group=tuesday.group, member=wren, by=tuesday.alder, reason="rule 1", at=tuesday.at)
    actions.arrive(meeting=meeting, member=wren, at=tuesday.at)
    assert meeting_for(wren, tuesday.one.pk, tuesday.at).state is Door.TURNED_AWAY
    assert not may_open(wren, meeting.room)


def test_who_is_removed_within_another_room_of_the_group_is_out_of_its_meeting_by_the_next_tick() -> None:
    tuesday = circle()
    meeting, porch = tuesday.opened(), RoomFactory(group=tuesday.group)
    wren = let_in(tuesday, meeting)
    do(porch, tuesday.fern, act(porch, "member.remove", wren.public_id, {"reason": "rule 1"}))
    for _ in range(2):
        jobs.hold_meetings(tuesday.at)
    assert not may_open(wren, meeting.room)
    assert types(meeting.room).count("member.removed") == 1


def test_who_leaves_the_group_is_out_of_its_meeting_and_of_the_line_before_it() -> None:
    tuesday = circle(entry=Entry.ASK)
    meeting = tuesday.opened()
    inside, waiting = tuesday.person(), tuesday.person()
    for member in (inside, waiting):
        actions.arrive(meeting=meeting, member=member, at=tuesday.at)
    actions.admit(meeting=meeting, member=inside, by=tuesday.alder, at=tuesday.at)
    assert may_open(inside, meeting.room)
    for member in (inside, waiting):
        leave_group(group=tuesday.group, member=member, at=tuesday.at)
    assert not may_open(inside, meeting.room)
    assert lobby_of(meeting) == []
    assert not Arrival.objects.filter(member=waiting).exists()


def test_who_is_suspended_leaves_room_floor_and_line_and_their_chair_goes_on() -> None:
    tuesday = circle(entry=Entry.ASK)
    ash = tuesday.person(role="facilitator")
    meeting = tuesday.opened()
    wren, juniper = tuesday.person(), tuesday.person()
    for member in (wren, juniper):
        actions.arrive(meeting=meeting, member=member, at=tuesday.at)
    actions.admit(meeting=meeting, member=wren, by=ash, at=tuesday.at)
    actions.take_chair(meeting=meeting, by=ash, at=tuesday.at)
    do(meeting.room, wren, act(meeting.room, "hand.raise"))
    stays.witness([(tuesday.alder.pk, meeting.room.log_id)], tuesday.minutes(0))
    for member in (wren, juniper, ash):
        suspend(member=member, by=None, reason="rule 1", at=tuesday.at)
    assert not may_open(wren, meeting.room)
    assert not Hand.objects.exists()
    assert lobby_of(meeting) == []
    jobs.hold_meetings(tuesday.minutes(0))
    assert Meeting.objects.get().chair == tuesday.alder


def test_who_has_left_of_their_own_will_may_come_again_where_all_alumni_may() -> None:
    tuesday = circle(audience="alumni")
    meeting = tuesday.opened()
    wren = let_in(tuesday, meeting)
    leave_group(group=tuesday.group, member=wren, at=tuesday.at)
    assert not Membership.objects.filter(group=meeting.group, member=wren).exists()
    actions.arrive(meeting=meeting, member=wren, at=tuesday.at)
    assert may_open(wren, meeting.room)
    assert code_of(do(meeting.room, wren, say(meeting.room))) == ""

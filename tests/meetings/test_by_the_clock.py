"""A meeting by the clock: made, opened, led, handed over, closed and forgotten, once each, whoever runs the job."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.http import Http404

from community.calendar.answers import answer
from community.calendar.models import Answer, Host
from community.groups.models import Membership
from community.house import access as house_access
from community.house.models import House
from community.members.models import Member
from community.notifications.models import Delivery
from moderation.audit.models import AuditEntry
from moderation.audit.verbs import Verb
from sessions.meetings import actions, jobs
from sessions.meetings.access import Door, meeting_for
from sessions.meetings.models import Arrival, Entry, HelpCall, Meeting
from sessions.rooms import stays
from sessions.rooms.access import room_for
from sessions.rooms.models import Room, Stay
from tests.meetings.at_once import at_once
from tests.meetings.holding import Circle, circle, here, kinds_of, meeting_of, phase, state

pytestmark = pytest.mark.django_db


def told(kind: str) -> set[Member]:
    rows = Delivery.objects.filter(kind=kind, channel="inbox").select_related("member")
    people = [row.member for row in rows]
    assert len(people) == len(set(people)), "told once"
    return {person for person in people if person is not None}


# --- opening -------------------------------------------------------------------------------------------------------


def test_a_meeting_is_made_and_opened_a_quarter_of_an_hour_before_it_starts() -> None:
    tuesday = circle()
    wren = tuesday.person()
    jobs.hold_meetings(tuesday.minutes(-15.1))
    assert not Meeting.objects.exists()
    assert state(wren, tuesday, tuesday.minutes(-15.1)) is Door.NOT_YET
    jobs.hold_meetings(tuesday.minutes(-15))
    jobs.hold_meetings(tuesday.minutes(-14))
    meeting = meeting_of(tuesday)
    assert (meeting.opens_at, meeting.opened_at) == (tuesday.minutes(-15), tuesday.minutes(-15))
    assert phase(tuesday) == "lobby"
    assert state(wren, tuesday, tuesday.minutes(-14)) is Door.MAY_ENTER


def test_what_is_held_elsewhere_in_the_world_has_no_meeting_and_no_door() -> None:
    street = circle(here=False, address="12 Elm Street")
    jobs.hold_meetings(street.minutes(-5))
    assert not Meeting.objects.exists()
    with pytest.raises(Http404):
        meeting_for(street.alder, street.one.pk)


def test_while_all_was_down_nothing_is_lost_a_meeting_that_is_on_is_opened_and_one_that_is_over_is_not() -> (
    None
):
    tuesday = circle()
    jobs.hold_meetings(tuesday.minutes(20))
    assert meeting_of(tuesday).opened_at == tuesday.minutes(20)
    late = circle()
    jobs.hold_meetings(late.minutes(61))
    assert not Meeting.objects.filter(occurrence=late.one).exists()


# --- who leads -----------------------------------------------------------------------------------------------------


def test_the_first_host_to_be_there_has_the_chair_and_keeps_it_when_another_comes() -> None:
    tuesday = circle()
    ash = tuesday.person("Ash", "facilitator")
    jobs.hold_meetings(tuesday.minutes(-15))
    here(tuesday, tuesday.minutes(-10), ash)
    jobs.hold_meetings(tuesday.minutes(-10))
    assert meeting_of(tuesday).chair == ash
    here(tuesday, tuesday.minutes(-9), ash, tuesday.alder)
    jobs.hold_meetings(tuesday.minutes(-9))
    assert meeting_of(tuesday).chair == ash
    assert kinds_of(tuesday).count("chair.changed") == 1


def test_when_the_chair_drops_out_for_two_minutes_a_co_host_who_is_there_has_it_once() -> None:
    tuesday = circle()
    ash, wren = tuesday.person("Ash"), tuesday.person("Wren")
    Host.objects.create(event=tuesday.event, member=ash, role=Host.Role.COHOST)
    jobs.hold_meetings(tuesday.minutes(-5))
    actions.arrive(meeting=meeting_of(tuesday), member=wren, at=tuesday.minutes(-4))
    here(tuesday, tuesday.minutes(0), tuesday.alder, ash, wren)
    jobs.hold_meetings(tuesday.minutes(0))
    for minute in (0.5, 1, 1.5):
        here(tuesday, tuesday.minutes(minute), ash, wren)
        jobs.hold_meetings(tuesday.minutes(minute))
        assert meeting_of(tuesday).chair == tuesday.alder
    here(tuesday, tuesday.minutes(2), ash, wren)
    jobs.hold_meetings(tuesday.minutes(2))
    jobs.hold_meetings(tuesday.minutes(2))
    assert meeting_of(tuesday).chair == ash
    assert kinds_of(tuesday).count("chair.changed") == 2
    assert AuditEntry.objects.filter(verb=Verb.MEETING_HANDED_OVER, actor=None).count() == 1
    # Back again, the host finds the chair taken, and takes it.
    assert actions.take_chair(meeting=meeting_of(tuesday), by=tuesday.alder, at=tuesday.minutes(4))
    assert meeting_of(tuesday).chair == tuesday.alder


def test_a_chair_whose_line_breaks_for_a_moment_or_whom_nobody_can_follow_keeps_it_for_ten_minutes() -> None:
    tuesday = circle()
    wren = tuesday.person()
    jobs.hold_meetings(tuesday.minutes(-5))
    actions.arrive(meeting=meeting_of(tuesday), member=wren, at=tuesday.minutes(-4))
    here(tuesday, tuesday.minutes(0), tuesday.alder, wren)
    jobs.hold_meetings(tuesday.minutes(0))
    actions.begin_step(meeting=meeting_of(tuesday), step=0, by=tuesday.alder, at=tuesday.minutes(0))
    for minute in (*range(1, 10), 9.9):
        here(tuesday, tuesday.minutes(minute), wren)
        jobs.hold_meetings(tuesday.minutes(minute))
    assert meeting_of(tuesday).chair == tuesday.alder
    assert not meeting_for(wren, tuesday.one.pk, tuesday.minutes(9.9)).no_host
    settled(wren, tuesday.minutes(10))
    here(tuesday, tuesday.minutes(10), wren)
    jobs.hold_meetings(tuesday.minutes(10))
    assert meeting_for(wren, tuesday.one.pk, tuesday.minutes(10)).may_step_in
    assert told("meetings.no_host") == set(), "it has begun: who is there sees it"
    here(tuesday, tuesday.minutes(10.5), wren, tuesday.alder)
    jobs.hold_meetings(tuesday.minutes(10.5))
    assert meeting_of(tuesday).chair == tuesday.alder
    assert not meeting_for(wren, tuesday.one.pk, tuesday.minutes(11)).no_host


def test_a_host_who_looked_in_before_the_start_and_was_gone_has_not_come() -> None:
    tuesday = circle()
    jobs.hold_meetings(tuesday.minutes(-15))
    here(tuesday, tuesday.minutes(-14), tuesday.alder)
    jobs.hold_meetings(tuesday.minutes(-14))
    assert meeting_of(tuesday).chair == tuesday.alder
    jobs.hold_meetings(tuesday.minutes(9.9))
    assert meeting_of(tuesday).no_host_at is None
    jobs.hold_meetings(tuesday.minutes(10))
    assert (meeting_of(tuesday).no_host_at, meeting_of(tuesday).chair) == (tuesday.minutes(10), None)
    assert told("meetings.no_host") == {tuesday.alder}


# --- when no host comes --------------------------------------------------------------------------------------------


def test_ten_minutes_after_the_start_those_who_wait_and_those_who_come_are_told_once_that_no_host_came() -> (
    None
):
    tuesday = circle(entry=Entry.ASK)
    wren, juniper, away = tuesday.person(), tuesday.person(), tuesday.person()
    for person, says in ((juniper, Answer.Says.YES), (away, Answer.Says.NO)):
        answer(occurrence=tuesday.one, member=person, says=says, remind_minutes=None, at=tuesday.at)
    jobs.hold_meetings(tuesday.minutes(-5))
    actions.arrive(meeting=meeting_of(tuesday), member=wren, at=tuesday.minutes(-1))
    jobs.hold_meetings(tuesday.minutes(9.9))
    assert told("meetings.no_host") == set()
    assert not meeting_for(wren, tuesday.one.pk, tuesday.minutes(9.9)).no_host
    for minute in (10, 10.1, 30):
        jobs.hold_meetings(tuesday.minutes(minute))
    assert told("meetings.no_host") == {wren, juniper, tuesday.alder}
    assert meeting_of(tuesday).no_host_at == tuesday.minutes(10)
    assert meeting_for(wren, tuesday.one.pk, tuesday.minutes(11)).no_host


def test_with_a_host_there_nobody_is_told_that_none_came() -> None:
    tuesday = circle()
    jobs.hold_meetings(tuesday.minutes(-5))
    here(tuesday, tuesday.minutes(1), tuesday.alder)
    jobs.hold_meetings(tuesday.minutes(1))
    jobs.hold_meetings(tuesday.minutes(10))
    assert told("meetings.no_host") == set()


def without_a_host(entry: Entry = Entry.ASK) -> Circle:
    """Ten minutes after the start, with Fern, who keeps order, not there."""
    tuesday = circle(entry=entry)
    jobs.hold_meetings(tuesday.minutes(-5))
    jobs.hold_meetings(tuesday.minutes(10))
    assert meeting_of(tuesday).no_host_at is not None
    return tuesday


def settled(person: Member, at: datetime) -> Member:
    """Here for a month by then."""
    Member.objects.filter(pk=person.pk).update(joined_at=at - timedelta(days=30))
    person.refresh_from_db()
    return person


def test_a_moderator_steps_in_and_then_nobody_else_does() -> None:
    tuesday = without_a_host()
    now = tuesday.minutes(11)
    wren = settled(tuesday.person(), now)
    for person in (wren, tuesday.fern):
        actions.arrive(meeting=meeting_of(tuesday), member=person, at=now)
    assert not meeting_for(wren, tuesday.one.pk, now).may_step_in, "a moderator is there"
    assert meeting_for(tuesday.fern, tuesday.one.pk, now).may_step_in
    with pytest.raises(actions.NotInside):
        actions.step_in(meeting=meeting_of(tuesday), by=wren, at=now)
    actions.step_in(meeting=meeting_of(tuesday), by=tuesday.fern, at=now)
    assert meeting_of(tuesday).chair == tuesday.fern
    with pytest.raises(actions.AlreadyLed):
        actions.step_in(meeting=meeting_of(tuesday), by=tuesday.fern, at=now)
    actions.admit(meeting=meeting_of(tuesday), member=wren, by=tuesday.fern, at=now)
    actions.begin_step(meeting=meeting_of(tuesday), step=0, by=tuesday.fern, at=now)
    assert phase(tuesday) == "open"
    assert meeting_of(tuesday).begun_at == now
    assert not meeting_for(wren, tuesday.one.pk, now).no_host


def test_without_a_moderator_someone_who_is_not_new_and_is_there_steps_in() -> None:
    tuesday = without_a_host()
    now = tuesday.minutes(11)
    house_access.remember(House(newcomer_days=14), seconds=float("inf"))
    wren, elsewhere = settled(tuesday.person(), now), settled(tuesday.person(), now)
    newcomer = tuesday.person()
    Member.objects.filter(pk=newcomer.pk).update(joined_at=now - timedelta(days=13))
    for person in (wren, newcomer):
        actions.arrive(meeting=meeting_of(tuesday), member=person, at=now)
    assert [
        meeting_for(Member.objects.get(pk=person.pk), tuesday.one.pk, now).may_step_in
        for person in (wren, newcomer, elsewhere)
    ] == [True, False, False]
    assert not meeting_for(wren, tuesday.one.pk, now + timedelta(minutes=3)).may_step_in, "gone from the door"
    actions.step_in(meeting=meeting_of(tuesday), by=wren, at=now)
    assert meeting_for(wren, tuesday.one.pk, now).chairs
    assert state(wren, tuesday, now) is Door.IN


def test_a_host_who_comes_late_has_the_chair_and_nobody_steps_in_any_more() -> None:
    tuesday = without_a_host()
    now = tuesday.minutes(12)
    here(tuesday, now, tuesday.alder)
    jobs.hold_meetings(now)
    assert meeting_of(tuesday).chair == tuesday.alder
    with pytest.raises(actions.AlreadyLed):
        actions.step_in(meeting=meeting_of(tuesday), by=tuesday.fern, at=now)


# --- the end, and after it -----------------------------------------------------------------------------------------


def test_it_closes_when_nobody_is_there_after_the_end_and_half_an_hour_after_it_at_the_latest() -> None:
    quiet, lively = circle(), circle()
    for one in (quiet, lively):
        jobs.hold_meetings(one.minutes(-5))
        here(one, one.minutes(58), one.alder)
    for minute in (59, 60, 60.5):
        here(lively, lively.minutes(minute), lively.alder)
        jobs.hold_meetings(quiet.minutes(minute))
    assert meeting_of(quiet).closed_at == quiet.minutes(60)
    assert phase(quiet) == "closed"
    assert meeting_of(lively).closed_at is None
    for minute in (75, 89.9):
        here(lively, lively.minutes(minute), lively.alder)
        jobs.hold_meetings(lively.minutes(minute))
    assert meeting_of(lively).closed_at is None
    here(lively, lively.minutes(90), lively.alder)
    jobs.hold_meetings(lively.minutes(90))
    jobs.hold_meetings(lively.minutes(91))
    assert meeting_of(lively).closed_at == lively.minutes(90)
    assert kinds_of(lively).count("session.closed") == 1
    assert not Stay.objects.filter(room=meeting_of(lively).room, left_at__isnull=True).exists()


def test_a_room_that_its_chair_closes_is_over_unless_they_think_again() -> None:
    tuesday = circle()
    jobs.hold_meetings(tuesday.minutes(-5))
    meeting = meeting_of(tuesday)
    here(tuesday, tuesday.minutes(30), tuesday.alder)
    Room.objects.filter(pk=meeting.room_id).update(phase="closed", phase_at=tuesday.minutes(30))
    jobs.hold_meetings(tuesday.minutes(31))
    assert meeting_of(tuesday).closed_at is None
    jobs.hold_meetings(tuesday.minutes(32))
    assert meeting_of(tuesday).closed_at == tuesday.minutes(32)


def test_a_day_later_nobody_reads_it_and_after_ninety_days_nothing_says_who_was_there() -> None:
    tuesday = circle()
    wren = tuesday.person()
    jobs.hold_meetings(tuesday.minutes(-5))
    meeting = meeting_of(tuesday)
    actions.arrive(meeting=meeting, member=wren, at=tuesday.minutes(-4))
    here(tuesday, tuesday.minutes(1), wren, tuesday.alder)
    actions.call_for_help(meeting=meeting, member=wren, words="I feel shaky.", at=tuesday.minutes(2))
    actions.close(meeting=meeting, by=tuesday.alder, at=tuesday.minutes(60))
    jobs.forget_meetings(tuesday.minutes(60) + timedelta(hours=23))
    assert room_for(wren, meeting.room.slug)
    for _ in range(2):
        jobs.forget_meetings(tuesday.minutes(60) + timedelta(hours=24))
    for person in (wren, tuesday.alder, tuesday.fern):
        with pytest.raises(Http404):
            room_for(person, meeting.room.slug)
    assert not Membership.objects.filter(group=meeting.group).exists()
    assert not Arrival.objects.exists()
    assert not HelpCall.objects.exists()
    assert stays.spans(meeting.room, wren)
    assert state(wren, tuesday, tuesday.minutes(3000)) is Door.OVER
    jobs.forget_meetings(tuesday.minutes(60) + timedelta(days=90))
    assert not Stay.objects.exists()


# --- in several processes ------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_whatever_is_due_is_done_once_however_many_run_the_job_at_once() -> None:
    tuesday = circle()
    ash = tuesday.person("Ash", "facilitator")

    def all_run(at: datetime) -> None:
        at_once([lambda: jobs.hold_meetings(at)] * 4)

    all_run(tuesday.minutes(-15))
    assert Meeting.objects.count() == 1
    all_run(tuesday.minutes(10))
    assert told("meetings.no_host") == {tuesday.alder, ash}
    here(tuesday, tuesday.minutes(11), tuesday.alder)
    all_run(tuesday.minutes(11))
    here(tuesday, tuesday.minutes(14), ash)
    all_run(tuesday.minutes(14))
    assert meeting_of(tuesday).chair == ash
    all_run(tuesday.minutes(90))
    assert kinds_of(tuesday).count("chair.changed") == 2
    assert kinds_of(tuesday).count("session.closed") == 1
    at_once([lambda: jobs.forget_meetings(tuesday.minutes(90) + timedelta(days=1))] * 4)
    assert not Membership.objects.filter(group=meeting_of(tuesday).group).exists()

"""A meeting follows the calendar: its date is moved, cancelled, written out of its series, put off, or split."""

from __future__ import annotations

from datetime import timedelta

import pytest

from community.calendar.actions import cancel_one, change_all, change_from, change_one
from community.calendar.models import Occurrence
from community.calendar.occurrences import rewrite
from sessions.formats.actions import plan_event
from sessions.formats.models import Format
from sessions.formats.shipping import ship_formats
from sessions.meetings import actions, jobs
from sessions.meetings.access import Door, meeting_for
from sessions.meetings.models import Doorway, Entry, Meeting
from tests.calendar.making import nth
from tests.meetings.holding import circle, here, meeting_of, phase, state

pytestmark = pytest.mark.django_db


def test_a_date_that_is_moved_while_people_wait_is_shut_and_opens_again_in_time() -> None:
    tuesday = circle()
    jobs.hold_meetings(tuesday.minutes(-10))
    assert phase(tuesday) == "lobby"
    later = tuesday.one.starts_at + timedelta(hours=2)
    change_one(
        occurrence=tuesday.one,
        changes={"starts_at": later, "ends_at": later + timedelta(hours=1)},
        by=tuesday.alder,
        at=tuesday.minutes(-9),
    )
    jobs.hold_meetings(tuesday.minutes(-8))
    assert phase(tuesday) == "closed"
    assert state(tuesday.fern, tuesday, tuesday.minutes(-8)) is Door.NOT_YET
    jobs.hold_meetings(later - timedelta(minutes=15))
    assert phase(tuesday) == "lobby"
    assert meeting_of(tuesday).closes_at == later + timedelta(minutes=90)


def test_a_meeting_that_has_begun_goes_on_when_its_date_is_moved_and_ends_by_the_new_time() -> None:
    tuesday = circle()
    jobs.hold_meetings(tuesday.minutes(-10))
    actions.begin_step(meeting=meeting_of(tuesday), step=0, by=tuesday.alder, at=tuesday.minutes(0))
    change_one(
        occurrence=tuesday.one,
        changes={"starts_at": tuesday.minutes(30), "ends_at": tuesday.minutes(120)},
        by=tuesday.alder,
        at=tuesday.minutes(1),
    )
    here(tuesday, tuesday.minutes(2), tuesday.alder)
    jobs.hold_meetings(tuesday.minutes(2))
    assert phase(tuesday) == "open"
    assert meeting_of(tuesday).ends_at == tuesday.minutes(120)


def test_a_date_that_is_cancelled_or_written_out_of_its_series_ends_its_meeting() -> None:
    cancelled, dropped = circle(), circle()
    for one in (cancelled, dropped):
        jobs.hold_meetings(one.minutes(-10))
    gone = meeting_of(dropped)
    cancel_one(occurrence=cancelled.one, because="", by=cancelled.alder, at=cancelled.minutes(-5))
    dropped.event.left_out = [dropped.one.recurrence_id]
    rewrite(dropped.event, shift=timedelta(0), now=dropped.minutes(-5))
    assert not Occurrence.objects.filter(pk=dropped.one.pk).exists()
    jobs.hold_meetings(dropped.minutes(-4))
    gone.refresh_from_db()
    assert gone.closed_at == dropped.minutes(-4)
    assert meeting_of(cancelled).closed_at == cancelled.minutes(-4)
    assert phase(cancelled) == "closed"
    assert state(cancelled.alder, cancelled, cancelled.minutes(-4)) is Door.CANCELLED


def test_a_date_put_off_after_it_was_closed_has_a_meeting_of_its_own() -> None:
    tuesday = circle()
    wren = tuesday.person()
    jobs.hold_meetings(tuesday.minutes(-10))
    first = meeting_of(tuesday)
    actions.arrive(meeting=first, member=wren, at=tuesday.minutes(-9))
    actions.close(meeting=first, by=tuesday.alder, at=tuesday.minutes(-5))
    jobs.hold_meetings(tuesday.minutes(-4))
    assert meeting_of(tuesday) == first
    tomorrow = tuesday.one.starts_at + timedelta(days=1)
    change_one(
        occurrence=tuesday.one,
        changes={"starts_at": tomorrow, "ends_at": tomorrow + timedelta(hours=1)},
        by=tuesday.alder,
        at=tuesday.minutes(-3),
    )
    jobs.hold_meetings(tomorrow - timedelta(minutes=15))
    second = meeting_of(tuesday)
    assert second != first
    assert second.group_id != first.group_id
    assert state(wren, tuesday, tomorrow) is Door.MAY_ENTER


def test_how_people_come_in_is_what_was_chosen_when_the_doors_opened() -> None:
    tuesday = circle(entry=Entry.ASK)
    wren, juniper = tuesday.person(), tuesday.person()
    actions.make_meeting(occurrence=tuesday.one, at=tuesday.minutes(-20))
    Doorway.objects.filter(event=tuesday.event).update(entry=Entry.OPEN)
    jobs.hold_meetings(tuesday.minutes(-14))
    actions.arrive(meeting=meeting_of(tuesday), member=wren, at=tuesday.minutes(-13))
    assert state(wren, tuesday, tuesday.minutes(-13)) is Door.IN
    Doorway.objects.filter(event=tuesday.event).update(entry=Entry.ASK)
    jobs.hold_meetings(tuesday.minutes(-12))
    actions.arrive(meeting=meeting_of(tuesday), member=juniper, at=tuesday.minutes(-11))
    assert state(juniper, tuesday, tuesday.minutes(-11)) is Door.IN


def test_a_co_host_who_is_named_after_it_was_made_may_lead_it() -> None:
    tuesday = circle()
    wren = tuesday.person()
    jobs.hold_meetings(tuesday.minutes(-10))
    assert not meeting_for(wren, tuesday.one.pk, tuesday.minutes(-9)).chairs
    change_all(
        event=tuesday.event,
        changes={},
        hosts=[tuesday.alder, wren],
        by=tuesday.alder,
        at=tuesday.minutes(-9),
    )
    jobs.hold_meetings(tuesday.minutes(-8))
    actions.begin_step(meeting=meeting_of(tuesday), step=0, by=wren, at=tuesday.minutes(0))
    assert meeting_of(tuesday).chair == wren


def test_when_a_series_is_split_later_dates_keep_their_door_and_their_script() -> None:
    tuesday = circle(entry=Entry.ASK)
    ship_formats(at=tuesday.at)
    plan_event(
        event=tuesday.event, follows=Format.objects.get(slug="open-sharing"), by=tuesday.alder, at=tuesday.at
    )
    third = nth(tuesday.event, 2)
    later = change_from(
        occurrence=third, changes={"title": "New"}, hosts=[tuesday.alder], by=tuesday.alder, at=tuesday.at
    )
    third.refresh_from_db()
    assert third.event == later != tuesday.event
    jobs.hold_meetings(third.starts_at)
    meeting = Meeting.objects.select_related("room").get(occurrence=third)
    assert meeting.entry == Entry.ASK
    assert meeting.room.steps

"""Leading a meeting: its steps, its chair, and a private word to whoever holds it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404
from pytest_django import DjangoAssertNumQueries
from structlog.testing import capture_logs

from community.calendar.models import Host
from community.live.models import Event as LogEvent
from community.members.models import Member
from community.notifications.models import Delivery
from community.notifications.payload import read_payload
from moderation.audit.models import AuditEntry
from sessions.formats.actions import plan_event
from sessions.formats.models import Format
from sessions.formats.shipping import ship_formats
from sessions.meetings import actions, jobs
from sessions.meetings.access import (
    Part,
    call_to_answer,
    chairs_of,
    lobby_of,
    meeting_for,
    meeting_to_chair,
    meeting_to_greet,
    open_calls,
)
from sessions.meetings.models import Entry, HelpCall
from sessions.rooms.models import Room
from tests.factories import MemberFactory
from tests.live_client import events, state_of
from tests.meetings.holding import Circle, circle

pytestmark = pytest.mark.django_db
WORDS = "I have a bottle in front of me"


def planned(slug: str = "open-sharing") -> Circle:
    tuesday = circle()
    ship_formats(at=datetime(2026, 1, 1, tzinfo=UTC))
    plan_event(event=tuesday.event, follows=Format.objects.get(slug=slug), by=tuesday.alder, at=tuesday.at)
    return tuesday


def test_a_meeting_follows_the_script_that_was_planned_without_its_words() -> None:
    tuesday = planned()
    meeting = tuesday.opened()
    script = tuesday.event.plan.version.script
    assert [step["phase"] for step in meeting.room.steps] == [step.phase for step in script.steps]
    assert {"title", "minutes", "writes", "crosstalk", "turn_seconds", "phase"} == set(meeting.room.steps[0])
    for number in (0, 1, 0):
        actions.begin_step(meeting=meeting, step=number, by=tuesday.alder, at=tuesday.minutes(number))
        room = Room.objects.get(pk=meeting.room_id)
        assert (room.step, room.phase) == (number, script.steps[number].phase)
    meeting.refresh_from_db()
    assert (meeting.begun_at, meeting.chair) == (tuesday.minutes(0), tuesday.alder)
    assert state_of(meeting.room, tuesday.fern)["step"] == 0
    with pytest.raises(actions.NoSuchStep):
        actions.begin_step(meeting=meeting, step=len(script.steps), by=tuesday.alder, at=tuesday.minutes(2))


def test_only_who_chairs_takes_the_meeting_a_step_on() -> None:
    tuesday = planned()
    meeting = tuesday.opened()
    with pytest.raises(actions.Refused):
        actions.begin_step(meeting=meeting, step=0, by=tuesday.fern, at=tuesday.at)
    meeting.refresh_from_db()
    assert (meeting.begun_at, meeting.chair) == (None, None)


def test_a_script_chosen_while_people_wait_is_followed_and_one_chosen_after_the_beginning_is_not() -> None:
    tuesday = circle()
    meeting = tuesday.opened()
    assert meeting.room.steps == []
    ship_formats(at=datetime(2026, 1, 1, tzinfo=UTC))
    plan_event(
        event=tuesday.event, follows=Format.objects.get(slug="open-sharing"), by=tuesday.alder, at=tuesday.at
    )
    jobs.hold_meetings(tuesday.at)
    room = Room.objects.get(pk=meeting.room_id)
    assert room.steps
    actions.begin_step(meeting=meeting, step=0, by=tuesday.alder, at=tuesday.minutes(0))
    plan_event(event=tuesday.event, follows=None, by=tuesday.alder, at=tuesday.at)
    jobs.hold_meetings(tuesday.minutes(1))
    room.refresh_from_db()
    assert room.steps


def test_the_chair_is_handed_to_anyone_inside_and_the_room_is_told() -> None:
    tuesday = circle()
    meeting, wren, outside = tuesday.opened(), tuesday.person(), tuesday.person()
    actions.take_chair(meeting=meeting, by=tuesday.alder, at=tuesday.at)
    assert not actions.take_chair(meeting=meeting, by=tuesday.alder, at=tuesday.at)
    actions.arrive(meeting=meeting, member=wren, at=tuesday.at)
    with pytest.raises(actions.NotInside):
        actions.hand_over(meeting=meeting, to=outside, by=tuesday.alder, at=tuesday.at)
    assert actions.hand_over(meeting=meeting, to=wren, by=tuesday.alder, at=tuesday.at)
    assert meeting_to_chair(wren, tuesday.one.pk) == meeting
    changes = [event["data"]["member"] for event in events(meeting.room) if event["type"] == "chair.changed"]
    assert changes == [tuesday.alder.public_id, wren.public_id]
    actions.begin_step(meeting=meeting, step=0, by=wren, at=tuesday.minutes(0))


def test_hosts_and_their_helpers_get_in_to_what_they_may_hold_and_nobody_else_does() -> None:
    tuesday = circle()
    greeter, wren = tuesday.person(), tuesday.person()
    Host.objects.create(event=tuesday.event, member=greeter, role=Host.Role.GREETER)
    meeting = tuesday.opened()
    actions.arrive(meeting=meeting, member=wren, at=tuesday.at)
    one = tuesday.one.pk
    assert meeting_to_chair(tuesday.alder, one) == meeting
    for member in (tuesday.alder, tuesday.fern, greeter):
        assert meeting_to_greet(member, one) == meeting
    for member in (tuesday.fern, greeter, wren, MemberFactory(role="steward")):
        with pytest.raises(PermissionDenied):
            meeting_to_chair(member, one)
    with pytest.raises(PermissionDenied):
        meeting_to_greet(wren, one)
    with pytest.raises(Http404):
        meeting_to_greet(MemberFactory(), one)
    assert meeting_for(greeter, one, tuesday.at).part is Part.GREETER


# --- a private word ------------------------------------------------------------------------------------------------


def told() -> set[Member]:
    rows = Delivery.objects.filter(kind="meetings.help_wanted", channel="inbox").select_related("member")
    return {row.member for row in rows if row.member}


def test_a_call_for_help_reaches_the_hosts_once_and_is_looked_after_once() -> None:
    tuesday = circle()
    ash = tuesday.person(role="facilitator")
    meeting, wren = tuesday.opened(), tuesday.person()
    actions.arrive(meeting=meeting, member=wren, at=tuesday.at)
    call = actions.call_for_help(meeting=meeting, member=wren, words=f" {WORDS} ", at=tuesday.at)
    assert actions.call_for_help(meeting=meeting, member=wren, words=WORDS, at=tuesday.at) == call
    assert told() == {tuesday.alder, ash}
    [shown] = open_calls(meeting)
    assert (shown.member, shown.words) == (wren, WORDS)
    for member in (tuesday.fern, wren):
        with pytest.raises(PermissionDenied):
            call_to_answer(member, tuesday.one.pk, call.pk)
    assert actions.answer_call(call=call_to_answer(ash, tuesday.one.pk, call.pk), by=ash, at=tuesday.at)
    assert not actions.answer_call(call=call, by=tuesday.alder, at=tuesday.at)
    assert open_calls(meeting) == []
    actions.call_for_help(meeting=meeting, member=wren, words=WORDS, at=tuesday.minutes(1))
    assert len(open_calls(meeting)) == 1


def test_its_words_are_sealed_and_in_no_log_no_letter_and_no_record() -> None:
    tuesday = circle()
    meeting, wren = tuesday.opened(), tuesday.person()
    actions.arrive(meeting=meeting, member=wren, at=tuesday.at)
    logged, recorded = LogEvent.objects.count(), AuditEntry.objects.count()
    with capture_logs() as said:
        call = actions.call_for_help(meeting=meeting, member=wren, words=WORDS, at=tuesday.at)
    assert HelpCall.objects.get(pk=call.pk).words == WORDS
    with connection.cursor() as cursor:
        cursor.execute("SELECT words FROM meetings_helpcall")
        [[kept]] = cursor.fetchall()
    assert kept
    assert "bottle" not in kept
    assert (LogEvent.objects.count(), AuditEntry.objects.count()) == (logged, recorded)
    assert said == []
    for row in Delivery.objects.filter(kind="meetings.help_wanted"):
        payload = json.dumps(str(read_payload(row.payload)))
        assert "bottle" not in payload
        assert wren.handle not in payload


def test_from_the_lobby_one_may_ask_for_help_too_and_from_outside_nobody_does() -> None:
    tuesday = circle(capacity=1)
    meeting, wren = tuesday.opened(), tuesday.person()
    with pytest.raises(actions.NotInside):
        actions.call_for_help(meeting=meeting, member=wren, words="", at=tuesday.at)
    actions.arrive(meeting=meeting, member=wren, at=tuesday.at)
    assert actions.call_for_help(meeting=meeting, member=wren, words="", at=tuesday.at)
    actions.close(meeting=meeting, by=tuesday.alder, at=tuesday.minutes(60))
    with pytest.raises(actions.NotOpen):
        actions.call_for_help(meeting=meeting, member=wren, words="", at=tuesday.minutes(61))


def test_what_a_visit_and_the_lobby_cost_does_not_grow_with_who_comes(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    tuesday = circle(entry=Entry.ASK)
    meeting, wren = tuesday.opened(), tuesday.person()
    actions.arrive(meeting=meeting, member=wren, at=tuesday.at)

    def costs(most: int) -> int:
        with django_assert_max_num_queries(most) as asked:
            meeting_for(wren, tuesday.one.pk, tuesday.at)
            [one.member.handle for one in lobby_of(meeting)]
            chairs_of(meeting)
            jobs.hold_meetings(tuesday.at)
        return len(asked)

    few = costs(40)
    for _ in range(6):
        actions.arrive(meeting=meeting, member=tuesday.person(), at=tuesday.at)
    costs(few)

"""At the door of a meeting: who comes in, who waits and in which order, and who decides."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.http import Http404

from community.calendar.answers import answer
from community.calendar.models import Answer
from community.groups.models import Membership
from community.members.models import Member
from sessions.meetings import actions
from sessions.meetings.access import Door, Part, lobby_of, meeting_for
from sessions.meetings.models import Arrival, Entry, Meeting
from tests.factories import MemberFactory
from tests.meetings.at_once import at_once
from tests.meetings.holding import Circle, circle


def inside(meeting: Meeting) -> set[Member]:
    return {row.member for row in Membership.objects.filter(group=meeting.group).select_related("member")}


def state(member: Member, of: Circle) -> Door:
    return meeting_for(member, of.one.pk, of.at).state


@pytest.mark.django_db
def test_a_meeting_is_made_once_closed_with_those_who_hold_it_and_opened_into_its_lobby() -> None:
    tuesday = circle()
    meeting = actions.make_meeting(occurrence=tuesday.one, at=tuesday.at)
    assert actions.make_meeting(occurrence=tuesday.one, at=tuesday.at) == meeting
    assert inside(meeting) == {tuesday.alder, tuesday.fern}
    assert meeting.room.phase == "closed"
    assert state(tuesday.person(), tuesday) is Door.NOT_YET
    actions.open_doors(meeting=meeting, at=tuesday.at)
    actions.open_doors(meeting=meeting, at=tuesday.at)
    meeting.room.refresh_from_db()
    assert meeting.room.phase == "lobby"
    assert state(tuesday.alder, tuesday) is Door.IN
    assert meeting_for(tuesday.alder, tuesday.one.pk, tuesday.at).part is Part.HOST
    assert meeting_for(tuesday.fern, tuesday.one.pk, tuesday.at).part is Part.KEEPER


@pytest.mark.django_db
def test_where_entry_is_open_who_comes_is_in_and_who_may_not_know_of_it_finds_nothing() -> None:
    tuesday = circle()
    meeting, wren = tuesday.opened(), tuesday.person()
    assert state(wren, tuesday) is Door.MAY_ENTER
    assert actions.arrive(meeting=meeting, member=wren, at=tuesday.at).admitted_at == tuesday.at
    assert state(wren, tuesday) is Door.IN
    with pytest.raises(Http404):
        meeting_for(MemberFactory(), tuesday.one.pk, tuesday.at)


@pytest.mark.django_db
def test_where_someone_lets_them_in_they_wait_in_line_and_coming_again_costs_nobody_their_place() -> None:
    tuesday = circle(entry=Entry.ASK)
    meeting = tuesday.opened()
    people = [tuesday.person() for _ in range(3)]
    for place, person in enumerate(people):
        actions.arrive(meeting=meeting, member=person, at=tuesday.at + timedelta(seconds=place))
    actions.arrive(meeting=meeting, member=people[0], at=tuesday.at + timedelta(minutes=1))
    assert [one.member for one in lobby_of(meeting)] == people
    places = [meeting_for(person, tuesday.one.pk, tuesday.at).place_in_line for person in people]
    assert places == [1, 2, 3]
    actions.admit(meeting=meeting, member=people[1], by=tuesday.alder, at=tuesday.at)
    assert [state(person, tuesday) for person in people] == [Door.WAITING, Door.IN, Door.WAITING]
    assert actions.admit_all(meeting=meeting, by=tuesday.alder, at=tuesday.at) == 2
    assert inside(meeting) == {tuesday.alder, tuesday.fern, *people}


@pytest.mark.django_db
def test_who_is_turned_away_stays_outside_however_often_they_come_until_they_are_asked_back() -> None:
    tuesday = circle(entry=Entry.ASK)
    meeting, wren = tuesday.opened(), tuesday.person()
    actions.arrive(meeting=meeting, member=wren, at=tuesday.at)
    assert actions.turn_away(meeting=meeting, member=wren, by=tuesday.alder, at=tuesday.at)
    actions.arrive(meeting=meeting, member=wren, at=tuesday.at)
    actions.admit(meeting=meeting, member=wren, by=tuesday.fern, at=tuesday.at)
    assert actions.admit_all(meeting=meeting, by=tuesday.fern, at=tuesday.at) == 0
    assert state(wren, tuesday) is Door.TURNED_AWAY
    assert actions.ask_back(meeting=meeting, member=wren, by=tuesday.alder, at=tuesday.at)
    assert state(wren, tuesday) is Door.WAITING
    actions.admit(meeting=meeting, member=wren, by=tuesday.fern, at=tuesday.at)
    assert not actions.turn_away(meeting=meeting, member=wren, by=tuesday.alder, at=tuesday.at)
    assert state(wren, tuesday) is Door.IN


@pytest.mark.django_db
def test_where_seats_are_counted_who_has_one_is_in_and_the_others_wait() -> None:
    tuesday = circle(capacity=1)
    meeting, seated, other = tuesday.opened(), tuesday.person(), tuesday.person()
    for person in (seated, other):
        answer(
            occurrence=tuesday.one, member=person, says=Answer.Says.YES, remind_minutes=None, at=tuesday.at
        )
        actions.arrive(meeting=meeting, member=person, at=tuesday.at)
    assert state(seated, tuesday) is Door.IN
    assert state(other, tuesday) is Door.WAITING


@pytest.mark.django_db
def test_a_steward_who_holds_nothing_waits_like_anyone_outside() -> None:
    tuesday = circle()
    meeting, steward = tuesday.opened(), MemberFactory(role="steward")
    actions.arrive(meeting=meeting, member=steward, at=tuesday.at)
    assert state(steward, tuesday) is Door.WAITING
    assert steward not in inside(meeting)


@pytest.mark.django_db
def test_nobody_comes_before_the_doors_are_open_or_after_the_end() -> None:
    tuesday = circle()
    meeting, wren = actions.make_meeting(occurrence=tuesday.one, at=tuesday.at), tuesday.person()
    with pytest.raises(actions.NotOpen):
        actions.arrive(meeting=meeting, member=wren, at=tuesday.at)
    actions.open_doors(meeting=meeting, at=tuesday.at)
    assert actions.arrive(meeting=meeting, member=wren, at=tuesday.at)
    actions.close(meeting=meeting, by=tuesday.alder, at=tuesday.at)
    with pytest.raises(actions.NotOpen):
        actions.arrive(meeting=meeting, member=tuesday.person(), at=tuesday.at)
    assert state(wren, tuesday) is Door.OVER


# --- at once -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("entry", [Entry.OPEN, Entry.ASK])
def test_twenty_who_come_at_once_twice_each_are_all_there_each_once(entry: Entry) -> None:
    tuesday = circle(entry=entry)
    meeting = tuesday.opened()
    people = [tuesday.person() for _ in range(20)]

    def comes(person: Member) -> Callable[[], object]:
        return lambda: actions.arrive(meeting=meeting, member=person, at=tuesday.at)

    at_once([comes(person) for person in [*people, *people]])
    assert Arrival.objects.filter(meeting=meeting).count() == 20
    if entry == Entry.OPEN:
        assert inside(meeting) == {tuesday.alder, tuesday.fern, *people}
    else:
        assert {one.member for one in lobby_of(meeting)} == set(people)
        places = [meeting_for(person, tuesday.one.pk, tuesday.at).place_in_line for person in people]
        assert sorted(places) == list(range(1, 21))


@pytest.mark.django_db(transaction=True)
def test_two_who_let_in_at_once_let_everyone_in_once() -> None:
    tuesday = circle(entry=Entry.ASK)
    meeting = tuesday.opened()
    people = [tuesday.person() for _ in range(6)]
    for person in people:
        actions.arrive(meeting=meeting, member=person, at=tuesday.at)

    def lets_in(by: Member) -> Callable[[], object]:
        return lambda: actions.admit_all(meeting=meeting, by=by, at=tuesday.at)

    at_once([lets_in(tuesday.alder), lets_in(tuesday.fern)])
    assert lobby_of(meeting) == []
    assert inside(meeting) == {tuesday.alder, tuesday.fern, *people}


@pytest.mark.django_db(transaction=True)
def test_one_lets_in_while_another_turns_away_and_one_of_them_has_decided() -> None:
    tuesday = circle(entry=Entry.ASK)
    meeting, wren = tuesday.opened(), tuesday.person()
    actions.arrive(meeting=meeting, member=wren, at=tuesday.at)
    at_once(
        [
            lambda: actions.admit(meeting=meeting, member=wren, by=tuesday.alder, at=tuesday.at),
            lambda: actions.turn_away(meeting=meeting, member=wren, by=tuesday.fern, at=tuesday.at),
        ]
    )
    arrival = Arrival.objects.get(meeting=meeting, member=wren)
    assert (arrival.admitted_at is None) != (arrival.turned_away_at is None)
    assert (wren in inside(meeting)) == (arrival.admitted_at is not None)


@pytest.mark.django_db(transaction=True)
def test_a_meeting_that_two_make_and_open_at_once_is_one() -> None:
    tuesday = circle()
    at_once([tuesday.opened, tuesday.opened, tuesday.opened])
    [meeting] = Meeting.objects.all()
    assert meeting.opened_at == tuesday.at

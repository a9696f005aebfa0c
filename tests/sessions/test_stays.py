"""Who was in a meeting, and when: intervals that claim nothing nobody saw, one at a time for each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from community.members.models import Member
from sessions.rooms import stays
from sessions.rooms.models import Room, Stay
from tests.factories import MembershipFactory, RoomFactory
from tests.live_client import act, do
from tests.live_fixtures import SetClock

pytestmark = pytest.mark.django_db

NINE = datetime(2026, 3, 4, 21, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


@pytest.fixture
def meeting(room: Room) -> Room:
    room.attended = True
    room.save()
    return room


def see(room: Room, at: datetime, *members: Member) -> None:
    stays.witness({(member.pk, room.log_id) for member in members}, at)


def spans(room: Room, member: Member) -> list[tuple[float, float]]:
    """In seconds after nine."""
    return [
        ((begin - NINE).total_seconds(), (end - NINE).total_seconds())
        for begin, end in stays.spans(room, member)
    ]


def test_who_is_seen_again_and_again_stays(meeting: Room, wren: Member, juniper: Member) -> None:
    for seconds in (0, 15, 30, 120):
        see(meeting, after(seconds), wren)
    see(meeting, after(130), wren, juniper)
    assert spans(meeting, wren) == [(0, 130)]
    assert spans(meeting, juniper) == [(130, 130)]


def test_a_short_drop_is_part_of_the_stay_and_a_long_one_is_not(meeting: Room, wren: Member) -> None:
    """Whether or not a worker looked in between."""
    for seconds in (0, 15, 135, 256, 270):
        see(meeting, after(seconds), wren)
    assert spans(meeting, wren) == [(0, 135), (256, 270)]


def test_the_stay_of_someone_lost_ends_where_they_were_last_seen(
    meeting: Room, wren: Member, juniper: Member
) -> None:
    see(meeting, after(0), wren, juniper)
    see(meeting, after(40), wren, juniper)
    see(meeting, after(100), juniper)
    assert stays.close_lost_stays(after(160)) == 0
    assert stays.close_lost_stays(after(161)) == 1
    assert Stay.objects.get(member=wren).left_at == after(40)
    assert Stay.objects.get(member=juniper).left_at is None
    see(meeting, after(170), wren)
    assert spans(meeting, wren) == [(0, 40), (170, 170)]


def test_only_whoever_is_in_that_room_is_seen_there(meeting: Room, wren: Member, juniper: Member) -> None:
    """A process may have one of them open in one room, and another in another."""
    other = RoomFactory(attended=True, group=meeting.group)
    see(meeting, after(0), wren, juniper)
    see(other, after(0), wren)
    stays.witness({(wren.pk, meeting.log_id), (juniper.pk, other.log_id)}, after(30))
    assert [spans(room, one) for room in (meeting, other) for one in (wren, juniper)] == [
        [(0, 30)], [(0, 0)], [(0, 0)], [(30, 30)],
    ]  # fmt: skip


def test_rooms_without_meetings_keep_no_stays(room: Room, wren: Member) -> None:
    see(room, after(0), wren)
    stays.touch(room, wren, after(0))
    assert not Stay.objects.exists()


def test_before_it_opens_and_after_it_closes_nobody_attends(
    meeting: Room, wren: Member, alder: Member, set_clock: SetClock
) -> None:
    Room.objects.filter(pk=meeting.pk).update(phase="closed")
    meeting.refresh_from_db()
    see(meeting, set_clock.at, wren)
    stays.touch(meeting, wren, set_clock.at)
    assert not Stay.objects.exists()
    do(meeting, alder, act(meeting, "phase.set", None, "lobby"))
    see(meeting, set_clock.at, wren, alder)
    began = set_clock.at
    set_clock.forward(30)
    see(meeting, set_clock.at, alder)
    set_clock.forward(20)
    do(meeting, alder, act(meeting, "phase.set", None, "closed"))
    assert stays.spans(meeting, alder) == [(began, set_clock.at)]
    assert stays.spans(meeting, wren) == [(began, began)]
    assert not Stay.objects.filter(left_at=None).exists()
    see(meeting, set_clock.at, wren, alder)
    assert not Stay.objects.filter(left_at=None).exists()


def test_closing_one_room_leaves_the_stays_of_others(meeting: Room, wren: Member) -> None:
    other = RoomFactory(attended=True)
    for room in (meeting, other):
        see(room, after(0), wren)
    stays.close_stays(meeting, after(10))
    assert (spans(meeting, wren), spans(other, wren)) == ([(0, 10)], [(0, 0)])
    assert stays.seen_lately(other, after(10)) == {wren.pk}


def test_a_page_without_a_link_that_stays_open_counts_when_it_is_read(meeting: Room, wren: Member) -> None:
    for seconds in (0, 100, 200):
        stays.touch(meeting, wren, after(seconds))
    assert spans(meeting, wren) == [(0, 200)]
    stays.touch(meeting, wren, after(400))
    assert spans(meeting, wren) == [(0, 200), (400, 400)]


def test_who_leaves_has_left_and_may_come_again(meeting: Room, wren: Member, juniper: Member) -> None:
    see(meeting, after(0), wren, juniper)
    stays.leave(meeting, wren, after(20))
    assert stays.seen_lately(meeting, after(21)) == {juniper.pk}
    see(meeting, after(60), wren)
    stays.leave(meeting, wren, after(300))
    assert spans(meeting, wren) == [(0, 20), (60, 60)]


def test_a_clock_that_runs_behind_turns_nothing_back(meeting: Room, wren: Member) -> None:
    """Each process looks at its own."""
    see(meeting, after(10), wren)
    see(meeting, after(8), wren)
    stays.touch(meeting, wren, after(9))
    stays.leave(meeting, wren, after(7))
    assert spans(meeting, wren) == [(10, 10)]
    assert stays.seen_lately(meeting, after(10)) == set()


def test_seen_lately_is_who_is_here(meeting: Room, wren: Member, juniper: Member) -> None:
    see(meeting, after(0), wren)
    see(meeting, after(30), juniper)
    assert stays.seen_lately(meeting, after(45)) == {wren.pk, juniper.pk}
    assert stays.seen_lately(meeting, after(46)) == {juniper.pk}
    assert stays.seen_lately(meeting, after(46), seconds=120) == {wren.pk, juniper.pk}
    assert stays.seen_lately(RoomFactory(attended=True), after(30)) == set()


def test_a_round_costs_as_much_however_many_people_and_rooms(meeting: Room) -> None:
    def spent(pairs: set[tuple[int, int]], at: datetime) -> int:
        with CaptureQueriesContext(connection) as queries:
            stays.witness(pairs, at)
        asked = [one["sql"] for one in queries if "SAVEPOINT" not in one["sql"]]
        return len([sql for sql in asked if sql not in {"BEGIN", "COMMIT"}])

    rooms: list[Room] = [meeting, *(RoomFactory(attended=True) for _ in range(3))]
    people = [MembershipFactory(group=meeting.group).member for _ in range(30)]
    few = {(people[0].pk, meeting.log_id)}
    many = {(one.pk, room.log_id) for one in people for room in rooms}
    assert spent(few, after(0)) == spent(many - few, after(1)) == 2
    assert spent(few, after(15)) == spent(many, after(30)) == 3
    newcomer = MembershipFactory(group=meeting.group).member
    assert spent(many | {(newcomer.pk, meeting.log_id)}, after(45)) == 4
    assert spent({(people[0].pk, RoomFactory().log_id)}, after(45)) == 1
    assert Stay.objects.count() == 121


def test_reading_the_page_costs_two_queries_and_none_without_a_meeting(meeting: Room, wren: Member) -> None:
    stays.touch(meeting, wren, after(0))
    with CaptureQueriesContext(connection) as spent:
        stays.touch(RoomFactory.build(), wren, after(10))
    assert len(spent) == 0

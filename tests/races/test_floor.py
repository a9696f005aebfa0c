"""Two acts that compete for the floor of a meeting: the lock decides, and what comes second is judged by the first."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connections

from community.live.domain import Committed, Outcome, Unchanged
from community.live.writer import Writer
from community.members.models import Member
from sessions.rooms import stays
from sessions.rooms.jobs import hold_turns
from sessions.rooms.models import Hand, Room, Stay, Turn
from sessions.rooms.turns import GRACE
from tests.live_client import act, code_of, command, events, say, types
from tests.live_fixtures import WAIT, SetClock, SetHook, Stop
from tests.races.conftest import Pair
from tests.races.readers import about, passing
from tests.races.test_writers import await_a_waiting_lock


@pytest.fixture
def sharing(set_clock: SetClock, two_writers: Pair, room: Room, wren: Member, alder: Member) -> Room:
    """A round in a meeting; Wren has had the floor for a while, and has not been seen."""
    room.attended = True
    room.save()
    submit(two_writers[0], room, alder, act(room, "phase.set", None, "sharing")).result(WAIT)
    submit(two_writers[0], room, alder, act(room, "turn.grant", wren.public_id)).result(WAIT)
    set_clock.forward(GRACE.total_seconds())
    return room


@pytest.fixture
def beside() -> Iterator[ThreadPoolExecutor]:
    """Threads that leave no connection behind."""
    with ThreadPoolExecutor(4) as pool:
        yield pool


def submit(writer: Writer, room: Room, member: Member, frame: dict[str, Any]) -> Future[Outcome]:
    return writer.submit(command(room, member, frame))


def aside(function: Any, *args: Any) -> Any:
    try:
        return function(*args)
    finally:
        connections.close_all()


def of_type(name: str) -> Any:
    return lambda commands, **_: type(commands[0].act).__name__ == name


def floor(room: Room) -> tuple[int | None, list[int]]:
    turn = Turn.objects.filter(room=room).first()
    return turn.member_id if turn else None, list(
        Hand.objects.filter(room=room).values_list("member", flat=True)
    )


def test_a_call_that_waited_while_the_house_took_the_floor_ends_nobodys_turn_twice(
    two_writers: Pair,
    beside: ThreadPoolExecutor,
    set_clock: SetClock,
    sharing: Room,
    wren: Member,
    juniper: Member,
    alder: Member,
    failpoint: SetHook,
) -> None:
    held, begun = Stop(of_type("Away")), passing(of_type("GrantTurn"))
    failpoint("log.saved", held)
    failpoint("writer.beginning", begun)
    house = beside.submit(aside, hold_turns, set_clock.at)
    held.await_reached()
    call = submit(two_writers[0], sharing, alder, act(sharing, "turn.grant", juniper.public_id))
    begun.await_reached()
    await_a_waiting_lock()
    held.go.set()
    assert house.result(WAIT) == 1
    assert isinstance(call.result(WAIT), Committed)
    assert types(sharing)[2:] == ["turn.ended", "hand.raised", "turn.granted"]
    assert floor(sharing) == (juniper.pk, [wren.pk])


def test_the_house_that_waited_while_another_was_called_takes_nothing_from_them(
    two_writers: Pair,
    beside: ThreadPoolExecutor,
    set_clock: SetClock,
    sharing: Room,
    juniper: Member,
    alder: Member,
    failpoint: SetHook,
) -> None:
    held = Stop(of_type("GrantTurn"))
    failpoint("log.saved", held)
    call = submit(two_writers[0], sharing, alder, act(sharing, "turn.grant", juniper.public_id))
    held.await_reached()
    house = beside.submit(aside, hold_turns, set_clock.at)
    await_a_waiting_lock()
    held.go.set()
    assert isinstance(call.result(WAIT), Committed)
    assert house.result(WAIT) == 0
    assert types(sharing)[2:] == ["turn.ended", "turn.granted"]
    assert events(sharing)[2]["data"]["why"] == "chair"
    assert floor(sharing) == (juniper.pk, [])


def test_two_workers_that_find_the_same_turn_take_it_once(
    beside: ThreadPoolExecutor, set_clock: SetClock, sharing: Room, wren: Member
) -> None:
    together = threading.Barrier(2, timeout=WAIT)

    def meet() -> int:
        together.wait()
        return hold_turns(set_clock.at)

    taken = [beside.submit(aside, meet) for _ in range(2)]
    assert sorted(each.result(WAIT) for each in taken) == [0, 1]
    assert types(sharing)[2:] == ["turn.ended", "hand.raised"]
    assert floor(sharing) == (None, [wren.pk])


def test_a_message_that_waited_while_its_turn_was_ended_is_taken_from_one_device(
    two_writers: Pair, sharing: Room, wren: Member, alder: Member, failpoint: SetHook
) -> None:
    one, other = two_writers
    held, begun = Stop(of_type("EndTurn")), passing(about("from the phone"))
    failpoint("log.saved", held)
    failpoint("writer.beginning", begun)
    end = submit(one, sharing, alder, act(sharing, "turn.end"))
    held.await_reached()
    phone = submit(other, sharing, wren, say(sharing, "from the phone"))
    begun.await_reached()
    await_a_waiting_lock()
    held.go.set()
    assert isinstance(end.result(WAIT), Committed)
    assert isinstance(phone.result(WAIT), Committed)
    laptop = submit(one, sharing, wren, say(sharing, "from the laptop"))
    assert code_of(laptop.result(WAIT)) == "not_your_turn"
    assert types(sharing)[2:] == ["turn.ended", "message.posted"]


def test_two_devices_that_finish_at_once_get_one_message_in(
    two_writers: Pair, sharing: Room, wren: Member, alder: Member
) -> None:
    assert isinstance(
        submit(two_writers[0], sharing, alder, act(sharing, "turn.end")).result(WAIT), Committed
    )
    sent = [submit(writer, sharing, wren, say(sharing)) for writer in two_writers for _ in range(3)]
    codes = sorted(code_of(each.result(WAIT)) for each in sent)
    assert codes == ["", *["not_your_turn"] * 5]


def test_two_chairs_who_move_at_once_leave_one_line_that_everyone_was_told(
    two_writers: Pair, room: Room, wren: Member, juniper: Member, fern: Member, alder: Member
) -> None:
    for member in (wren, juniper, fern):
        submit(two_writers[0], room, member, act(room, "hand.raise")).result(WAIT)
    moves = [
        submit(two_writers[number % 2], room, alder, act(room, "hand.move", whom.public_id, to))
        for number, (whom, to) in enumerate(
            [(fern, "first"), (wren, "last"), (juniper, "first"), (fern, "later")]
        )
    ]
    assert {type(each.result(WAIT)) for each in moves} <= {Committed, Unchanged}
    told = [event["data"]["queue"] for event in events(room) if event["type"] == "hand.moved"]
    ids = {one.pk: one.public_id for one in (wren, juniper, fern)}
    assert [ids[pk] for pk in floor(room)[1]] == told[-1]


# --- stays -------------------------------------------------------------------------------------------------------

NINE = datetime(2026, 3, 4, 21, 0, tzinfo=UTC)


def test_processes_that_see_someone_come_at_once_begin_one_stay(
    transactional_db: None, apart: None, beside: ThreadPoolExecutor, room: Room, wren: Member, juniper: Member
) -> None:
    room.attended = True
    room.save()
    together = threading.Barrier(4, timeout=WAIT)

    def see(number: int) -> None:
        together.wait()
        stays.witness({(wren.pk, room.log_id), (juniper.pk, room.log_id)}, NINE)

    for seeing in [beside.submit(aside, see, number) for number in range(4)]:
        seeing.result(WAIT)
    assert Stay.objects.filter(left_at=None).count() == 2


def test_a_room_that_closes_while_processes_look_who_is_there_closes_its_stays(
    two_writers: Pair,
    beside: ThreadPoolExecutor,
    set_clock: SetClock,
    room: Room,
    wren: Member,
    alder: Member,
) -> None:
    """What a process that looked just before still wrote down ends where it was seen."""
    room.attended = True
    room.save()
    people = {(wren.pk, room.log_id), (alder.pk, room.log_id)}
    stays.witness(people, set_clock.at)
    together = threading.Barrier(3, timeout=WAIT)

    def see() -> None:
        together.wait()
        for second in range(1, 6):
            stays.witness(people, set_clock.at + timedelta(seconds=second))

    looking = [beside.submit(aside, see) for _ in range(2)]
    together.wait()
    closing = submit(two_writers[0], room, alder, act(room, "phase.set", None, "closed"))
    assert isinstance(closing.result(WAIT), Committed)
    for each in looking:
        each.result(WAIT)
    stays.close_lost_stays(set_clock.at + timedelta(seconds=200))
    assert not Stay.objects.filter(left_at=None).exists()
    latest = set_clock.at + timedelta(seconds=5)
    assert all(stay.left_at is not None and stay.left_at <= latest for stay in Stay.objects.all())

"""Readers that don't keep up: the window, the buffer, and the end of those who never take what they were given."""

from __future__ import annotations

import math

import pytest

from community.live import fanout
from community.live import feed as feeds
from community.live.connection import BUFFER_CAP
from community.live.hub import CONGESTION_SECONDS, SLOW_SECONDS, TICK_SECONDS, Hub
from community.members.models import Member
from sessions.rooms.models import Room
from tests.live_client import aside, say
from tests.live_fixtures import SetClock, SetHook
from tests.races.conftest import Read
from tests.races.readers import HandTime, RecordingPipe, fill_room, written

WINDOW = 32


@pytest.fixture(autouse=True)
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "WINDOW_EVENTS", WINDOW)
    monkeypatch.setattr(fanout, "WINDOW_EVENTS", WINDOW)


def ack(hub: Hub, pipe: RecordingPipe, room: Room, seq: int) -> None:
    hub.ack(pipe.connection.readers[room.slug], seq)


async def test_the_window_holds_one_reader_back_and_an_ack_lets_it_go_on(
    hub: Hub, room: Room, wren: Member, juniper: Member, read: Read
) -> None:
    slow, quick = await read(wren, room), await read(juniper, room)
    for number in range(WINDOW + 10):
        await written(room, wren, say(room, f"{number}"))
        await quick.until_seq(number + 1)
        ack(hub, quick, room, number + 1)
    assert slow.seqs == list(range(1, WINDOW + 1))
    ack(hub, slow, room, 12)
    await slow.until_seq(WINDOW + 10)
    assert slow.seqs == list(range(1, WINDOW + 11))


@pytest.mark.parametrize("how", ["live", "from the ring", "from the database"])
async def test_never_more_than_a_window_is_unacknowledged_however_large_the_batches_are(
    hub: Hub, room: Room, wren: Member, read: Read, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if how == "from the database":
        monkeypatch.setattr(feeds, "RING_EVENTS", 1)
    pipe = await read(wren, room, since=0) if how == "live" else RecordingPipe()
    for _ in range(4):
        await aside(fill_room, room, wren, WINDOW * 3 // 4)
    total = WINDOW * 3
    if how != "live":
        await read(wren, room, since=0, pipe=pipe)
    acked = 0
    while acked < total:
        await pipe.until(lambda: pipe.seqs[-1:] > [acked])  # noqa: B023 - read before it changes
        assert pipe.seqs[-1] - acked <= WINDOW
        acked = pipe.seqs[-1]
        ack(hub, pipe, room, acked)
    assert pipe.seqs == list(range(1, total + 1))


async def test_a_reader_that_owes_an_ack_for_thirty_seconds_is_ended_and_nobody_else(
    hub: Hub, room: Room, wren: Member, juniper: Member, read: Read, set_clock: SetClock
) -> None:
    slow, quick = await read(wren, room), await read(juniper, room)
    hub.end_slow_ones()
    set_clock.forward(600)
    hub.end_slow_ones()
    await written(room, wren, say(room))
    await slow.until_seq(1)
    await quick.until_seq(1)
    ack(hub, quick, room, 1)
    set_clock.forward(SLOW_SECONDS)
    hub.end_slow_ones()
    assert slow.closed is None
    set_clock.forward(0.1)
    hub.end_slow_ones()
    assert slow.frames[-1] == {"t": "gone", "code": "slow"}
    assert slow.closed == 4008
    assert (quick.closed, len(hub.connections)) == (None, 1)


async def test_a_reader_that_makes_some_progress_is_not_ended(
    hub: Hub, room: Room, wren: Member, read: Read, set_clock: SetClock
) -> None:
    pipe = await read(wren, room)
    await aside(fill_room, room, wren, 10)
    await pipe.until_seq(10)
    for seq in range(1, 8):
        set_clock.forward(SLOW_SECONDS - 5)
        ack(hub, pipe, room, seq)
        hub.end_slow_ones()
    assert pipe.closed is None
    set_clock.forward(SLOW_SECONDS + 1)
    hub.end_slow_ones()
    assert pipe.closed == 4008


async def test_an_ack_of_what_was_never_sent_and_one_that_goes_back_are_no_progress(
    hub: Hub, room: Room, wren: Member, read: Read, set_clock: SetClock
) -> None:
    pipe = await read(wren, room)
    await aside(fill_room, room, wren, 5)
    await pipe.until_seq(5)
    ack(hub, pipe, room, 3)
    hub.end_slow_ones()
    for seq in (1, 3, 2):
        set_clock.forward(12)
        ack(hub, pipe, room, seq)
        hub.end_slow_ones()
    assert pipe.closed == 4008
    other = await read(wren, room)
    await other.until_seq(5)
    ack(hub, other, room, 2**60)
    assert other.connection.readers[room.slug].acked == 5


async def test_the_tick_itself_ends_the_slow(
    hub: Hub, room: Room, wren: Member, read: Read, set_clock: SetClock, hand_time: HandTime
) -> None:
    pipe = await read(wren, room)
    await written(room, wren, say(room))
    await pipe.until_seq(1)
    set_clock.forward(SLOW_SECONDS + 1)
    await hand_time.forward(TICK_SECONDS)
    await pipe.until(lambda: pipe.closed == 4008)


# --- buffers -----------------------------------------------------------------------------------------------------


async def congest(pipe: RecordingPipe, room: Room, member: Member) -> None:
    """Let the network take nothing more from this reader."""
    pipe.stuck = BUFFER_CAP + 1
    await written(room, member, say(room, "into the buffer"))
    await pipe.until(lambda: pipe.connection.congested)


async def drained(pipe: RecordingPipe, hand_time: HandTime) -> None:
    pipe.stuck = 0
    await hand_time.forward(CONGESTION_SECONDS)
    assert not pipe.connection.congested


async def test_a_full_buffer_stops_both_ways_and_costs_the_others_nothing(
    hub: Hub, room: Room, wren: Member, juniper: Member, read: Read, hand_time: HandTime
) -> None:
    full, free = await read(wren, room), await read(juniper, room)
    await congest(full, room, juniper)
    assert full.paused
    await written(room, juniper, *(say(room, f"{number}") for number in range(5)))
    await free.until_seq(6)
    assert full.seqs == [1]
    await drained(full, hand_time)
    assert not full.paused
    await full.until_seq(6)
    assert full.seqs == free.seqs == [1, 2, 3, 4, 5, 6]


async def test_a_connection_whose_buffer_never_drains_is_ended_also_when_it_acks(
    hub: Hub, room: Room, wren: Member, juniper: Member, read: Read, set_clock: SetClock
) -> None:
    full, free = await read(wren, room), await read(juniper, room)
    await congest(full, room, juniper)
    ack(hub, full, room, 1)
    ack(hub, free, room, 1)
    hub.end_slow_ones()
    set_clock.forward(SLOW_SECONDS)
    hub.end_slow_ones()
    assert full.closed is None
    set_clock.forward(0.1)
    hub.end_slow_ones()
    assert full.closed == 4008
    assert free.closed is None


async def test_a_buffer_that_drained_in_between_begins_a_new_count(
    hub: Hub, room: Room, wren: Member, juniper: Member, read: Read, set_clock: SetClock, hand_time: HandTime
) -> None:
    pipe = await read(wren, room)
    for _ in range(3):
        await congest(pipe, room, juniper)
        hub.end_slow_ones()
        set_clock.forward(SLOW_SECONDS - 1)
        hub.end_slow_ones()
        ack(hub, pipe, room, math.floor(pipe.seqs[-1]))
        await drained(pipe, hand_time)
    assert pipe.closed is None


async def test_a_reader_that_acked_all_it_had_goes_on_though_far_more_than_its_window_passed_it_by(
    hub: Hub,
    room: Room,
    wren: Member,
    juniper: Member,
    read: Read,
    hand_time: HandTime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (feeds, fanout):
        monkeypatch.setattr(module, "WINDOW_BYTES", 4000)
    monkeypatch.setattr(feeds, "RING_BYTES", 3000)
    pipe = await read(wren, room)
    await congest(pipe, room, juniper)
    ack(hub, pipe, room, 1)
    for _ in range(10):
        await aside(fill_room, room, juniper, 10)
    await drained(pipe, hand_time)
    while pipe.seqs[-1] < 101:
        before = pipe.seqs[-1]
        await pipe.until(lambda: pipe.seqs[-1] > before)  # noqa: B023 - read before it changes
        ack(hub, pipe, room, pipe.seqs[-1])
    assert pipe.seqs == list(range(1, 102))


async def test_a_reader_behind_does_not_hold_up_another_one_behind(
    hub: Hub, room: Room, wren: Member, juniper: Member, read: Read, failpoint: SetHook
) -> None:
    await aside(fill_room, room, wren, WINDOW * 2)
    stuck, free = await read(wren, room, since=0), await read(juniper, room, since=0)
    await stuck.until(lambda: len(stuck.seqs) >= WINDOW)
    for seq in range(8, WINDOW * 2 + 1, 8):
        await free.until_seq(seq)
        ack(hub, free, room, seq)
    assert free.seqs == list(range(1, WINDOW * 2 + 1))
    assert stuck.seqs == list(range(1, WINDOW + 1))

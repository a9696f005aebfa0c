"""Flow control: who never acknowledges gets a window's worth and no more, while everyone else goes on."""

from __future__ import annotations

import pytest

from community.live import fanout as fanout_module
from community.live import feed as feed_module
from community.live.engine import Engine
from community.live.hub import SLOW_SECONDS
from community.members.models import Member
from sessions.rooms.models import Room
from tests.live_client import Closed, Enter, Talker, aside, say, slug_of, write
from tests.live_fixtures import SetClock

pytestmark = pytest.mark.django_db(transaction=True)

WINDOW = 8


@pytest.fixture(autouse=True)
def small_window(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (feed_module, fanout_module):
        monkeypatch.setattr(module, "WINDOW_EVENTS", WINDOW)


async def ack(talker: Talker, room: Room, seq: int) -> None:
    await talker.put({"t": "ack", "room": slug_of(room), "seq": seq})


async def heard(talker: Talker, seq: int) -> None:
    """Read on to this event, and then whatever else is on its way."""
    while seq not in talker.seqs():
        await talker.next()
    await talker.settle()


def pour(room: Room, member: Member, count: int, text: str = "drop") -> None:
    """One batch, as when many write at once."""
    write(room, *[(member, say(room, text)) for _ in range(count)])


async def test_who_never_acks_stops_at_the_window_and_goes_on_after_an_ack(
    enter: Enter, room: Room, wren: Member, juniper: Member
) -> None:
    silent, steady = await enter(wren, room), await enter(juniper, room)
    for number in range(1, 21):
        await aside(pour, room, juniper, 1)
        while number not in steady.seqs():
            await steady.next()
        await ack(steady, room, number)
    await silent.settle()
    assert silent.seqs() == list(range(1, WINDOW + 1))
    assert steady.seqs() == list(range(1, 21))
    await ack(silent, room, 5)
    await heard(silent, 5 + WINDOW)
    assert silent.seqs() == list(range(1, 5 + WINDOW + 1))
    await ack(silent, room, 13)
    await heard(silent, 20)
    assert silent.seqs() == list(range(1, 21))


async def test_a_batch_greater_than_what_is_left_of_the_window_does_not_overrun_it(
    enter: Enter, room: Room, wren: Member, juniper: Member
) -> None:
    silent = await enter(wren, room)
    await aside(pour, room, juniper, WINDOW - 1)
    await silent.settle()
    assert len(silent.seqs()) == WINDOW - 1
    await aside(pour, room, juniper, 20)
    await silent.settle()
    await silent.settle()
    assert silent.seqs() == list(range(1, WINDOW + 1))


async def test_catching_up_keeps_to_the_window_too(
    enter: Enter, room: Room, wren: Member, juniper: Member
) -> None:
    await aside(pour, room, juniper, 30)
    late = await enter(wren, room)
    await heard(late, WINDOW)
    assert late.seqs() == list(range(1, WINDOW + 1))
    for seq in (8, 16, 24):
        await ack(late, room, seq)
        await heard(late, min(seq + WINDOW, 30))
        assert late.seqs() == list(range(1, min(seq + WINDOW, 30) + 1))


async def test_an_ack_of_what_was_never_sent_opens_nothing(
    enter: Enter, room: Room, wren: Member, juniper: Member
) -> None:
    await aside(pour, room, juniper, 30)
    late = await enter(wren, room)
    await heard(late, WINDOW)
    await ack(late, room, 10_000)
    await heard(late, 2 * WINDOW)
    assert late.seqs() == list(range(1, 2 * WINDOW + 1))


async def test_bytes_fill_a_window_too(
    enter: Enter, room: Room, wren: Member, juniper: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (feed_module, fanout_module):
        monkeypatch.setattr(module, "WINDOW_EVENTS", 1000)
        monkeypatch.setattr(module, "WINDOW_BYTES", 10_000)
    silent, steady = await enter(wren, room), await enter(juniper, room)
    for number in range(1, 11):
        await aside(pour, room, juniper, 1, "x" * 1500)
        while number not in steady.seqs():
            await steady.next()
        await ack(steady, room, number)
    await silent.settle()
    assert 1 <= len(silent.seqs()) < 10
    assert steady.seqs() == list(range(1, 11))
    await ack(silent, room, len(silent.seqs()))
    await heard(silent, 10)


async def test_who_owes_an_ack_for_half_a_minute_is_sent_away_as_slow(
    enter: Enter, live: Engine, room: Room, wren: Member, juniper: Member, set_clock: SetClock
) -> None:
    silent, steady, idle = await enter(wren, room), await enter(juniper, room), await enter(wren)
    live.hub.end_slow_ones()
    await aside(pour, room, juniper, 3)
    for waited in (0, SLOW_SECONDS):
        set_clock.forward(waited)
        await steady.settle()
        await ack(steady, room, 3)
        await steady.settle()
        live.hub.end_slow_ones()
        assert all(frame["t"] != "gone" for frame in await silent.settle())
    set_clock.forward(1)
    live.hub.end_slow_ones()
    assert await silent.until("gone") == {"t": "gone", "code": "slow"}
    with pytest.raises(Closed, match="4008"):
        await silent.next()
    for other in (steady, idle):
        assert all(frame["t"] != "gone" for frame in await other.settle())


async def test_whoever_acks_a_little_at_a_time_is_not_slow(
    enter: Enter, live: Engine, room: Room, wren: Member, juniper: Member, set_clock: SetClock
) -> None:
    slowly = await enter(wren, room)
    await aside(pour, room, juniper, 5)
    for seq in range(1, 5):
        await slowly.settle()
        await ack(slowly, room, seq)
        await slowly.settle()
        set_clock.forward(SLOW_SECONDS - 1)
        live.hub.end_slow_ones()
    assert all(frame["t"] != "gone" for frame in await slowly.settle())

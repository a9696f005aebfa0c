"""What a reader gets when commits, reads and subscriptions cross: everything, once, in order, in its current form."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from community.live import feed as feeds
from community.live import log, retention
from community.live.clock import clock
from community.live.domain import Committed
from community.live.fanout import GAP_SECONDS
from community.live.feed import CHUNK_EVENTS
from community.live.hub import TICK_SECONDS, TICK_SECONDS_WITHOUT_BUS, Hub
from community.live.log import Commit
from community.members.models import Member
from sessions.rooms.models import Room
from tests.live_client import Enter, act, aside, command, say
from tests.live_fixtures import SetClock, SetHook
from tests.races.conftest import Read
from tests.races.readers import Halt, HandTime, Held, RecordingPipe, SlowRead, fill_room, patiently, written

# --- publishing --------------------------------------------------------------------------------------------------


async def test_what_is_rolled_back_is_never_published(hub: Hub, room: Room, wren: Member, read: Read) -> None:
    def change_ones_mind() -> None:
        with transaction.atomic():
            assert log.append([command(room, wren, say(room, "never said"))]) == [Committed(1)]
            transaction.set_rollback(True)

    pipe = await read(wren, room)
    await aside(change_ones_mind)
    await written(room, wren, say(room, "said"))
    await pipe.until_seq(1)
    assert [event["data"]["text"] for event in pipe.events] == ["said"]


async def test_nothing_is_seen_before_the_commit(
    hub: Hub, room: Room, wren: Member, read: Read, failpoint: SetHook
) -> None:
    pipe = await read(wren, room)
    seen_before: list[list[int]] = []
    failpoint("log.saved", lambda commands: seen_before.append(pipe.seqs))
    await written(room, wren, say(room))
    await pipe.until_seq(1)
    assert seen_before == [[]]


# --- subscribing -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("someone_reads", [True, False], ids=["while another reads", "as the first to read"])
async def test_a_commit_between_reading_the_head_and_attaching_is_not_missed(
    enter: Enter, room: Room, wren: Member, juniper: Member, failpoint: SetHook, someone_reads: bool
) -> None:
    if someone_reads:
        await enter(juniper, room)
    talker = await enter(wren)
    between = Halt()
    failpoint("socket.entered", between.hook)
    asking = asyncio.create_task(talker.sub(room))
    await patiently(between.reached.wait())
    await written(room, juniper, say(room, "in between"))
    between.go.set()
    assert (await asking)["head"] == 0
    async with asyncio.timeout(TICK_SECONDS / 2):  # at once, and not by the next comparison of heads
        await talker.event("message.posted", text="in between")
    assert talker.seqs() == [1]


async def test_a_commit_that_the_new_readers_head_holds_already_is_not_repeated_to_it(
    room: Room, wren: Member, juniper: Member, read: Read, withheld: Held
) -> None:
    old = await read(juniper, room)
    await written(room, juniper, say(room, "known to the database"))
    new = await read(wren, room, since=1)
    withheld.deliver()
    await written(room, juniper, say(room, "later"))
    withheld.deliver()
    await old.until_seq(2)
    await new.until_seq(2)
    assert old.seqs == [1, 2]
    assert new.seqs == [2]


async def test_a_commit_that_a_reader_found_in_the_database_is_not_repeated_when_it_is_published(
    room: Room, wren: Member, juniper: Member, read: Read, withheld: Held
) -> None:
    await written(room, juniper, say(room, "first"))
    withheld.deliver()
    old = await read(juniper, room)
    await written(room, juniper, say(room, "second"))
    new = await read(wren, room, since=0)
    await new.until_seq(2)
    withheld.deliver()
    await written(room, juniper, say(room, "third"))
    withheld.deliver()
    await old.until_seq(3)
    await new.until_seq(3)
    assert new.seqs == [1, 2, 3]
    assert old.seqs[-2:] == [2, 3]


async def test_subscribing_again_moves_the_cursor_and_leaves_one_reader(
    room: Room, wren: Member, enter: Enter
) -> None:
    await aside(fill_room, room, wren, 3)
    talker = await enter(wren)
    assert (await talker.sub(room))["mode"] == "reset"
    epoch = (await talker.sub(room))["epoch"]
    await talker.settle()
    again = await talker.sub(room, epoch=epoch, since=2)
    assert (again["mode"], again["since"]) == ("resume", 2)
    heard = len(talker.seqs())
    await talker.ask(say(room, "once"))
    await talker.event("message.posted", text="once")
    await talker.settle()
    assert talker.seqs()[heard:] in ([3, 4], [4])
    assert talker.seqs().count(4) == 1


# --- lost and overtaken ------------------------------------------------------------------------------------------


async def test_a_lost_publication_is_found_by_the_ticks_comparison_of_heads(
    room: Room, wren: Member, read: Read, withheld: Held, hand_time: HandTime
) -> None:
    pipe = await read(wren, room)
    await written(room, wren, say(room, "unheard"))
    withheld.drop()
    await hand_time.forward(TICK_SECONDS - 0.1)
    assert pipe.seqs == []
    await hand_time.forward(0.1)
    await pipe.until_seq(1)
    assert pipe.seqs == [1]


async def test_while_the_bus_is_down_heads_are_compared_at_once_and_every_second(
    hub: Hub,
    room: Room,
    wren: Member,
    read: Read,
    withheld: Held,
    hand_time: HandTime,
    failpoint: SetHook,
) -> None:
    ticked: asyncio.Queue[None] = asyncio.Queue()
    failpoint("hub.ticked", lambda: ticked.put_nowait(None))
    pipe = await read(wren, room)
    await written(room, wren, say(room))
    withheld.drop()
    hub.announce_bus(ok=False)
    assert pipe.of("status") == [{"t": "status", "bus": "degraded", "presence": "degraded"}]
    await patiently(ticked.get())
    await pipe.until_seq(1)
    for seq in (2, 3):
        await written(room, wren, say(room))
        withheld.drop()
        await hand_time.forward(TICK_SECONDS_WITHOUT_BUS)
        await patiently(ticked.get())
        await pipe.until_seq(seq)
    hub.announce_bus(ok=True)
    assert [frame["bus"] for frame in pipe.of("status")] == ["degraded", "ok"]
    assert pipe.seqs == [1, 2, 3]


async def test_an_event_that_overtook_another_waits_for_it(
    hub: Hub, room: Room, wren: Member, juniper: Member, read: Read, withheld: Held
) -> None:
    pipe = await read(wren, room)
    await written(room, juniper, say(room, "one"), say(room, "two"), say(room, "three"))
    withheld.deliver(2)
    withheld.deliver(1)
    assert pipe.seqs == []
    withheld.deliver()
    assert pipe.seqs == [1, 2, 3]
    assert hub.feeds[room.log_id].pending == {}
    assert hub.feeds[room.log_id].gap_timer is None


async def test_a_gap_is_filled_from_the_database_after_a_tenth_of_a_second(
    hub: Hub,
    room: Room,
    wren: Member,
    juniper: Member,
    read: Read,
    withheld: Held,
    hand_time: HandTime,
    failpoint: SetHook,
) -> None:
    fills: list[int] = []
    failpoint("hub.filling", lambda feed: fills.append(feed.head))
    pipe = await read(wren, room)
    fills.clear()
    await written(room, juniper, say(room, "one"), say(room, "two"), say(room, "three"))
    withheld.deliver(2)
    await hand_time.forward(GAP_SECONDS - 0.01)
    assert (pipe.seqs, fills) == ([], [])
    await hand_time.forward(0.01)
    await pipe.until_seq(3)
    assert pipe.seqs == [1, 2, 3]
    assert fills == [0]
    withheld.deliver()
    withheld.deliver()
    assert pipe.seqs == [1, 2, 3]
    assert hub.feeds[room.log_id].pending == {}


async def test_a_gap_is_filled_by_one_read_however_many_events_wait_behind_it(
    hub: Hub, room: Room, wren: Member, read: Read, withheld: Held, hand_time: HandTime, failpoint: SetHook
) -> None:
    pipe = await read(wren, room)
    filling = Halt()
    failpoint("hub.filling", filling.hook)
    await written(room, wren, *(say(room, f"{number}") for number in range(5)))
    withheld.drop()
    withheld.deliver(3)
    await hand_time.forward(GAP_SECONDS)
    await patiently(filling.reached.wait())
    withheld.deliver()
    withheld.deliver()
    await hand_time.forward(GAP_SECONDS)
    filling.go.set()
    await pipe.until_seq(5)
    assert pipe.seqs == [1, 2, 3, 4, 5]
    assert filling.times == 1


async def test_a_batch_that_was_half_known_is_applied_from_where_the_reader_stands(
    hub: Hub, room: Room, wren: Member, read: Read, withheld: Held
) -> None:
    pipe = await read(wren, room)
    await aside(fill_room, room, wren, 3)
    await written(room, wren, say(room, "fourth"))
    whole, fourth = withheld.commits
    hub.take([Commit(room.log_id, 1, whole.payloads[:2])])
    hub.take([whole, whole, fourth, fourth])
    assert pipe.seqs == [1, 2, 3, 4]


async def test_a_process_that_slept_through_more_than_a_chunk_reads_on_from_the_database(
    hub: Hub, room: Room, wren: Member, read: Read, withheld: Held
) -> None:
    pipe = await read(wren, room)
    count = CHUNK_EVENTS * 2 + 7
    await aside(fill_room, room, wren, count)
    withheld.drop()
    await hub.compare_heads()
    await pipe.until_seq(count)
    await written(room, wren, say(room, "and on"))
    withheld.deliver()
    await pipe.until_seq(count + 1)
    assert pipe.seqs == list(range(1, count + 2))


# --- hiding and replaying ----------------------------------------------------------------------------------------


def applied(pipe: RecordingPipe) -> dict[int, dict[str, Any]]:
    """What a client shows that applies each event in order: seq -> data of its messages."""
    shown: dict[int, dict[str, Any]] = {}
    for each in pipe.events:
        if each["type"] == "message.posted":
            shown[each["seq"]] = each["data"]
        elif each["type"] == "message.hidden" and each["data"]["seq"] in shown:
            shown[each["data"]["seq"]] = {"hidden": True}
    return shown


@pytest.fixture
def slow_read(monkeypatch: pytest.MonkeyPatch) -> SlowRead:
    return SlowRead(monkeypatch)


@pytest.mark.parametrize("someone_reads", [True, False], ids=["with a ring", "without a ring"])
async def test_a_hide_that_commits_while_a_reader_catches_up_leaves_no_words_behind(
    room: Room,
    wren: Member,
    juniper: Member,
    fern: Member,
    read: Read,
    slow_read: SlowRead,
    someone_reads: bool,
) -> None:
    if someone_reads:
        old = await read(juniper, room)
    await written(room, wren, say(room, "before"), say(room, "a name that should not be here"))
    if someone_reads:
        await old.until_seq(2)
    slow_read.holding = True
    pipe = await read(juniper, room, since=0)
    if not someone_reads:
        await patiently(slow_read.read.wait())
    await written(room, fern, act(room, "message.hide", 2, "named someone"))
    slow_read.go.set()
    await pipe.until_seq(3)
    assert pipe.seqs == [1, 2, 3]
    assert applied(pipe)[2].get("hidden") is True
    assert applied(pipe)[1]["text"] == "before"
    late = await read(wren, room, since=0)
    await late.until_seq(3)
    assert "a name" not in str(late.frames)


async def test_a_hide_while_a_gap_is_filled_leaves_no_words_in_the_ring(
    hub: Hub, room: Room, wren: Member, fern: Member, read: Read, withheld: Held, slow_read: SlowRead
) -> None:
    pipe = await read(wren, room)
    await written(room, wren, say(room, "a name that should not be here"))
    withheld.drop()
    slow_read.holding = True
    await hub.compare_heads()
    await patiently(slow_read.read.wait())
    await written(room, fern, act(room, "message.hide", 1, ""))
    withheld.deliver()
    slow_read.go.set()
    await pipe.until_seq(2)
    assert applied(pipe)[1].get("hidden") is True
    late = await read(fern, room, since=0)
    await late.until_seq(2)
    assert late.seqs == [1, 2]
    assert "a name" not in str(late.frames)


async def test_a_missed_hide_is_not_outlived_by_the_words_in_the_ring(
    hub: Hub, room: Room, wren: Member, fern: Member, read: Read, withheld: Held
) -> None:
    pipe = await read(wren, room)
    await written(room, wren, say(room, "a name that should not be here"))
    withheld.deliver()
    await pipe.until_seq(1)
    await written(room, fern, act(room, "message.hide", 1, ""))
    withheld.drop()
    await hub.compare_heads()
    await pipe.until_seq(2)
    late = await read(fern, room, since=0)
    await late.until_seq(2)
    assert "a name" not in str(late.frames)


# --- the ring, purges and epochs ---------------------------------------------------------------------------------


async def test_the_ring_forgets_and_who_stands_below_it_reads_the_same_bytes_from_the_database(
    hub: Hub, room: Room, wren: Member, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "RING_EVENTS", 10)
    pipe = await read(wren, room)
    for _ in range(4):
        await aside(fill_room, room, wren, 10)
    await pipe.until_seq(40)
    assert [entry.seq for entry in hub.feeds[room.log_id].ring] == list(range(31, 41))
    late = await read(wren, room, since=0)
    await late.until_seq(40)
    assert late.seqs == list(range(1, 41))
    assert late.events == pipe.events


async def test_the_rings_bytes_are_bounded(
    hub: Hub, room: Room, wren: Member, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "RING_BYTES", 5000)
    pipe = await read(wren, room)
    await written(room, wren, *(say(room, "x" * 900) for _ in range(12)))
    await pipe.until_seq(12)
    feed = hub.feeds[room.log_id]
    assert 0 < feed.ring_bytes == sum(len(entry.payload) for entry in feed.ring) <= 5000


async def test_a_purge_raises_min_seq_drops_the_ring_and_skips_those_who_stood_below(
    hub: Hub, room: Room, wren: Member, read: Read, set_clock: SetClock
) -> None:
    pipe = await read(wren, room)
    await aside(fill_room, room, wren, 5)
    await pipe.until_seq(5)
    set_clock.forward(3600)
    await aside(fill_room, room, wren, 3)
    await pipe.until_seq(8)
    behind = await read(wren, room, since=8)
    assert await aside(retention.purge, room.log_id, clock.now() - timedelta(minutes=30)) == 5
    await pipe.until(lambda: hub.feeds[room.log_id].min_seq == 6)
    assert [entry.seq for entry in hub.feeds[room.log_id].ring] == [6, 7, 8]
    hub.attach(
        behind.connection, behind.connection.readers[room.slug].opened, await aside(log.head, room.log_id), 2
    )
    await behind.until_seq(8)
    assert behind.of("skip") == [{"t": "skip", "room": room.slug, "to": 5}]
    assert behind.seqs == [6, 7, 8]


async def test_a_reader_whose_whole_rest_was_purged_is_skipped_to_the_head_and_reads_on(
    hub: Hub, room: Room, wren: Member, read: Read, set_clock: SetClock
) -> None:
    await aside(fill_room, room, wren, 5)
    pipe = await read(wren, room, since=5)
    assert await aside(retention.purge, room.log_id, clock.now() + timedelta(minutes=1)) == 5
    hub.attach(
        pipe.connection, pipe.connection.readers[room.slug].opened, await aside(log.head, room.log_id), 1
    )
    await pipe.until(lambda: bool(pipe.of("skip")))
    assert pipe.of("skip") == [{"t": "skip", "room": room.slug, "to": 5}]
    await written(room, wren, say(room, "after"))
    await pipe.until_seq(6)
    assert pipe.seqs == [6]


async def test_below_min_seq_beyond_the_head_and_with_another_epoch_it_is_a_reset(
    room: Room, wren: Member, enter: Enter, set_clock: SetClock
) -> None:
    await aside(fill_room, room, wren, 5)
    await aside(set_clock.forward, 3600)
    await aside(fill_room, room, wren, 5)
    await aside(retention.purge, room.log_id, clock.now() - timedelta(minutes=30))
    talker = await enter(wren)
    epoch = (await talker.sub(room))["epoch"]

    async def how(**where: Any) -> tuple[str, int]:
        answer = await talker.sub(room, **where)
        return answer["mode"], answer["since"]

    assert await how(epoch=epoch, since=5) == ("resume", 5)
    assert await how(epoch=epoch, since=10) == ("resume", 10)
    assert await how(epoch=epoch, since=4) == ("reset", 5)
    assert await how(epoch=epoch, since=11) == ("reset", 5)
    assert await how(epoch="11111111-1111-1111-1111-111111111111", since=7) == ("reset", 5)


async def test_when_epochs_were_rotated_every_reader_is_sent_back_by_the_tick(
    hub: Hub, room: Room, wren: Member, juniper: Member, read: Read, hand_time: HandTime
) -> None:
    pipes = [await read(wren, room), await read(juniper, room)]
    assert await aside(retention.rotate_epochs) == 1
    await hand_time.forward(TICK_SECONDS)
    for pipe in pipes:
        await pipe.until(lambda pipe=pipe: pipe.closed is not None)  # type: ignore[misc]
        [gone] = pipe.of("gone")
        assert gone["code"] == "restart"
        assert 200 <= gone["retry_ms"] <= 2000
        assert pipe.closed == 4012
    assert hub.feeds == {}


async def test_when_someone_comes_after_a_rotation_the_readers_from_before_are_sent_back(
    hub: Hub, room: Room, wren: Member, juniper: Member, read: Read
) -> None:
    await aside(fill_room, room, wren, 3)
    old = await read(wren, room)
    await old.until_seq(3)
    await aside(retention.rotate_epochs)
    new = await read(juniper, room)
    await new.until_seq(3)
    await old.until(lambda: old.closed is not None)
    assert old.closed == 4012
    assert new.closed is None
    await written(room, wren, say(room, "of the new epoch"))
    await new.until_seq(4)
    assert new.seqs == [1, 2, 3, 4]
    assert old.seqs == [1, 2, 3]

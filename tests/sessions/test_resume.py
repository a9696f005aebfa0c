"""Coming back: whatever a client has, it goes on from there or is told to begin anew; nothing twice, nothing missed."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from community.live.engine import Engine
from community.live.feed import Feed
from community.live.models import Log
from community.members.models import Member
from sessions.rooms.domain import Rooms
from sessions.rooms.models import Room
from tests.live_client import Enter, act, aside, do, events, key, say, write

pytestmark = pytest.mark.django_db(transaction=True)


def fill(room: Room, member: Member, count: int) -> None:
    for start in range(0, count, 100):
        write(room, *[(member, say(room, f"{number}")) for number in range(start, min(start + 100, count))])


async def test_a_first_sub_begins_at_the_fiftieth_last_message(
    enter: Enter, room: Room, wren: Member
) -> None:
    await aside(fill, room, wren, 60)
    talker = await enter(wren)
    subd = await talker.sub(room)
    assert (subd["mode"], subd["head"], subd["since"], subd["min_seq"]) == ("reset", 60, 10, 1)
    await talker.event("message.posted", text="59")
    assert talker.seqs() == list(range(11, 61))


async def test_whoever_comes_back_gets_just_what_they_missed(
    enter: Enter, room: Room, wren: Member, juniper: Member
) -> None:
    hers, his = await enter(wren), await enter(juniper, room)
    epoch = (await hers.sub(room))["epoch"]
    await hers.ask(say(room, "heard"))
    await hers.event("message.posted", text="heard")
    await hers.close()
    for number in range(3):
        await his.ask(say(room, f"missed {number}"))
    again = await enter(wren)
    subd = await again.sub(room, epoch=epoch, since=1)
    assert (subd["mode"], subd["since"], subd["head"]) == ("resume", 1, 4)
    await his.ask(say(room, "new"))
    await again.event("message.posted", text="new")
    assert again.seqs() == [2, 3, 4, 5]


async def test_events_come_back_byte_for_byte_from_ring_and_database(
    enter: Enter, live: Engine, room: Room, wren: Member, juniper: Member
) -> None:
    first = await enter(wren, room)
    for number in range(5):
        await first.ask(say(room, f"Grüße {number}"))
    await first.settle()
    from_ring = await enter(juniper)
    await from_ring.sub(room, epoch=str(live.hub.feeds[room.log_id].epoch), since=0)
    await from_ring.settle()
    live.hub.feeds[room.log_id].restart(5)
    from_database = await enter(juniper)
    await from_database.sub(room, epoch=str(live.hub.feeds[room.log_id].epoch), since=0)
    await from_database.event("message.posted", text="Grüße 4")
    stored = await aside(events, room)
    for talker in (first, from_ring, from_database):
        assert [{name: found[name] for name in stored[0]} for found in talker.events()] == stored


@pytest.mark.parametrize(
    ("since", "mode"),
    [(0, "reset"), (3, "reset"), (4, "resume"), (7, "resume"), (9, "resume"), (10, "resume"), (11, "reset")],
)
async def test_any_place_that_still_stands_resumes_and_any_other_is_a_reset(
    enter: Enter, room: Room, wren: Member, since: int, mode: str
) -> None:
    await aside(fill, room, wren, 10)
    await aside(Log.objects.filter(pk=room.log_id).update, min_seq=5)
    talker = await enter(wren)
    epoch = str((await aside(Log.objects.get, pk=room.log_id)).epoch)
    subd = await talker.sub(room, epoch=epoch, since=since)
    assert subd["mode"] == mode
    assert subd["since"] == (since if mode == "resume" else 4)
    assert subd["min_seq"] == 5


@pytest.mark.parametrize(
    "where", [{"epoch": str(uuid.uuid4()), "since": 2}, {"epoch": "x", "since": 2}, {"since": 2}]
)
async def test_another_epoch_or_none_is_a_reset(
    enter: Enter, room: Room, wren: Member, where: dict[str, Any]
) -> None:
    await aside(fill, room, wren, 3)
    talker = await enter(wren)
    control = await talker.sub(room)
    assert (await talker.sub(room, epoch=control["epoch"], since=2))["mode"] == "resume"
    assert (await talker.sub(room, **where))["mode"] == "reset"
    assert (await talker.sub(room, epoch=control["epoch"].upper(), since=3))["mode"] == "resume"


async def test_a_second_sub_moves_the_cursor(enter: Enter, room: Room, wren: Member) -> None:
    await aside(fill, room, wren, 5)
    talker = await enter(wren)
    epoch = (await talker.sub(room))["epoch"]
    await talker.event("message.posted", text="4")
    start = len(talker.heard)
    await talker.sub(room, epoch=epoch, since=3)
    await talker.ask(say(room, "new"))
    await talker.event("message.posted", text="new")
    assert [found["seq"] for frame in talker.heard[start:] for found in frame.get("ev", [frame]) if "seq" in found
            and found.get("type")] == [4, 5, 6]  # fmt: skip


async def test_a_long_way_back_comes_in_order_and_whole(enter: Enter, room: Room, wren: Member) -> None:
    await aside(fill, room, wren, 900)
    talker = await enter(wren)
    epoch = str((await aside(Log.objects.get, pk=room.log_id)).epoch)
    await talker.sub(room, epoch=epoch, since=0)
    await talker.event("message.posted", text="899")
    assert talker.seqs() == list(range(1, 901))


async def test_what_was_hidden_meanwhile_comes_back_without_a_word(
    enter: Enter, live: Engine, room: Room, wren: Member, fern: Member
) -> None:
    reader, mods = await enter(wren, room), await enter(fern, room)
    await reader.ask(say(room, "a secret"))
    await reader.ask(act(room, "message.edit", 1, "a secret told twice"))
    await mods.ask(act(room, "message.hide", 1))
    ring = live.hub.feeds[room.log_id].ring
    assert "secret" not in " ".join(entry.payload for entry in ring)
    again = await enter(wren)
    await again.sub(room, epoch=str(live.hub.feeds[room.log_id].epoch), since=0)
    await again.event("message.hidden")
    assert "secret" not in str(again.heard)
    assert [found["data"].get("hidden") for found in again.events()] == [True, True, None]


async def test_a_reader_up_to_date_hears_a_hiding_as_an_event(
    enter: Enter, room: Room, wren: Member, fern: Member
) -> None:
    reader, mods = await enter(wren, room), await enter(fern, room)
    await reader.ask(say(room, "a secret"))
    await mods.ask(act(room, "message.hide", 1, "Names a person"))
    hidden = await reader.event("message.hidden")
    assert (hidden["seq"], hidden["data"]) == (2, {"seq": 1, "why": "moderator", "reason": "Names a person"})


async def test_the_state_is_as_of_head_and_what_follows_brings_it_on(
    enter: Enter, room: Room, wren: Member, juniper: Member
) -> None:
    hers, his = await enter(wren, room), await enter(juniper)
    await hers.ask(act(room, "hand.raise"))
    subd = await his.sub(room)
    assert (subd["head"], subd["state"]["queue"]) == (1, [wren.public_id])
    await hers.ask(act(room, "hand.lower"))
    assert (await his.event("hand.lowered"))["seq"] == 2


async def test_a_state_read_while_others_act_belongs_to_its_head(
    enter: Enter, room: Room, wren: Member, juniper: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, times = Rooms.state, iter(range(2))

    def interrupted(self: Rooms, log_id: int, member: Member) -> dict[str, Any]:
        state = real(self, log_id, member)
        if next(times, None) is not None:
            do(room, juniper, act(room, "hand.raise", key=key()))
            do(room, juniper, act(room, "hand.lower", key=key()))
            do(room, juniper, act(room, "hand.raise", key=key()))
        return state

    monkeypatch.setattr(Rooms, "state", interrupted)
    talker = await enter(wren)
    subd = await talker.sub(room)
    raised = [found for found in await aside(events, room) if found["seq"] <= subd["head"]]
    assert (raised[-1]["type"] == "hand.raised") == (subd["state"]["queue"] == [juniper.public_id])
    assert subd["head"] == len(await aside(events, room))


async def test_a_reader_ahead_of_this_process_is_not_served_what_it_has(
    enter: Enter, live: Engine, room: Room, wren: Member, juniper: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It came from another process, whose publication has not arrived here yet."""
    his = await enter(juniper, room)
    feed: Feed = live.hub.feeds[room.log_id]
    if feed.filling is not None:
        await feed.filling
    taken: list[Any] = []
    monkeypatch.setattr(live.hub, "take", taken.extend)
    monkeypatch.setattr(live.hub, "fill", lambda feed: None)
    for number in range(3):
        await aside(do, room, juniper, say(room, f"{number}"))
    await his.settle()
    hers = await enter(wren)
    subd = await hers.sub(room, epoch=str(feed.epoch), since=2)
    assert (subd["mode"], subd["since"], subd["head"], feed.head) == ("resume", 2, 3, 0)
    monkeypatch.undo()
    live.hub.take(taken)
    await hers.event("message.posted", text="2")
    await his.event("message.posted", text="2")
    assert his.seqs() == [1, 2, 3]
    assert hers.seqs() == [3]

"""Stays as the engine sees them: sockets, streams and polls of this process, by the room's own clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from channels.testing import HttpCommunicator
from django.db import DatabaseError

from community.config.asgi import application
from community.live import domain, witness
from community.live.engine import Engine
from community.live.witness import Pair
from community.members.models import Member
from sessions.rooms import stays
from sessions.rooms.models import Room, Stay
from tests.factories import RoomFactory
from tests.live_client import PATIENCE, Enter, Talker, aside, do, say, sign_in
from tests.live_fixtures import SetClock, SetHook, on_this_database
from tests.sites import Site

pytestmark = pytest.mark.django_db(transaction=True)

Told = Callable[[], Awaitable[set[Pair]]]


@pytest.fixture
def meeting(room: Room) -> Room:
    room.attended = True
    room.save()
    return room


@pytest.fixture(autouse=True)
def no_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a slow day the engine's own would come in between."""
    monkeypatch.setattr(witness, "ROUND_SECONDS", 1e6)


@pytest.fixture
def told(failpoint: SetHook, monkeypatch: pytest.MonkeyPatch) -> Told:
    """`await told()`: whom the engine told next."""
    monkeypatch.setattr(witness, "GATHER_SECONDS", 0)
    heard: asyncio.Queue[set[Pair]] = asyncio.Queue()
    failpoint("witness.told", lambda pairs, **_: heard.put_nowait(pairs))

    async def told() -> set[Pair]:
        async with asyncio.timeout(PATIENCE):
            return await heard.get()

    return told


async def spans(room: Room, member: Member) -> list[tuple[datetime, datetime]]:
    return await aside(stays.spans, room, member)


async def test_a_stay_begins_with_a_socket_and_is_seen_at_its_end(
    set_clock: SetClock, told: Told, enter: Enter, meeting: Room, wren: Member
) -> None:
    began = set_clock.at
    hers = await enter(wren, meeting)
    assert await told() == {(wren.pk, meeting.log_id)}
    assert await spans(meeting, wren) == [(began, began)]
    set_clock.forward(70)
    await hers.close()
    assert await told() == {(wren.pk, meeting.log_id)}
    assert await spans(meeting, wren) == [(began, began + timedelta(seconds=70))]


async def test_several_devices_are_one_stay(
    set_clock: SetClock, told: Told, enter: Enter, live: Engine, meeting: Room, wren: Member
) -> None:
    began = set_clock.at
    phone = await enter(wren, meeting)
    await told()
    set_clock.forward(10)
    laptop = await enter(wren, meeting)
    await told()
    set_clock.forward(10)
    await phone.close()
    await told()
    set_clock.forward(30)
    await live.witness.tell(live.witness.present())
    assert await spans(meeting, wren) == [(began, began + timedelta(seconds=50))]
    await laptop.close()


async def test_each_round_tells_whoever_has_a_meeting_open(
    told: Told, enter: Enter, live: Engine, meeting: Room, wren: Member, juniper: Member
) -> None:
    other = await aside(RoomFactory, group=meeting.group)
    await enter(wren, meeting, other)
    await told()
    await enter(juniper, other)
    await enter(juniper, meeting)
    await told()
    here = {(wren.pk, meeting.log_id), (juniper.pk, meeting.log_id)}
    assert live.witness.present() == here
    assert await aside(stays.seen_lately, meeting, datetime.now(UTC)) == {wren.pk, juniper.pk}


@pytest.fixture
def quick_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness, "ROUND_SECONDS", 0.01)


async def test_the_rounds_go_on_by_themselves(
    quick_rounds: None, set_clock: SetClock, told: Told, enter: Enter, meeting: Room, wren: Member
) -> None:
    began = set_clock.at
    await enter(wren, meeting)
    await told()
    set_clock.forward(15)
    async with asyncio.timeout(PATIENCE):
        while await spans(meeting, wren) != [(began, set_clock.at)]:
            await told()


async def test_rooms_without_meetings_are_never_told_of(
    told: Told, enter: Enter, live: Engine, meeting: Room, wren: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(domain, "witness", lambda pairs, at: asked.append(pairs))
    plain = await aside(RoomFactory, group=meeting.group)
    await (await enter(wren, plain)).close()
    await live.witness.tell(live.witness.present())
    assert asked == []
    await enter(wren, meeting)
    await told()
    assert asked == [{(wren.pk, meeting.log_id)}]


async def test_a_parked_poll_is_somebody_here(live: Engine, meeting: Room, wren: Member) -> None:
    """It comes and goes all the time, so only the rounds count it."""
    headers = [(b"host", b"localhost"), (b"cookie", f"sessionid={await aside(sign_in, wren)}".encode())]
    path = f"/live/{meeting.slug}/events/?wait=25"
    parked = asyncio.Event()
    live.hub.on_feed_opened.append(lambda feed: live.loop.call_soon(parked.set))
    poll = HttpCommunicator(application, "GET", path, headers=headers)
    asking = asyncio.create_task(poll.get_response(timeout=PATIENCE))
    async with asyncio.timeout(PATIENCE):
        await parked.wait()
    assert live.witness.present() == {(wren.pk, meeting.log_id)}
    await live.witness.tell(live.witness.present())
    await aside(do, meeting, wren, say(meeting))
    assert b"message.posted" in (await asking)["body"]
    assert live.witness.present() == set()
    assert len(await spans(meeting, wren)) == 1


async def test_where_the_database_fails_the_room_goes_on_and_the_next_round_tells(
    told: Told, enter: Enter, live: Engine, meeting: Room, wren: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error in (DatabaseError("away"), ValueError("a mistake of ours")):

        def fail(pairs: Any, at: Any, error: Exception = error) -> None:
            raise error

        with monkeypatch.context() as broken:
            broken.setattr(domain, "witness", fail)
            hers = await enter(wren, meeting)
            await told()
            assert (await hers.ask(say(meeting)))["t"] == "ok"
            assert not await aside(Stay.objects.exists)
    await live.witness.tell(live.witness.present())
    assert len(await spans(meeting, wren)) == 1


async def test_a_process_that_is_killed_claims_no_more_than_it_saw(
    tmp_path: Path, visit: Enter, meeting: Room, wren: Member
) -> None:
    first = Site(tmp_path / "one", on_this_database()).start("--no-worker")
    try:
        hers = await visit(first, wren, meeting)
        await _until_seen(hers, meeting, wren)
        first.kill()
        await hers.closing()
        [(began, seen)] = await spans(meeting, wren)
        assert began <= seen <= datetime.now(UTC)
        assert await aside(stays.close_lost_stays, seen + timedelta(seconds=119)) == 0
        assert await aside(stays.close_lost_stays, seen + timedelta(seconds=121)) == 1
        assert await spans(meeting, wren) == [(began, seen)]
        assert not await aside(Stay.objects.filter(left_at=None).exists)
    finally:
        first.clear()


async def _until_seen(talker: Talker, room: Room, member: Member) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await spans(room, member):
            await talker.settle()

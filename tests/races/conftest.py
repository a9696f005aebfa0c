"""Two writers that share only the database, a hub whose readers are recorded, and a loop whose time is set by hand."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings

from community.live import log
from community.live.hub import Hub
from community.live.log import Commit
from community.live.sqlite import base
from community.live.writer import Writer
from community.members.models import Member
from sessions.rooms.models import Room
from tests import services
from tests.live_client import aside, sign_in
from tests.races.readers import HandTime, Held, RecordingPipe, attach, patiently
from tests.sessions.conftest import alder, fern, juniper, room, wren

__all__ = ["alder", "fern", "juniper", "room", "wren"]

Pair = tuple[Writer, Writer]


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in two processes: no gate of ours before SQLite, only its own lock."""
    monkeypatch.setattr(base, "gate_for", lambda name: base.Gate())


@pytest.fixture
def two_writers(transactional_db: None, apart: None) -> Iterator[Pair]:
    pair = Writer(), Writer()
    for writer in pair:
        writer.start()
    yield pair
    for writer in pair:
        writer.stop()


@pytest.fixture
def one_writer(transactional_db: None) -> Iterator[Writer]:
    writer = Writer()
    writer.start()
    yield writer
    writer.stop()


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[Commit]:
    """What was published, in order; nobody else hears it."""
    heard: list[Commit] = []
    monkeypatch.setattr(log, "_listeners", [heard.extend])
    return heard


@pytest.fixture
async def hand_time(monkeypatch: pytest.MonkeyPatch) -> HandTime:
    """The event loop's time, standing still until it is moved."""
    loop = asyncio.get_running_loop()
    moved = HandTime(loop, loop.time())
    monkeypatch.setattr(loop, "time", lambda: moved.seconds)
    return moved


@pytest.fixture
async def hub(
    transactional_db: None, hand_time: HandTime, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Hub]:
    """A hub that hears each commit of this process at once; its clockwork moves by `hand_time`."""
    running = Hub(asyncio.get_running_loop())
    loop = running.loop
    monkeypatch.setattr(log, "_listeners", [lambda commits: loop.call_soon_threadsafe(running.take, commits)])
    running.start()
    yield running
    await running.stop()


@pytest.fixture
def withheld(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Held:
    """Commits don't reach the hub until the test hands them over, in the order that it likes."""
    held = Held(hub)
    monkeypatch.setattr(log, "_listeners", [held.commits.extend])
    return held


Read = Callable[..., Awaitable[RecordingPipe]]


@pytest.fixture
def read(hub: Hub) -> Read:
    """`await read(member, room, since=7)`: a reader of the hub, attached as a socket would be; its pipe."""

    async def read(
        member: Member, room: Room, *, since: int | None = None, pipe: RecordingPipe | None = None
    ) -> RecordingPipe:
        pipe = pipe or RecordingPipe()
        await attach(hub, member, await aside(sign_in, member), room, since, pipe)
        if (filling := hub.feeds[room.log_id].filling) is not None:
            await patiently(filling)
        return pipe

    return read


@pytest.fixture(scope="session")
def redis_url(sites_folder: Path) -> Iterator[str]:
    """A real Redis: that of the run if it has one, else one of these tests' own."""
    if settings.REDIS_URL:
        yield settings.REDIS_URL
        return
    service = services.start_redis(sites_folder / f"races-redis-{os.getpid()}")
    yield f"redis://127.0.0.1:{service.port}/0"
    service.stop()

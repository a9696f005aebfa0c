"""The bus on a real Redis: one failure is not held against it, and presence does not crowd it out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from community.live.bus import RedisBus
from community.live.log import Commit
from community.live.presence import RedisStore
from tests.services import Service, start_redis

WAIT = 20.0


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[Service]:
    server = start_redis(tmp_path / "redis")
    yield server
    server.stop()


class Listener:
    """A bus, and what it told the engine."""

    def __init__(self, port: int) -> None:
        self.heard: list[tuple[str, int, Any]] = []
        self.states: list[bool] = []
        self.news = asyncio.Event()
        self.bus = RedisBus(
            f"redis://127.0.0.1:{port}/0",
            asyncio.get_running_loop(),
            lambda *what: self._note(self.heard, what),
            lambda ok: self._note(self.states, ok),
            self.news.set,
        )

    def _note(self, where: list[Any], what: Any) -> None:
        where.append(what)
        self.news.set()

    async def until_states(self, *states: bool) -> None:
        async with asyncio.timeout(WAIT):
            while self.states != list(states):
                self.news.clear()
                await self.news.wait()

    async def until_heard(self, count: int) -> None:
        async with asyncio.timeout(WAIT):
            while len(self.heard) < count:
                self.news.clear()
                await self.news.wait()


@pytest.fixture
async def listeners(redis_server: Service) -> AsyncIterator[tuple[Listener, Listener]]:
    pair = Listener(redis_server.port), Listener(redis_server.port)
    for each in pair:
        each.bus.follow(7)
        await each.bus.start()
    for each in pair:
        await each.until_states(True)
    yield pair
    for each in pair:
        await each.bus.stop()


async def test_a_publication_that_failed_once_does_not_leave_the_bus_degraded(
    listeners: tuple[Listener, Listener], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = listeners
    made = here.bus.publisher.pipeline

    def lost(**how: Any) -> Any:
        monkeypatch.setattr(here.bus.publisher, "pipeline", made)
        raise redis.ConnectionError("the connection is gone")

    monkeypatch.setattr(here.bus.publisher, "pipeline", lost)
    here.bus.commits([Commit(7, 1, ["{}"])])
    await here.until_states(True, False, True)
    here.bus.commits([Commit(7, 2, ["{}"])])
    await there.until_heard(1)
    assert there.heard == [("commit", 7, Commit(7, 2, ["{}"]))]
    assert there.states == [True]


async def test_many_who_come_at_once_leave_room_for_commits(listeners: tuple[Listener, Listener]) -> None:
    here, there = listeners
    store = RedisStore(here.bus.client)
    people = [{"id": f"wren{number}", "handle": "Wren"} for number in range(300)]
    coming = [asyncio.create_task(store.refresh(7, [person])) for person in people]
    here.bus.commits([Commit(7, 1, ["{}"])])
    await there.until_heard(1)
    everyone = [{by["id"] for by in await come} for come in coming]
    assert max(everyone, key=len) == {person["id"] for person in people}
    assert here.states == [True]

"""Between processes, over a real Redis: following and leaving rooms, a lost bus, and leases of the dead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis.asyncio

from community.live.bus import BEAT_SECONDS, LOG, RedisBus
from community.live.log import Commit
from community.live.presence import LEASE_SECONDS, RedisStore
from tests.races.readers import HandTime

ROOM, OTHER = 7_000_001, 7_000_002
WREN = {"id": "wren", "handle": "Wren"}
JUNIPER = {"id": "juniper", "handle": "Juniper"}


class Ear:
    """One process on the bus, and what it heard."""

    def __init__(self, url: str) -> None:
        self.heard: list[tuple[str, int, Any]] = []
        self.states: list[bool] = []
        self.subscriptions = 0
        self.came = asyncio.Event()
        self.bus = RedisBus(url, asyncio.get_running_loop(), self._hear, self._change, self._subscribed)

    def _hear(self, kind: str, log_id: int, value: Any) -> None:
        self.heard.append((kind, log_id, value))
        self.came.set()

    def _change(self, ok: bool) -> None:
        self.states.append(ok)
        self.came.set()

    def _subscribed(self) -> None:
        self.subscriptions += 1
        self.came.set()

    async def until(self, true: Any) -> None:
        async with asyncio.timeout(20):
            while not true():
                self.came.clear()
                await self.came.wait()

    async def start(self) -> Ear:
        await self.bus.start()
        await self.until(lambda: self.bus.ok)
        return self

    @property
    def firsts(self) -> list[tuple[int, int]]:
        return [(log_id, value.first) for kind, log_id, value in self.heard if kind == "commit"]


@pytest.fixture
async def ears(redis_url: str) -> AsyncIterator[tuple[Ear, Ear]]:
    one, other = Ear(redis_url), Ear(redis_url)
    await one.start()
    await other.start()
    yield one, other
    await one.bus.stop()
    await other.bus.stop()


def commit(log_id: int, first: int) -> Commit:
    return Commit(log_id, first, [f'{{"seq":{first}}}'])


async def followers(redis_url: str, log_id: int) -> int:
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        [(_, count)] = await client.pubsub_numsub(f"{LOG}{log_id}")
        return int(count)


# --- last unsubscribe, new subscribe -----------------------------------------------------------------------------


async def test_who_leaves_a_room_as_its_last_reader_and_comes_back_at_once_still_follows_it(
    ears: tuple[Ear, Ear], redis_url: str
) -> None:
    one, other = ears
    before = one.subscriptions
    one.bus.follow(ROOM)
    await one.until(lambda: one.subscriptions > before)
    other.bus.commits([commit(ROOM, 1)])
    await one.until(lambda: one.firsts)
    one.bus.unfollow(ROOM)
    one.bus.follow(ROOM)
    other.bus.commits([commit(ROOM, 2)])
    await one.until(lambda: len(one.firsts) == 2)
    assert one.firsts == [(ROOM, 1), (ROOM, 2)]
    assert await followers(redis_url, ROOM) == 1


@pytest.mark.parametrize("turns", range(1, 6))
async def test_whatever_turn_of_the_loop_the_return_falls_into_the_room_is_followed_in_the_end(
    ears: tuple[Ear, Ear], redis_url: str, turns: int
) -> None:
    one, other = ears
    before = one.subscriptions
    one.bus.follow(ROOM)
    await one.until(lambda: one.subscriptions > before)
    for _ in range(20):
        one.bus.unfollow(ROOM)
        for _ in range(turns):
            await asyncio.sleep(0)
        one.bus.follow(ROOM)
        for _ in range(turns):
            await asyncio.sleep(0)
    before = one.subscriptions
    one.bus.follow(
        OTHER
    )  # Redis answers in order: when this is confirmed, so is all that was asked before it
    await one.until(lambda: one.subscriptions > before and OTHER in one.bus._followed)
    other.bus.commits([commit(ROOM, 1), commit(OTHER, 1)])
    await one.until(lambda: (OTHER, 1) in one.firsts)
    assert (ROOM, 1) in one.firsts
    assert await followers(redis_url, ROOM) == 1


async def test_a_room_that_was_left_for_good_is_no_longer_followed(
    ears: tuple[Ear, Ear], redis_url: str
) -> None:
    one, other = ears
    before = one.subscriptions
    one.bus.follow(ROOM)
    await one.until(lambda: one.subscriptions > before)
    before = one.subscriptions
    one.bus.unfollow(ROOM)
    one.bus.follow(OTHER)
    await one.until(lambda: one.subscriptions > before)
    other.bus.commits([commit(OTHER, 1)])
    await one.until(lambda: one.firsts)
    one.bus.follow(OTHER + 1)
    before = one.subscriptions
    await one.until(lambda: one.subscriptions > before)
    other.bus.commits([commit(ROOM, 1), commit(OTHER, 2)])
    await one.until(lambda: (OTHER, 2) in one.firsts)
    assert one.firsts == [(OTHER, 1), (OTHER, 2)]


async def test_nobody_hears_their_own_words_from_the_bus(ears: tuple[Ear, Ear]) -> None:
    one, other = ears
    for ear in ears:
        before = ear.subscriptions
        ear.bus.follow(ROOM)
        await ear.until(lambda ear=ear, before=before: ear.subscriptions > before)
    one.bus.commits([commit(ROOM, 1)])
    await other.until(lambda: other.firsts)
    other.bus.commits([commit(ROOM, 2)])
    await one.until(lambda: one.firsts)
    assert (one.firsts, other.firsts) == ([(ROOM, 2)], [(ROOM, 1)])


# --- losing the bus ----------------------------------------------------------------------------------------------


async def test_a_connection_that_redis_cuts_is_said_mended_and_followed_by_a_comparison(
    ears: tuple[Ear, Ear], redis_url: str
) -> None:
    one, other = ears
    before = one.subscriptions
    one.bus.follow(ROOM)
    await one.until(lambda: one.subscriptions > before)
    before = one.subscriptions
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        await client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    await one.until(lambda: False in one.states and one.bus.ok and one.subscriptions >= before + 2)
    await other.until(lambda: other.bus.ok)
    assert one.states[:2] == [True, False]
    assert one.states[-1] is True
    other.bus.commits([commit(ROOM, 1)])
    await one.until(lambda: one.firsts)
    assert one.firsts == [(ROOM, 1)]


async def test_a_process_that_only_speaks_of_rooms_that_it_does_not_follow_still_knows_that_the_bus_is_up(
    hand_time: HandTime, redis_url: str
) -> None:
    ear = Ear(redis_url)
    await ear.start()
    async with redis.asyncio.Redis.from_url(redis_url) as other_line:
        for number in range(1, 12):
            ear.bus.commits([commit(ROOM, number)])
            for _ in range(5):
                await other_line.ping()  # so long that what was said has come round
            await hand_time.forward(BEAT_SECONDS / 2)
        for _ in range(5):
            await other_line.ping()
    assert ear.states == [True]
    await ear.bus.stop()


# --- leases ------------------------------------------------------------------------------------------------------


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Any]:
    async with redis.asyncio.Redis.from_url(redis_url) as connected:
        await connected.delete(f"porchlight:here:{ROOM}")
        yield connected


async def run_out(client: Any, store: RedisStore, by: dict[str, str]) -> None:
    """By Redis' clock the lease of this process has ended just now: as after fifteen seconds without a word."""
    now = int((await client.time())[0])
    lease = store._lease(by)
    ends = await client.zscore(f"porchlight:here:{ROOM}", lease)
    assert now + LEASE_SECONDS - 2 <= ends <= now + LEASE_SECONDS
    await client.zadd(f"porchlight:here:{ROOM}", {lease: now})


def ids(people: list[dict[str, str]]) -> set[str]:
    return {by["id"] for by in people}


async def test_a_dead_processs_lease_ends_by_the_stores_clock(client: Any) -> None:
    dead, alive = RedisStore(client), RedisStore(client)
    assert ids(await dead.refresh(ROOM, [WREN])) == {"wren"}
    assert ids(await alive.refresh(ROOM, [JUNIPER])) == {"wren", "juniper"}
    await run_out(client, dead, WREN)
    assert ids(await alive.refresh(ROOM, [JUNIPER])) == {"juniper"}


async def test_who_comes_back_through_another_process_stays_when_the_dead_ones_lease_ends(
    client: Any,
) -> None:
    dead, alive = RedisStore(client), RedisStore(client)
    await dead.refresh(ROOM, [WREN])
    assert ids(await alive.refresh(ROOM, [WREN])) == {"wren"}
    await run_out(client, dead, WREN)
    assert ids(await alive.refresh(ROOM, [WREN])) == {"wren"}


async def test_who_leaves_after_coming_back_is_here_until_the_dead_processs_lease_ends_too(
    client: Any,
) -> None:
    dead, alive = RedisStore(client), RedisStore(client)
    await dead.refresh(ROOM, [WREN])
    await alive.refresh(ROOM, [WREN])
    assert await alive.leave(ROOM, WREN) is True
    await run_out(client, dead, WREN)
    assert await alive.leave(ROOM, WREN) is False
    assert await alive.refresh(ROOM, []) == []


async def test_a_process_that_was_only_slow_takes_its_lease_again(client: Any) -> None:
    slow, other = RedisStore(client), RedisStore(client)
    await slow.refresh(ROOM, [WREN])
    await run_out(client, slow, WREN)
    assert await other.refresh(ROOM, []) == []
    assert ids(await slow.refresh(ROOM, [WREN])) == {"wren"}
    assert ids(await other.refresh(ROOM, [])) == {"wren"}

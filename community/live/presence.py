"""Who is here: leases per (room, member, process), refreshed every 5 s, gone after 15 s by the store's clock."""

from __future__ import annotations

import asyncio
import os
from typing import Any, Protocol

import redis
import structlog

from community.live.feed import Feed, Reader
from community.live.frames import Frame, encode
from community.live.hub import Hub

logger = structlog.get_logger("community.live")

REFRESH_SECONDS = 5.0
LEASE_SECONDS = 15
COALESCE_SECONDS = 0.2
CROWD = 200
CROWD_SECONDS = 5.0
SINGLE_CHANGES = 10
STORE_ERRORS = (redis.RedisError, OSError, TimeoutError)

By = dict[str, str]


class Store(Protocol):
    """Where leases of all processes are kept."""

    async def refresh(self, log_id: int, here: list[By]) -> list[By]:
        """Renew this process's leases for a log; everyone who is there, over all processes."""

    async def leave(self, log_id: int, by: By) -> bool:
        """Give up this process's lease; whether another process still holds one for the member."""


class MemoryStore:
    """For one process: what it knows is all there is."""

    async def refresh(self, log_id: int, here: list[By]) -> list[By]:
        return here

    async def leave(self, log_id: int, by: By) -> bool:
        return False


class RedisStore:
    """A sorted set a room: member and process -> when the lease ends, by Redis' clock."""

    REFRESH = """
        local now = tonumber(redis.call('TIME')[1])
        redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
        for i = 2, #ARGV do redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[i]) end
        redis.call('EXPIRE', KEYS[1], ARGV[1] * 4)
        return redis.call('ZRANGE', KEYS[1], 0, -1)
    """

    def __init__(self, client: Any) -> None:
        self.client = client
        self.process = os.urandom(6).hex()

    def _lease(self, by: By) -> str:
        return f"{by['id']} {self.process} {by['handle']}"

    async def refresh(self, log_id: int, here: list[By]) -> list[By]:
        leases = [self._lease(by) for by in here]
        answer = await self.client.eval(self.REFRESH, 1, f"porchlight:here:{log_id}", LEASE_SECONDS, *leases)
        return list(self._people(answer).values())

    async def leave(self, log_id: int, by: By) -> bool:
        key = f"porchlight:here:{log_id}"
        await self.client.zrem(key, self._lease(by))
        answer = await self.client.eval(self.REFRESH, 1, key, LEASE_SECONDS)
        return by["id"] in self._people(answer)

    @staticmethod
    def _people(leases: list[bytes]) -> dict[str, By]:
        found = {}
        for lease in leases:
            member, _, handle = lease.decode().split(" ", 2)
            found[member] = {"id": member, "handle": handle}
        return found


class Presence:
    def __init__(self, hub: Hub, store: Store, publish: Any) -> None:
        self.hub = hub
        self.store = store
        self.publish = publish
        self.local: dict[int, dict[str, tuple[By, int]]] = {}
        self.here: dict[int, dict[str, By]] = {}
        self.shown: dict[int, dict[str, By]] = {}
        self._due: dict[int, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        hub.on_join.append(self._join)
        hub.on_leave.append(self._leave)
        hub.on_feed_closed.append(self._close)

    def people(self, log_id: int) -> dict[str, By]:
        return self.here.get(log_id, {})

    def _join(self, feed: Feed, reader: Reader) -> None:
        by = reader.connection.author.by
        local = self.local.setdefault(feed.log_id, {})
        count = local.get(by["id"], (by, 0))[1]
        local[by["id"]] = (by, count + 1)
        here = self.here.setdefault(feed.log_id, {})
        new = by["id"] not in here
        here[by["id"]] = by
        if count == 0:
            self._spawn(self._refresh(feed.log_id))
        if new:
            self.publish(feed.log_id, {"join": by})
            self._changed(feed.log_id)

    def show(self, feed: Feed, reader: Reader) -> None:
        """The whole list, for a reader who has just come."""
        self._snap(feed, [reader])

    def _leave(self, feed: Feed, reader: Reader) -> None:
        by = reader.connection.author.by
        local = self.local.get(feed.log_id, {})
        kept, count = local.get(by["id"], (by, 1))
        if count > 1:
            local[by["id"]] = (kept, count - 1)
            return
        local.pop(by["id"], None)
        self._spawn(self._give_up(feed.log_id, kept))

    async def _give_up(self, log_id: int, by: By) -> None:
        elsewhere = await self.store.leave(log_id, by)
        if not elsewhere and by["id"] not in self.local.get(log_id, {}):
            self.here.get(log_id, {}).pop(by["id"], None)
            self.publish(log_id, {"leave": by})
            self._changed(log_id)

    async def _refresh(self, log_id: int) -> None:
        mine = [by for by, _ in self.local.get(log_id, {}).values()]
        everyone = {by["id"]: by for by in await self.store.refresh(log_id, mine)}
        for by, _ in self.local.get(log_id, {}).values():
            everyone.setdefault(by["id"], by)
        if log_id in self.hub.feeds and everyone != self.here.get(log_id):
            self.here[log_id] = everyone
            self._changed(log_id)

    async def refresh_all(self) -> None:
        for log_id in list(self.local):
            if log_id in self.hub.feeds:
                await self._refresh(log_id)

    def heard(self, log_id: int, change: dict[str, Any]) -> None:
        """Another process says that someone came or went."""
        if log_id not in self.hub.feeds:
            return
        here = self.here.setdefault(log_id, {})
        if by := change.get("join"):
            here[by["id"]] = by
        elif (by := change.get("leave")) and by["id"] not in self.local.get(log_id, {}):
            here.pop(by["id"], None)
        self._changed(log_id)

    def _close(self, feed: Feed) -> None:
        self.here.pop(feed.log_id, None)
        self.shown.pop(feed.log_id, None)
        self.local.pop(feed.log_id, None)
        if timer := self._due.pop(feed.log_id, None):
            timer.cancel()

    def _spawn(self, work: Any) -> None:
        async def guarded() -> None:
            try:
                await work
            except STORE_ERRORS as error:
                logger.warning("presence_store_failed", kind=type(error).__name__)

        task = self.hub.loop.create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _changed(self, log_id: int) -> None:
        if log_id not in self._due and log_id in self.hub.feeds:
            wait = CROWD_SECONDS if len(self.here.get(log_id, {})) > CROWD else COALESCE_SECONDS
            self._due[log_id] = self.hub.loop.call_later(wait, self._announce, log_id)

    def _announce(self, log_id: int) -> None:
        self._due.pop(log_id, None)
        feed = self.hub.feeds.get(log_id)
        if feed is None:
            return
        now, before = self.here.get(log_id, {}), self.shown.get(log_id, {})
        self.shown[log_id] = dict(now)
        joined = [by for member, by in now.items() if member not in before]
        left = [by for member, by in before.items() if member not in now]
        if len(now) > CROWD or len(joined) + len(left) > SINGLE_CHANGES:
            self._snap(feed, list(feed.live))
            return
        for word, people in (("join", joined), ("leave", left)):
            for by in people:
                for reader in list(feed.live):
                    if reader.connection.quiet:
                        continue
                    reader.versions += 1
                    reader.connection.send(
                        {"t": "pres", "room": feed.slug, "v": reader.versions, word: by, "count": len(now)}
                    )

    def _snap(self, feed: Feed, readers: list[Reader]) -> None:
        """At most 200 people by name, and the count of all."""
        here = self.here.get(feed.log_id, {})
        people = encode(list(here.values())[:CROWD])
        for reader in readers:
            if reader.connection.quiet:
                continue
            reader.versions += 1
            reader.connection.write(
                Frame(
                    f'{{"t":"pres","room":"{feed.slug}","v":{reader.versions},"snap":{people},"count":{len(here)}}}'
                )
            )

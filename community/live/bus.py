"""Between processes: what was committed, what passes, who is revoked. Best effort; the database is the truth.

In memory there is one process and nothing to carry. On Redis: one subscriber connection of our own, supervised, and one
pipelined publish for what a turn of the loop collected.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import orjson
import redis
import redis.asyncio
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.retry import Retry as RetryInThread

from community.live.eviction import Eviction, Touch
from community.live.log import Commit
from community.live.tasks import end_tasks

logger = structlog.get_logger("community.live")

CONTROL = "porchlight:control"
LOG = "porchlight:log:"
BEAT_SECONDS = 1.0
SILENCE_SECONDS = 3.0
CONNECT_TIMEOUT = 2.0
CLIENT_CONNECTIONS = 8
CLIENT_WAIT = 10.0
QUEUE_CAP = 10_000

Heard = Callable[[str, int, Any], None]


def commit_message(commit: Commit) -> bytes:
    return orjson.dumps(["commit", commit.first, commit.payloads, commit.rewrites, commit.min_seq])


class MemoryBus:
    """One process: everything it has to say, it has heard."""

    ok = True

    def follow(self, log_id: int) -> None:
        """Nothing to subscribe to."""

    def unfollow(self, log_id: int) -> None:
        """Nothing to leave."""

    def say(self, log_id: int, kind: str, value: Any) -> None:
        """Nobody else is listening."""

    def commits(self, commits: list[Commit]) -> None:
        """Nobody else is listening."""

    def evict(self, eviction: Eviction) -> None:
        """Nobody else is listening."""

    def touch(self, touch: Touch) -> None:
        """Nobody else is listening."""

    async def start(self) -> None:
        """Nothing to connect to."""

    async def stop(self) -> None:
        """Nothing to leave."""


class RedisBus:
    """Calls on the loop: `heard(kind, log id, value)`, `changed(ok)`, and `resubscribed()` after each (re)subscribe."""

    def __init__(
        self,
        url: str,
        loop: asyncio.AbstractEventLoop,
        heard: Heard,
        changed: Callable[[bool], None],
        resubscribed: Callable[[], None],
    ) -> None:
        self.url = url
        self.loop = loop
        self.heard = heard
        self.changed = changed
        self.resubscribed = resubscribed
        self.ok = False
        self.me = os.urandom(8)
        self._wanted: set[int] = set()
        self._followed: set[int] = set()
        self._queue: list[tuple[str, bytes]] = []
        self._kick = asyncio.Event()
        self._follow_kick = asyncio.Event()
        self._heard_at = 0.0
        self._tasks: list[asyncio.Task[None]] = []
        # Of its own, and quick to give up: nothing that presence asks may hold up or crowd out what was committed.
        self.publisher = redis.asyncio.Redis.from_url(
            url,
            socket_timeout=CONNECT_TIMEOUT,
            socket_connect_timeout=CONNECT_TIMEOUT,
            retry=Retry(NoBackoff(), 1),
        )
        self.client = redis.asyncio.Redis.from_pool(
            redis.asyncio.BlockingConnectionPool.from_url(
                url,
                max_connections=CLIENT_CONNECTIONS,
                timeout=CLIENT_WAIT,
                socket_timeout=CONNECT_TIMEOUT,
                socket_connect_timeout=CONNECT_TIMEOUT,
                retry=Retry(NoBackoff(), 1),
            )
        )

    async def start(self) -> None:
        self._tasks = [self.loop.create_task(self._listen()), self.loop.create_task(self._publish())]

    async def stop(self) -> None:
        await end_tasks(self._tasks)
        await self.client.aclose()
        await self.publisher.aclose()

    def follow(self, log_id: int) -> None:
        self._wanted.add(log_id)
        self._follow_kick.set()

    def unfollow(self, log_id: int) -> None:
        self._wanted.discard(log_id)
        self._follow_kick.set()

    def say(self, log_id: int, kind: str, value: Any) -> None:
        self._put(f"{LOG}{log_id}", orjson.dumps([kind, value]))

    def commits(self, commits: list[Commit]) -> None:
        for commit in commits:
            self._put(f"{LOG}{commit.log_id}", commit_message(commit))

    def evict(self, eviction: Eviction) -> None:
        self._put(CONTROL, orjson.dumps(["evict", eviction.as_dict()]))

    def touch(self, touch: Touch) -> None:
        self._put(CONTROL, orjson.dumps(["touch", touch.member_id, touch.tag]))

    def _put(self, channel: str, message: bytes) -> None:
        if len(self._queue) < QUEUE_CAP:
            self._queue.append((channel, self.me + message))
            self._kick.set()

    async def _publish(self) -> None:
        """One pipelined round trip for all that is waiting; what can't be sent is dropped (readers catch up)."""
        beaten_at = 0.0
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT_SECONDS):
                    await self._kick.wait()
            self._kick.clear()
            # Also between commits: this process hears only of those in rooms that it follows.
            if self.loop.time() - beaten_at >= BEAT_SECONDS:
                beaten_at = self.loop.time()
                self._queue.append((CONTROL, self.me + b'["beat"]'))
            batch, self._queue = self._queue, []
            try:
                pipeline = self.publisher.pipeline(transaction=False)
                for channel, message in batch:
                    pipeline.publish(channel, message)
                await pipeline.execute()
            except (redis.RedisError, OSError, TimeoutError):
                self._set_ok(False)
                await asyncio.sleep(0.2)

    async def _listen(self) -> None:
        wait = 0.1
        while True:
            try:
                await self._listen_once()
                wait = 0.1
            except asyncio.CancelledError:
                raise
            except (redis.RedisError, OSError, TimeoutError) as error:
                logger.warning("bus_lost", kind=type(error).__name__)
                self._set_ok(False)
                await asyncio.sleep(wait)
                wait = min(wait * 2, 2.0)

    async def _listen_once(self) -> None:
        async with redis.asyncio.Redis.from_url(
            self.url,
            socket_timeout=None,
            socket_connect_timeout=CONNECT_TIMEOUT,
            single_connection_client=False,
        ) as client:
            pubsub = client.pubsub()
            follower: asyncio.Task[None] | None = None
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT * 2):
                    self._followed = set(self._wanted)
                    await pubsub.subscribe(CONTROL, *(f"{LOG}{log_id}" for log_id in self._followed))
                self._heard_at = self.loop.time()
                follower = self.loop.create_task(self._follow(pubsub))
                while True:
                    message = await pubsub.get_message(ignore_subscribe_messages=False, timeout=BEAT_SECONDS)
                    if follower.done():
                        follower.result()
                    if message is None:
                        if self.loop.time() - self._heard_at > SILENCE_SECONDS:
                            raise TimeoutError
                        continue
                    self._heard_at = self.loop.time()
                    if message["type"] == "subscribe":
                        if message["channel"] == CONTROL.encode():
                            self._set_ok(True)
                        self.resubscribed()
                    elif message["type"] == "message":
                        self._take(message["channel"].decode(), message["data"])
            finally:
                if follower is not None:
                    follower.cancel()
                await pubsub.aclose()  # type: ignore[no-untyped-call]

    async def _follow(self, pubsub: Any) -> None:
        """Bring what is subscribed to what is wanted, in order, however fast rooms open and close."""
        while True:
            await self._follow_kick.wait()
            self._follow_kick.clear()
            new, old = self._wanted - self._followed, self._followed - self._wanted
            self._followed = set(self._wanted)
            if new:
                await pubsub.subscribe(*(f"{LOG}{log_id}" for log_id in new))
            if old:
                await pubsub.unsubscribe(*(f"{LOG}{log_id}" for log_id in old))

    def _take(self, channel: str, message: bytes) -> None:
        if message[:8] == self.me:
            self._set_ok(True)  # what was said came round again, so both ways are open
            return
        kind, *rest = orjson.loads(message[8:])
        if kind == "commit":
            first, payloads, rewrites, min_seq = rest
            log_id = int(channel.removeprefix(LOG))
            rewritten = [(seq, payload) for seq, payload in rewrites]
            self.heard("commit", log_id, Commit(log_id, first, payloads, rewritten, min_seq))
        elif kind == "evict":
            self.heard("evict", 0, Eviction(**rest[0]))
        elif kind == "touch":
            self.heard("touch", 0, Touch(*rest))
        elif kind != "beat":
            self.heard(kind, int(channel.removeprefix(LOG)), rest[0])

    def _set_ok(self, ok: bool) -> None:
        if ok != self.ok:
            self.ok = ok
            self.changed(ok)


class Messenger:
    """For processes that serve no sockets (workers, commands): says what they commit and revoke to those that do."""

    def __init__(self, url: str) -> None:
        self.client = redis.Redis.from_url(
            url,
            socket_timeout=CONNECT_TIMEOUT,
            socket_connect_timeout=CONNECT_TIMEOUT,
            retry=RetryInThread(NoBackoff(), 1),
        )
        self.me = os.urandom(8)

    def commits(self, commits: list[Commit]) -> None:
        self._send([(f"{LOG}{commit.log_id}", commit_message(commit)) for commit in commits])

    def evict(self, eviction: Eviction) -> None:
        self._send([(CONTROL, orjson.dumps(["evict", eviction.as_dict()]))])

    def touch(self, touch: Touch) -> None:
        self._send([(CONTROL, orjson.dumps(["touch", touch.member_id, touch.tag]))])

    def _send(self, messages: list[tuple[str, bytes]]) -> None:
        try:
            pipeline = self.client.pipeline(transaction=False)
            for channel, message in messages:
                pipeline.publish(channel, self.me + message)
            pipeline.execute()
        except (redis.RedisError, OSError) as error:
            logger.warning("bus_lost", kind=type(error).__name__)

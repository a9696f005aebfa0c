"""The engine of one serving process: writer, hub, bus and presence, put together on its event loop."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError

from community.live import eviction, log
from community.live.bus import MemoryBus, Messenger, RedisBus
from community.live.connection import Connection
from community.live.feed import Feed
from community.live.frames import Frame, encode
from community.live.hub import Hub
from community.live.presence import REFRESH_SECONDS, STORE_ERRORS, MemoryStore, Presence, RedisStore
from community.live.tasks import end_tasks
from community.live.witness import Witness
from community.live.writer import writer

logger = structlog.get_logger("community.live")


class Engine:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.hub = Hub(loop)
        self.draining = False
        self.bus: MemoryBus | RedisBus = MemoryBus()
        if settings.REDIS_URL:
            self.bus = RedisBus(settings.REDIS_URL, loop, self._heard, self._bus_changed, self._resubscribed)
            self.hub.bus_ok = True
        store = RedisStore(self.bus.client) if isinstance(self.bus, RedisBus) else MemoryStore()
        self.presence = Presence(self.hub, store, lambda log_id, value: self.bus.say(log_id, "pres", value))
        self.witness = Witness(self.hub)
        self.hub.on_feed_opened.append(lambda feed: self.bus.follow(feed.log_id))
        self.hub.on_feed_closed.append(lambda feed: self.bus.unfollow(feed.log_id))
        self._tasks: list[asyncio.Task[None]] = []
        self._comparing = self._compare_again = False

    async def start(self) -> None:
        writer.start(self.loop)
        self.hub.start()
        await self.bus.start()
        self._tasks = [
            self.loop.create_task(work) for work in (self._refresh_presence(), *self.witness.work())
        ]

    async def stop(self) -> None:
        await end_tasks(self._tasks)
        await self.witness.finish()
        await self.loop.run_in_executor(None, writer.stop)
        await self.hub.stop()
        await self.bus.stop()

    def drain(self, grace_seconds: float) -> None:
        """Ask every reader to come back a little later, not all at once, and close."""
        self.draining = True
        for connection in list(self.hub.connections):
            # Spreads the load of coming back; guards nothing.
            wait = random.randint(200, max(300, int(grace_seconds * 500)))  # noqa: S311
            self.hub.end(connection, "restart", retry_ms=wait)

    # --- from this process's commits and revocations; called in the committing thread ------------------------------

    def committed(self, commits: list[log.Commit]) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._take_own, commits)

    def _take_own(self, commits: list[log.Commit]) -> None:
        self.hub.take(commits)
        self.bus.commits(commits)

    def evicted(self, what: eviction.Eviction) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._evict_own, what)

    def _evict_own(self, what: eviction.Eviction) -> None:
        self.hub.evict(what)
        self.bus.evict(what)

    def touched(self, what: eviction.Touch) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._touch_own, what)

    def _touch_own(self, what: eviction.Touch) -> None:
        self._spawn(self.hub.tell_permissions(what.member_id, what.tag))
        self.bus.touch(what)

    # --- from other processes ------------------------------------------------------------------------------------

    def _heard(self, kind: str, log_id: int, value: Any) -> None:
        if kind == "commit":
            self.hub.take([value])
        elif kind == "evict":
            self.hub.evict(value)
        elif kind == "touch":
            self._spawn(self.hub.tell_permissions(value.member_id, value.tag))
        elif kind == "pres":
            self.presence.heard(log_id, value)
        elif kind == "typing":
            self._show_typing(log_id, value["member"], value["frame"])

    def _bus_changed(self, ok: bool) -> None:
        self.hub.announce_bus(ok)

    def _resubscribed(self) -> None:
        """Look what was missed; confirmations that arrive meanwhile are looked at together afterwards."""
        self._compare_again = True
        if not self._comparing:
            self._comparing = True
            self._spawn(self._compare())

    async def _compare(self) -> None:
        try:
            while self._compare_again:
                self._compare_again = False
                await self.hub.compare_heads()
        except DatabaseError:
            logger.warning("compare_after_subscribe_failed")
        finally:
            self._comparing = False

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self.loop.create_task(work)
        self._tasks.append(task)
        task.add_done_callback(self._tasks.remove)

    async def _refresh_presence(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            try:
                await self.presence.refresh_all()
            except STORE_ERRORS as error:
                logger.warning("presence_store_failed", kind=type(error).__name__)

    # --- passing things ------------------------------------------------------------------------------------------

    def typing(self, feed: Feed, connection: Connection, on: bool) -> None:
        frame = {"t": "eph", "room": feed.slug, "kind": "typing", "by": connection.author.by, "on": on}
        self._show_typing(feed.log_id, connection.member.pk, frame)
        self.bus.say(feed.log_id, "typing", {"member": connection.member.pk, "frame": frame})

    def _show_typing(self, log_id: int, member_id: int, frame: dict[str, Any]) -> None:
        feed = self.hub.feeds.get(log_id)
        if feed is not None:
            self.hub.ephemeral(feed, Frame(encode(frame)), but_member=member_id)


_engine: Engine | None = None
_messenger: Messenger | None = None


def running() -> Engine | None:
    return _engine


async def start() -> Engine:
    """Start this process's engine on the running loop; a second call returns the first."""
    global _engine
    if _engine is None or _engine.loop.is_closed():
        _engine = Engine(asyncio.get_running_loop())
        await _engine.start()
    return _engine


async def stop() -> None:
    global _engine
    engine, _engine = _engine, None
    if engine is not None:
        await engine.stop()


def _elsewhere() -> Messenger | None:
    global _messenger
    if _messenger is None and settings.REDIS_URL:
        _messenger = Messenger(settings.REDIS_URL)
    return _messenger


def announce_commits(commits: list[log.Commit]) -> None:
    if _engine is not None:
        _engine.committed(commits)
    elif (messenger := _elsewhere()) is not None:
        messenger.commits(commits)


def announce_eviction(what: eviction.Eviction) -> None:
    if _engine is not None:
        _engine.evicted(what)
    elif (messenger := _elsewhere()) is not None:
        messenger.evict(what)


def announce_touch(what: eviction.Touch) -> None:
    if _engine is not None:
        _engine.touched(what)
    elif (messenger := _elsewhere()) is not None:
        messenger.touch(what)


def people_here(log_id: int) -> int:
    """How many members read a log now, as far as this process knows."""
    return len(_engine.presence.people(log_id)) if _engine is not None else 0

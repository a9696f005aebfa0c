"""The hub: one per process, on the event loop. The fan-out, and what sees to it as time passes: missed commits are
looked for, whoever reads too slowly is ended, and whoever may not be here any more.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from contextlib import suppress
from typing import Any

import structlog
from django.db import DatabaseError, InterfaceError

from community.live import domain, failpoints, log
from community.live.access import still_welcome
from community.live.clock import clock
from community.live.connection import BUFFER_CAP, Connection
from community.live.database import in_database
from community.live.eviction import Eviction
from community.live.fanout import FanOut
from community.live.feed import Reader
from community.live.tasks import end_tasks

logger = structlog.get_logger("community.live")

TICK_SECONDS = 5.0
TICK_SECONDS_WITHOUT_BUS = 1.0
SEEN_SECONDS = 1.0
CONGESTION_SECONDS = 0.05
SLOW_SECONDS = 30.0


class Hub(FanOut):
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.seen: dict[tuple[int, int], int] = {}
        self.evictions: deque[tuple[int, Eviction]] = deque(maxlen=2000)
        self.eviction_serial = 0
        self.bus_ok = True
        self._bus_lost = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [
            self.loop.create_task(self._keep(self._serve_those_behind, "behind")),
            self.loop.create_task(self._keep(self._tick, "tick")),
            self.loop.create_task(self._keep(self._watch_congestion, "congestion")),
            self.loop.create_task(self._keep(self._flush_seen, "seen")),
        ]

    async def stop(self) -> None:
        await end_tasks(self._tasks)
        await self.save_seen()

    async def _keep(self, work: Any, name: str) -> None:
        while True:
            try:
                await work()
            except asyncio.CancelledError:
                raise
            except Exception:
                logger.exception("hub_task_failed", task=name)
                await asyncio.sleep(1)

    # --- the clockwork -------------------------------------------------------------------------------------------

    async def _watch_congestion(self) -> None:
        while True:
            await asyncio.sleep(CONGESTION_SECONDS)
            for connection in self.connections:
                if connection.congested and connection.pipe.buffered() <= BUFFER_CAP // 4:
                    connection.congested = False
                    connection.congested_since = 0.0
                    connection.pipe.resume_reading()
                    self._wake.set()

    async def _tick(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_SECONDS if self.bus_ok else TICK_SECONDS_WITHOUT_BUS):
                    await self._bus_lost.wait()
            self._bus_lost.clear()
            self.end_slow_ones()
            try:
                await self.compare_heads()
                await self.revalidate()
            except (DatabaseError, InterfaceError):
                logger.warning("tick_without_database")
            await failpoints.arrive("hub.ticked")

    def end_slow_ones(self) -> None:
        """End connections that owe an ack, or have not taken a byte, for 30 s."""
        now = clock.monotonic()
        for connection in list(self.connections):
            if connection.congested:
                connection.congested_since = connection.congested_since or now
                if now - connection.congested_since > SLOW_SECONDS:
                    self.end(connection, "slow")
                    continue
            for reader in connection.readers.values():
                if self.position(reader) <= reader.acked or reader.acked != reader.acked_at_tick:
                    reader.progress_at = now
                reader.acked_at_tick = reader.acked
                if now - reader.progress_at > SLOW_SECONDS:
                    self.end(connection, "slow")
                    break

    async def compare_heads(self) -> None:
        """Find the commits whose publication this process missed: one query for all active logs."""
        if not self.feeds:
            return
        for log_id, head in (await in_database(log.heads, list(self.feeds))).items():
            feed = self.feeds.get(log_id)
            if feed is not None and feed.epoch != head.epoch:
                self._send_back(feed)
            elif feed is not None:
                feed.forget_below(head.min_seq)
                if head.last_seq > feed.head:
                    self.fill(feed)

    async def revalidate(self) -> None:
        """Ask again, for all open connections at once, whether they may still be here."""
        connections = list(self.connections)
        if not connections:
            return
        verdicts = await in_database(
            still_welcome, {(c.session_key, c.member.pk, c.stamp) for c in connections}
        )
        pairs = {(c.member.pk, r.opened.log_id) for c in connections for r in c.readers.values()}
        open_pairs = await in_database(domain.still_open, pairs)
        for connection in connections:
            code = verdicts[connection.session_key, connection.member.pk, connection.stamp]
            if code is not None:
                self.end(connection, code)
                continue
            for slug, reader in list(connection.readers.items()):
                pair = (connection.member.pk, reader.opened.log_id)
                if pair in pairs and pair not in open_pairs:
                    self.shut_out(connection, slug)

    # --- revocation ----------------------------------------------------------------------------------------------

    def evict(self, eviction: Eviction) -> None:
        self.eviction_serial += 1
        self.evictions.append((self.eviction_serial, eviction))
        for connection in list(self.connections):
            if not eviction.concerns(connection.member.pk, connection.session_key):
                continue
            if eviction.tag is None:
                # Who is to come back needs the answer of the page on which the sign-in was renewed first.
                when = {"retry_ms": random.randint(1500, 3000)} if eviction.code == "restart" else {}  # noqa: S311
                self.end(connection, eviction.code, **when)
                continue
            for slug, reader in list(connection.readers.items()):
                if eviction.tag in reader.opened.tags:
                    self.shut_out(connection, slug, eviction.room_code)

    def evicted_since(self, serial: int, connection: Connection) -> bool:
        """Whether anything about this connection's member was revoked after `serial`; what is forgotten counts."""
        if self.eviction_serial - serial > len(self.evictions):
            return True
        return any(
            number > serial and eviction.concerns(connection.member.pk, connection.session_key)
            for number, eviction in self.evictions
        )

    # --- small things --------------------------------------------------------------------------------------------

    def mark_seen(self, reader: Reader, seq: int) -> None:
        place = (reader.opened.log_id, reader.connection.member.pk)
        seq = min(seq, self.position(reader))
        if seq > self.seen.get(place, 0):
            self.seen[place] = seq

    async def _flush_seen(self) -> None:
        while True:
            await asyncio.sleep(SEEN_SECONDS)
            await self.save_seen()

    async def save_seen(self) -> None:
        if not self.seen:
            return
        seen, self.seen = self.seen, {}
        try:
            await in_database(domain.save_seen, seen)
        except (DatabaseError, InterfaceError):
            for place, seq in seen.items():
                self.seen[place] = max(seq, self.seen.get(place, 0))

    async def tell_permissions(self, member_id: int, tag: str) -> None:
        """Send a member's connections their state anew for the rooms that carry the tag."""
        for connection in list(self.of_member.get(member_id, ())):
            for slug, reader in list(connection.readers.items()):
                if tag in reader.opened.tags:
                    opened = reader.opened
                    state = await in_database(opened.domain.state, opened.log_id, connection.member)
                    if connection.readers.get(slug) is reader:
                        connection.send({"t": "you", "room": slug, "state": state})

    def announce_bus(self, ok: bool) -> None:
        if ok == self.bus_ok:
            return
        self.bus_ok = ok
        if not ok:
            self._bus_lost.set()
        word = "ok" if ok else "degraded"
        for connection in self.connections:
            connection.send({"t": "status", "bus": word, "presence": word})

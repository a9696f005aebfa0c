"""Fan-out: commits come in, frames go out, each encoded once.

Up-to-date readers are written to directly; a task of its own serves those behind. Nothing durable is queued for a
single reader: what it has not got it reads from the ring, or from the database below the ring.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable, Sequence
from typing import Any

import structlog
from django.db import DatabaseError, InterfaceError

from community.live import failpoints, frames, log
from community.live.clock import clock
from community.live.connection import Connection
from community.live.database import in_database
from community.live.domain import Head, Opened
from community.live.feed import CHUNK_CHARS, CHUNK_EVENTS, WINDOW_BYTES, WINDOW_EVENTS, Feed, Reader
from community.live.frames import Frame
from community.live.log import Commit

logger = structlog.get_logger("community.live")

GAP_SECONDS = 0.1
UNBOUNDED = 2**62
GONE = {"auth": 4401, "suspended": 4403, "slow": 4008, "restart": 4012}


class FanOut:
    """The feeds of this process and who reads them. Everything here runs on the loop's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.feeds: dict[int, Feed] = {}
        self.connections: set[Connection] = set()
        self.of_member: dict[int, set[Connection]] = {}
        self.on_feed_opened: list[Any] = []
        self.on_feed_closed: list[Any] = []
        self.on_join: list[Any] = []
        self.on_leave: list[Any] = []
        self._wake = asyncio.Event()

    # --- commits in, frames out ----------------------------------------------------------------------------------

    def take(self, commits: Iterable[Commit]) -> None:
        for commit in commits:
            feed = self.feeds.get(commit.log_id)
            if feed is not None:
                self._apply(feed, commit)

    def _apply(self, feed: Feed, commit: Commit) -> None:
        if commit.min_seq:
            feed.forget_below(commit.min_seq)
            return
        if commit.first > feed.head + 1:
            feed.pending[commit.first] = commit
            if feed.gap_timer is None:
                feed.gap_timer = self.loop.call_later(GAP_SECONDS, self.fill, feed)
            return
        if commit.first + len(commit.payloads) <= feed.head + 1:
            return  # read from the database in the meantime, in a form that is as new or newer
        for seq, payload in commit.rewrites:
            feed.rewrite(seq, payload)
        news = commit.payloads[feed.head + 1 - commit.first :]
        if news:
            self._broadcast(feed, news)
        if feed.pending:
            later = feed.pending.pop(feed.head + 1, None)
            if later is not None:
                self._apply(feed, later)
            self._forget_old(feed)

    def _forget_old(self, feed: Feed) -> None:
        for first in [first for first in feed.pending if first <= feed.head]:
            self._apply(feed, feed.pending.pop(first))
        if not feed.pending and feed.gap_timer is not None:
            feed.gap_timer.cancel()
            feed.gap_timer = None

    def _broadcast(self, feed: Feed, payloads: Sequence[str]) -> None:
        for portion in frames.portions(payloads, CHUNK_CHARS):
            self._broadcast_portion(feed, portion)

    def _broadcast_portion(self, feed: Feed, payloads: Sequence[str]) -> None:
        before = feed.head
        feed.extend(payloads)
        acked_from = feed.head - WINDOW_EVENTS
        end_from = feed.end - WINDOW_BYTES
        frame = feed.frame(payloads, feed.head)
        left_behind = [
            reader
            for reader in feed.live
            if reader.connection.congested or reader.acked < acked_from or reader.acked_end < end_from
        ]
        for reader in left_behind:
            reader.live = False
            reader.cursor = before
            feed.live.discard(reader)
            feed.behind.add(reader)
        for reader in feed.live:
            reader.connection.write(frame)
        if feed.behind:
            self._wake.set()

    def fill(self, feed: Feed) -> None:
        """Read from the database what the feed lacks; one read at a time for a feed."""
        if feed.gap_timer is not None:
            feed.gap_timer.cancel()
            feed.gap_timer = None
        if feed.filling is None and self.feeds.get(feed.log_id) is feed:
            feed.filling = self.loop.create_task(self._fill(feed))

    async def _fill(self, feed: Feed) -> None:
        try:
            await failpoints.arrive("hub.filling", feed=feed)
            rows = await in_database(log.payloads_after, feed.log_id, feed.head, CHUNK_EVENTS)
            news = [payload for seq, payload in rows if seq > feed.head]
            if news and (len(rows) == CHUNK_EVENTS or rows[0][0] > feed.head + 1):
                # Far behind, or what was missed is purged: let everyone catch up from the database.
                self._jump(feed, (await in_database(log.head, feed.log_id)).last_seq)
            elif news:
                # A missed commit may have rewritten older events: serve those from the database.
                feed.ring.clear()
                feed.ring_bytes = 0
                self._broadcast(feed, news)
        except (DatabaseError, InterfaceError):
            logger.warning("fill_failed")
        finally:
            feed.filling = None
        self._forget_old(feed)
        if feed.pending:
            later = feed.pending.pop(feed.head + 1, None)
            if later is not None:
                self._apply(feed, later)
            elif feed.gap_timer is None:
                feed.gap_timer = self.loop.call_later(GAP_SECONDS, self.fill, feed)

    def _jump(self, feed: Feed, head: int) -> None:
        for reader in feed.live:
            reader.live = False
            reader.cursor = feed.head
        feed.behind |= feed.live
        feed.live = set()
        feed.restart(max(head, feed.head))
        self._wake.set()

    # --- readers -------------------------------------------------------------------------------------------------

    def attach(
        self,
        connection: Connection,
        opened: Opened,
        head: Head,
        since: int,
        *,
        acks: bool = True,
        seen: bool = True,
    ) -> Reader:
        """Let a connection read a log after `since`. A second call for the same room moves the cursor.

        Without `acks` only the buffer holds the reader back; without `seen` it does not count as being here.
        """
        feed = self.feeds.get(opened.log_id)
        if feed is not None and feed.epoch != head.epoch:
            self._send_back(feed, but=connection)
            self.detach(connection, opened.slug)
            feed = None
        if feed is None:
            feed = self.feeds[opened.log_id] = Feed(opened, head.epoch, head.last_seq, head.min_seq)
            for hook in self.on_feed_opened:
                hook(feed)
            self.fill(feed)  # what was committed since the head was read found no feed that could take it
        feed.min_seq = max(feed.min_seq, head.min_seq)
        old = connection.readers.get(opened.slug)
        if old is not None:
            feed.live.discard(old)
            feed.behind.discard(old)
        reader = Reader(connection, opened, since, feed.end_at(since), clock.monotonic())
        reader.counts = seen
        if not acks:
            reader.acked = reader.acked_end = UNBOUNDED
        connection.readers[opened.slug] = reader
        feed.behind.add(reader)
        if head.last_seq > feed.head:
            self.fill(feed)
        self.promote(feed, reader)
        self._wake.set()
        if old is None and seen:
            for hook in self.on_join:
                hook(feed, reader)
        return reader

    def promote(self, feed: Feed, reader: Reader) -> None:
        """Write to it directly from now on, if it stands at the head: who knows more than this hub waits for it."""
        if reader.cursor == feed.head and reader in feed.behind:
            feed.behind.discard(reader)
            feed.live.add(reader)
            reader.live = True

    def detach(self, connection: Connection, slug: str) -> None:
        reader = connection.readers.pop(slug, None)
        if reader is None:
            return
        feed = self.feeds.get(reader.opened.log_id)
        if feed is None:
            return
        feed.live.discard(reader)
        feed.behind.discard(reader)
        for hook in self.on_leave if reader.counts else ():
            hook(feed, reader)
        if not feed.live and not feed.behind:
            del self.feeds[feed.log_id]
            if feed.gap_timer is not None:
                feed.gap_timer.cancel()
            for hook in self.on_feed_closed:
                hook(feed)

    def add(self, connection: Connection) -> None:
        self.connections.add(connection)
        self.of_member.setdefault(connection.member.pk, set()).add(connection)

    def remove(self, connection: Connection) -> None:
        connection.over = True
        for slug in list(connection.readers):
            self.detach(connection, slug)
        self.connections.discard(connection)
        theirs = self.of_member.get(connection.member.pk, set())
        theirs.discard(connection)
        if not theirs:
            self.of_member.pop(connection.member.pk, None)

    def position(self, reader: Reader) -> int:
        feed = self.feeds.get(reader.opened.log_id)
        return feed.head if reader.live and feed is not None else reader.cursor

    def ack(self, reader: Reader, seq: int) -> None:
        feed = self.feeds.get(reader.opened.log_id)
        seq = min(seq, self.position(reader))
        if feed is None or seq <= reader.acked:
            return
        reader.acked = seq
        reader.acked_end = feed.end_at(seq)
        reader.progress_at = clock.monotonic()
        if not reader.live:
            self._wake.set()

    async def _serve_those_behind(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            for feed in list(self.feeds.values()):
                for reader in list(feed.behind):
                    await self._serve(feed, reader)

    async def _serve(self, feed: Feed, reader: Reader) -> None:
        """Bring one reader forward as far as its window and its buffer allow, a chunk at a time."""
        connection = reader.connection
        while reader in feed.behind and not connection.over and not connection.congested:
            self.promote(feed, reader)
            if reader.live or reader.cursor > feed.head or feed.left_in_window(reader, reader.cursor) <= 0:
                return
            most = min(CHUNK_EVENTS, feed.left_in_window(reader, reader.cursor))
            chunk = feed.slice(reader.cursor, most)
            if chunk is None:
                try:
                    rows = await in_database(log.payloads_after, feed.log_id, reader.cursor, most)
                except (DatabaseError, InterfaceError):
                    logger.warning("catch_up_failed")
                    self.loop.call_later(1.0, self._wake.set)
                    return
                if reader not in feed.behind or connection.over:
                    return
                # What the hub has not heard of yet it will tell this reader with all the others.
                rows = [row for row in rows if row[0] <= feed.head]
                if not rows:
                    connection.send({"t": "skip", "room": feed.slug, "to": feed.head})
                    reader.cursor = feed.head
                    continue
                chunk = list(frames.portions(self._current(feed, rows), CHUNK_CHARS)[0])
                cursor = rows[len(chunk) - 1][0]
                if rows[0][0] > reader.cursor + 1:
                    connection.send({"t": "skip", "room": feed.slug, "to": rows[0][0] - 1})
            else:
                cursor = reader.cursor + len(chunk)
            reader.cursor = cursor
            connection.write(feed.frame(chunk, cursor))

    @staticmethod
    def _current(feed: Feed, rows: list[tuple[int, str]]) -> list[str]:
        """Rows read a moment ago, with what the ring knows better (hidden or edited since the read began)."""
        first = feed.ring[0].seq if feed.ring else feed.head + 1
        return [
            feed.ring[seq - first].payload if first <= seq <= feed.head else payload for seq, payload in rows
        ]

    # --- over ----------------------------------------------------------------------------------------------------

    def end(self, connection: Connection, code: str, **more: Any) -> None:
        connection.finish(GONE[code], {"code": code, **more})
        self.remove(connection)

    def shut_out(self, connection: Connection, slug: str, code: str = "removed") -> None:
        """This room is over for this connection; the socket stays."""
        self.detach(connection, slug)
        connection.send({"t": "gone", "room": slug, "code": code})
        if connection.one_room:
            connection.finish(GONE["auth"])
            self.remove(connection)

    def _send_back(self, feed: Feed, but: Connection | None = None) -> None:
        """In a new epoch no cursor means anything any more: everyone comes back and begins anew."""
        for reader in feed.readers:
            if reader.connection is not but:
                self.end(reader.connection, "restart", retry_ms=random.randint(200, 2000))  # noqa: S311

    def ephemeral(self, feed: Feed, frame: Frame, *, but_member: int | None = None) -> None:
        """Show a passing thing to readers who are up to date; it may be lost."""
        for reader in feed.live:
            to = reader.connection
            if to.member.pk != but_member and not to.congested and not to.quiet:
                to.write(frame)

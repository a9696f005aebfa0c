"""A log as one process serves it: its newest events, encoded, and the readers that stand somewhere along it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from community.live import frames
from community.live.domain import Opened
from community.live.frames import Frame

if TYPE_CHECKING:
    from community.live.connection import Connection
    from community.live.log import Commit

RING_BYTES = 512 * 1024
RING_EVENTS = 4096
WINDOW_EVENTS = 1024
WINDOW_BYTES = 1024 * 1024
CHUNK_EVENTS = 200
CHUNK_CHARS = 64 * 1024


class Entry(NamedTuple):
    """`end` is how many payload bytes this feed had carried when the event was added."""

    seq: int
    payload: str
    end: int


class Reader:
    """A cursor over a feed. While it is up to date its cursor is the feed's head and is not moved one by one."""

    __slots__ = (
        "acked",
        "acked_at_tick",
        "acked_end",
        "connection",
        "counts",
        "cursor",
        "live",
        "opened",
        "progress_at",
        "versions",
    )

    def __init__(self, connection: Connection, opened: Opened, cursor: int, end: int, now: float) -> None:
        self.connection = connection
        self.opened = opened
        self.cursor = cursor
        self.live = False
        self.counts = True
        self.acked = self.acked_at_tick = cursor
        self.acked_end = end
        self.progress_at = now
        self.versions = 0


class Feed:
    """The ring holds the log's newest events without a hole up to `head`; below it the database answers."""

    __slots__ = (
        "behind",
        "end",
        "epoch",
        "filling",
        "gap_timer",
        "head",
        "live",
        "log_id",
        "min_seq",
        "pending",
        "ring",
        "ring_bytes",
        "slug",
    )

    def __init__(self, opened: Opened, epoch: UUID, head: int, min_seq: int) -> None:
        self.log_id = opened.log_id
        self.slug = opened.slug
        self.epoch = epoch
        self.head = head
        self.min_seq = min_seq
        self.ring: deque[Entry] = deque()
        self.ring_bytes = 0
        self.end = 0
        self.live: set[Reader] = set()
        self.behind: set[Reader] = set()
        self.pending: dict[int, Commit] = {}
        self.filling: asyncio.Task[None] | None = None
        self.gap_timer: asyncio.TimerHandle | None = None

    @property
    def readers(self) -> set[Reader]:
        return self.live | self.behind

    def frame(self, payloads: Sequence[str], last: int) -> Frame:
        """The frame for these events, of which `last` is the newest."""
        return Frame(frames.many(self.slug, payloads), f"{self.epoch}:{last}")

    def extend(self, payloads: Sequence[str]) -> None:
        for payload in payloads:
            self.head += 1
            self.end += len(payload)
            self.ring.append(Entry(self.head, payload, self.end))
            self.ring_bytes += len(payload)
        while self.ring_bytes > RING_BYTES or len(self.ring) > RING_EVENTS:
            self.ring_bytes -= len(self.ring.popleft().payload)

    def restart(self, head: int) -> None:
        """Go on from `head` with an empty ring: what lies before is read from the database."""
        self.ring.clear()
        self.ring_bytes = 0
        self.head = head

    def forget_below(self, min_seq: int) -> None:
        """Drop what has been purged."""
        self.min_seq = max(self.min_seq, min_seq)
        while self.ring and self.ring[0].seq < min_seq:
            self.ring_bytes -= len(self.ring.popleft().payload)

    def rewrite(self, seq: int, payload: str) -> None:
        """Serve the event `seq` in its new form."""
        if self.ring and self.ring[0].seq <= seq <= self.head:
            place = seq - self.ring[0].seq
            old = self.ring[place]
            self.ring[place] = Entry(seq, payload, old.end)
            self.ring_bytes += len(payload) - len(old.payload)

    def slice(self, after: int, limit: int) -> list[str] | None:
        """Payloads after a seq, at most `limit` and 64 K characters; None when they lie below the ring."""
        if after >= self.head:
            return []
        if not self.ring or self.ring[0].seq > after + 1:
            return None
        start = after + 1 - self.ring[0].seq
        run = [self.ring[place].payload for place in range(start, min(start + limit, len(self.ring)))]
        return list(frames.portions(run, CHUNK_CHARS)[0])

    def end_at(self, seq: int) -> int:
        """How many payload bytes had been carried up to `seq` (as far as the ring reaches back)."""
        if seq >= self.head:
            return self.end
        if not self.ring or seq < self.ring[0].seq:
            return self.ring[0].end - len(self.ring[0].payload) if self.ring else self.end
        return self.ring[seq - self.ring[0].seq].end

    def left_in_window(self, reader: Reader, position: int) -> int:
        """How many events a reader that stands there may be sent before it acknowledges some."""
        # Below the ring its bytes can only be guessed: to who owes nothing they never count.
        if position > reader.acked and self.end_at(position) - reader.acked_end >= WINDOW_BYTES:
            return 0
        return WINDOW_EVENTS - (position - reader.acked)

"""One reader's link: what it reads, and how frames leave for it. Sockets and streams give it a Pipe."""

from __future__ import annotations

import itertools
from typing import Any, Protocol

from community.live.domain import Author, Opened
from community.live.feed import Reader
from community.live.frames import Frame, encode

BUFFER_CAP = 256 * 1024
_numbers = itertools.count(1)


class Pipe(Protocol):
    """A way out for frames, in order. Never blocks."""

    def write(self, frame: Frame) -> int:
        """Send a frame; how many bytes now wait to leave."""

    def buffered(self) -> int:
        """Bytes accepted and not yet taken by the network."""

    def pause_reading(self) -> None:
        """Take no more frames from the client until `resume_reading`."""

    def resume_reading(self) -> None:
        """Take frames again."""

    def close(self, code: int) -> None:
        """Close after what was written."""


class Connection:
    __slots__ = (
        "author",
        "congested",
        "congested_since",
        "id",
        "member",
        "one_room",
        "over",
        "pipe",
        "quiet",
        "readers",
        "session_key",
        "stamp",
    )

    def __init__(self, member: Any, session_key: str, pipe: Pipe, *, one_room: bool = False) -> None:
        """`one_room`: it ends with the room that it reads, as a stream does."""
        self.id = next(_numbers)
        self.member = member
        self.author = Author.of(member)
        self.stamp: str = member.password
        self.session_key = session_key
        self.pipe = pipe
        self.one_room = one_room
        # The member asked for less data: who is here and who is writing is not told.
        self.quiet = bool(getattr(member, "less_data", False))
        self.readers: dict[str, Reader] = {}
        self.congested = False
        self.congested_since = 0.0
        self.over = False

    def write(self, frame: Frame) -> None:
        if self.over:
            return
        if self.pipe.write(frame) > BUFFER_CAP and not self.congested:
            self.congested = True
            self.pipe.pause_reading()

    def send(self, value: dict[str, Any]) -> None:
        self.write(Frame(encode(value)))

    def opened(self, slug: str) -> Opened | None:
        reader = self.readers.get(slug)
        return reader.opened if reader else None

    def finish(self, code: int, gone: dict[str, Any] | None = None) -> None:
        """Say `gone`, close, and take nothing more."""
        if self.over:
            return
        if gone is not None:
            self.send({"t": "gone", **gone})
        self.over = True
        self.pipe.close(code)

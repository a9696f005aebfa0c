"""Encoding and decoding: JSON text frames, the event's payload, and WebSocket framing (RFC 6455 section 5.2)."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from community.live.domain import Code, FrameRefused

FRAME_BYTES = 16 * 1024
JSON_DEPTH = 8


@lru_cache(maxsize=64)
def stamp(at: datetime) -> str:
    """UTC, ISO 8601 with milliseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def encode(value: Any) -> str:
    return orjson.dumps(value).decode()


def payload(
    *,
    seq: int,
    type: str,
    by: Mapping[str, str] | None,
    at: datetime,
    key: str | None,
    data: Mapping[str, Any],
) -> str:
    """The event as readers get it, without the room's name; stored, so that ring and database serve the same bytes."""
    return encode({"seq": seq, "type": type, "by": by, "at": stamp(at), "key": key, "data": data})


def one(room: str, event: str) -> str:
    return f'{{"t":"ev","room":"{room}",{event[1:]}'


def many(room: str, events: Sequence[str]) -> str:
    return (
        one(room, events[0])
        if len(events) == 1
        else f'{{"t":"batch","room":"{room}","ev":[{",".join(events)}]}}'
    )


def portions(payloads: Sequence[str], most: int) -> list[Sequence[str]]:
    """Cut into runs of at most `most` characters each (a single longer payload is a run of its own)."""
    if sum(map(len, payloads)) <= most:
        return [payloads]
    runs: list[Sequence[str]] = []
    start = size = 0
    for place, text in enumerate(payloads):
        if size and size + len(text) > most:
            runs.append(payloads[start:place])
            start, size = place, 0
        size += len(text)
    runs.append(payloads[start:])
    return runs


def digest(frame: Mapping[str, Any]) -> str:
    """SHA-256 over what a `send` or `act` asks for; its id and key are not part of that."""
    asked = {name: value for name, value in frame.items() if name not in {"id", "key", "room"}}
    return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _too_deep(value: Any, left: int) -> bool:
    if isinstance(value, dict):
        return left == 0 or any(_too_deep(item, left - 1) for item in value.values())
    if isinstance(value, list):
        return left == 0 or any(_too_deep(item, left - 1) for item in value)
    return False


def _bytes_in(text: str | bytes) -> int:
    return len(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)


def decode(text: str | bytes) -> dict[str, Any]:
    """A client's frame: a JSON object with a string `t`. Raises FrameRefused."""
    # A character takes at most four bytes, so that short frames need not be counted.
    if len(text) > FRAME_BYTES // 4 and _bytes_in(text) > FRAME_BYTES:
        raise FrameRefused(Code.TOO_LARGE, "That is too long for one message.")
    try:
        frame = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        raise FrameRefused(Code.BAD_FRAME, "Not a JSON object.") from None
    if not isinstance(frame, dict) or not isinstance(frame.get("t"), str):
        raise FrameRefused(Code.BAD_FRAME, "Not a JSON object with a “t”.")
    if _too_deep(frame, JSON_DEPTH):
        raise FrameRefused(Code.BAD_FRAME, "Nested too deeply.")
    return frame


class Frame:
    """One text frame, encoded once for all its readers. `mark` is `<epoch>:<seq>` of the last event in it, if any."""

    __slots__ = ("_raw", "_streamed", "mark", "text")

    def __init__(self, text: str, mark: str = "") -> None:
        self.text = text
        self.mark = mark
        self._raw: bytes | None = None
        self._streamed: bytes | None = None

    @property
    def streamed(self) -> bytes:
        """The frame as a Server-Sent Event (WHATWG HTML, section 9.2)."""
        if self._streamed is None:
            mark = f"id: {self.mark}\n" if self.mark else ""
            self._streamed = f"{mark}data: {self.text}\n\n".encode()
        return self._streamed

    @property
    def raw(self) -> bytes:
        """The whole unmasked WebSocket frame, header and all."""
        if self._raw is None:
            body = self.text.encode()
            size = len(body)
            if size < 126:
                head = bytes((0x81, size))
            elif size < 65536:
                head = struct.pack("!BBH", 0x81, 126, size)
            else:
                head = struct.pack("!BBQ", 0x81, 127, size)
            self._raw = head + body
        return self._raw

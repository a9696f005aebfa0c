"""Two ways out for frames: straight into Daphne's TCP transport, or through plain ASGI `send`; and a short way in.

The first knows the insides of Daphne, autobahn and Twisted, whose versions are pinned; whatever it does not recognise
(TLS, another server, a test) goes the second way.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from community.live.frames import Frame

EXTENSION = "porchlight.protocol"
OPEN = 3  # autobahn's WebSocketProtocol.STATE_OPEN
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def short_way_in(protocol: Any) -> Callable[[bytes], None]:
    """A `dataReceived` that takes whole masked text frames (RFC 6455 section 5.2); all else it leaves to autobahn.

    That is whatever comes in parts, control frames, errors. autobahn takes four times as long, and formats a coloured
    line for its log at each call, even when nobody logs.
    """
    long_way = protocol._dataReceived

    def receive(data: bytes) -> None:
        start, size = 0, len(data)
        if protocol.state == OPEN and not (
            protocol.data or protocol.current_frame or protocol.inside_message
        ):
            while size - start >= 6 and data[start] == 0x81 and 0x80 <= data[start + 1] < 0xFF:
                length, body = data[start + 1] - 0x80, start + 6
                if length == 126:
                    length, body = data[start + 2] << 8 | data[start + 3], start + 8
                    if length < 126:
                        break
                end = body + length
                if end > size:
                    break
                mask = data[body - 4 : body] * (length // 4 + 1)
                words = int.from_bytes(data[body:end], "little") ^ int.from_bytes(mask[:length], "little")
                payload = words.to_bytes(length, "little")
                if not _is_text(payload):
                    break
                start = end
                protocol.onMessage(payload, False)
        if start < size:
            long_way(data[start:])

    return receive


def _is_text(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


class DirectPipe:
    """Writes the built frame to the socket when nothing waits before it, and to Twisted's buffer otherwise."""

    __slots__ = ("protocol", "socket", "transport")

    def __init__(self, protocol: Any) -> None:
        self.protocol = protocol
        self.transport = protocol.transport
        self.socket = protocol.transport.socket
        protocol.dataReceived = short_way_in(protocol)

    @staticmethod
    def fits(protocol: Any) -> bool:
        from twisted.internet.tcp import Server

        return type(getattr(protocol, "transport", None)) is Server

    def write(self, frame: Frame) -> int:
        transport = self.transport
        if self.protocol.state != OPEN or transport.disconnecting or not transport.connected:
            return 0
        data = frame.raw
        if not transport.dataBuffer and not transport._tempDataBuffer:
            try:
                sent = self.socket.send(data)
            except (BlockingIOError, InterruptedError):
                sent = 0
            except OSError:
                transport.loseConnection()
                return 0
            if sent == len(data):
                return 0
            data = data[sent:]
        transport.write(data)
        return self.buffered()

    def buffered(self) -> int:
        transport = self.transport
        waiting: int = len(transport.dataBuffer) - transport.offset + transport._tempDataLen
        return waiting

    def pause_reading(self) -> None:
        if self.transport.connected:
            self.transport.pauseProducing()

    def resume_reading(self) -> None:
        if self.transport.connected and not self.transport.disconnecting:
            self.transport.resumeProducing()

    def close(self, code: int) -> None:
        self.protocol.sendClose(code=code)


class AsgiPipe:
    """Sends through ASGI, in order, by a task that lives while something waits."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: deque[dict[str, Any]] = deque()
        self._bytes = 0
        self._task: asyncio.Task[None] | None = None
        self._reading = asyncio.Event()
        self._reading.set()

    def _put(self, message: dict[str, Any]) -> None:
        self._waiting.append(message)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._drain())

    async def _drain(self) -> None:
        try:
            while self._waiting:
                message = self._waiting.popleft()
                self._bytes -= len(message.get("text", ""))
                await self._send(message)
        finally:
            self._task = None

    def write(self, frame: Frame) -> int:
        self._bytes += len(frame.text)
        self._put({"type": "websocket.send", "text": frame.text})
        return self._bytes

    def buffered(self) -> int:
        return self._bytes

    def pause_reading(self) -> None:
        self._reading.clear()

    def resume_reading(self) -> None:
        self._reading.set()

    async def readable(self) -> None:
        await self._reading.wait()

    def close(self, code: int) -> None:
        self._put({"type": "websocket.close", "code": code})

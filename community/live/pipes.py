"""Two ways out for frames: straight into Daphne's TCP transport, or through plain ASGI `send`.

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
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class DirectPipe:
    """Writes the built frame to the socket when nothing waits before it, and to Twisted's buffer otherwise."""

    __slots__ = ("protocol", "socket", "transport")

    def __init__(self, protocol: Any) -> None:
        self.protocol = protocol
        self.transport = protocol.transport
        self.socket = protocol.transport.socket
        # autobahn's own formats a coloured line for its log before each call of this, even when nobody logs.
        protocol.dataReceived = protocol._dataReceived

    @staticmethod
    def fits(protocol: Any) -> bool:
        from twisted.internet.tcp import Server

        return type(getattr(protocol, "transport", None)) is Server

    def write(self, frame: Frame) -> int:
        transport = self.transport
        if self.protocol.state != 3 or transport.disconnecting or not transport.connected:
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

"""A connection whose other end reads nothing after the handshake: a phone in a tunnel, or somebody with bad intent."""

from __future__ import annotations

import asyncio
import base64
import os
import select
import socket
import struct

RECEIVE_BUFFER = 4096


class Deaf:
    def __init__(self, door: socket.socket) -> None:
        self.door = door

    @classmethod
    async def ask(cls, port: int, request: str) -> Deaf:
        """Send a request, read the head of the answer (which must be a good one) and then nothing more."""
        door = socket.socket()
        door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        door.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(door, ("127.0.0.1", port))
        await loop.sock_sendall(door, request.encode())
        head = b""
        while b"\r\n\r\n" not in head:
            byte = await loop.sock_recv(door, 1)
            assert byte, head
            head += byte
        assert head.split()[1] in {b"101", b"200"}, head
        return cls(door)

    @classmethod
    async def on_socket(cls, port: int, cookie: str) -> Deaf:
        key = base64.b64encode(os.urandom(16)).decode()
        return await cls.ask(
            port,
            f"GET /live/ HTTP/1.1\r\nHost: localhost:{port}\r\nCookie: sessionid={cookie}\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: rooms.v1\r\n\r\n",
        )

    @classmethod
    async def on_stream(cls, port: int, cookie: str, slug: str) -> Deaf:
        return await cls.ask(
            port,
            f"GET /live/{slug}/stream/ HTTP/1.1\r\nHost: localhost:{port}\r\nCookie: sessionid={cookie}\r\n\r\n",
        )

    async def put(self, text: str) -> None:
        """Send a text frame. Raises OSError once the server has cut the connection."""
        body = text.encode()
        size = bytes((0x80 | len(body),)) if len(body) < 126 else struct.pack("!BH", 0x80 | 126, len(body))
        frame = b"\x81" + size + bytes(4) + body
        await asyncio.get_running_loop().sock_sendall(self.door, frame)

    @property
    def cut(self) -> bool:
        """Whether the server has ended the connection, as the kernel tells without reading."""
        asker = select.poll()
        asker.register(self.door, select.POLLRDHUP)
        return bool(asker.poll(0))

    def close(self) -> None:
        self.door.close()

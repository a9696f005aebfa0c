"""Plain HTTP/1.1 over asyncio, as little as a reader and a writer of a room need."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress

TOKEN = "a" * 32  # any 32 letters do, as long as the cookie and the header agree


class Answer:
    """A response whose body is still to be read."""

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.status = status
        self.headers = headers
        self.reader = reader
        self.writer = writer

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes. Raises IncompleteReadError where it is cut."""
        if "content-length" in self.headers:
            yield await self.reader.readexactly(int(self.headers["content-length"]))
            return
        while size := int((await self.reader.readuntil(b"\r\n")).strip(), 16):
            yield (await self.reader.readexactly(size + 2))[:-2]
        await self.reader.readexactly(2)

    async def body(self) -> bytes:
        return b"".join([chunk async for chunk in self.chunks()])

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError, OSError):
            await self.writer.wait_closed()


async def ask(
    port: int,
    method: str,
    path: str,
    *,
    cookie: str = "",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Answer:
    """Send a request and read the head of its answer. Raises OSError, EOFError."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    cookies = f"sessionid={cookie}; csrftoken={TOKEN}" if cookie else f"csrftoken={TOKEN}"
    fields = {"Host": f"localhost:{port}", "Connection": "close", "Cookie": cookies}
    if method == "POST":
        fields |= {"Content-Type": "application/json", "Content-Length": str(len(body)), "X-CSRFToken": TOKEN}
    fields |= headers or {}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    try:
        writer.write(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body)
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin1").split("\r\n")
    except BaseException:
        writer.close()
        raise
    answered = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in head[1:] if line)
    }
    return Answer(int(head[0].split()[1]), answered, reader, writer)

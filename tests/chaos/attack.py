"""Sends frames of every bad kind to a server, until it is killed; what and where comes as JSON on standard input."""

from __future__ import annotations

import asyncio
import random
import sys
from contextlib import suppress

import orjson
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.chaos.clients import open_socket


async def attack(port: int, cookie: str, texts: list[str], chance: random.Random) -> None:
    """Comes back whenever its socket is ended."""
    while True:
        with suppress(ConnectionClosed, InvalidHandshake, OSError, EOFError, TimeoutError):
            async with await open_socket(port, cookie) as connection:
                await asyncio.gather(shout(connection, texts, chance), listen(connection))


async def shout(connection: ClientConnection, texts: list[str], chance: random.Random) -> None:
    while True:
        await connection.send(chance.choice(texts))


async def listen(connection: ClientConnection) -> None:
    while True:
        await connection.recv()


async def main() -> None:
    what = orjson.loads(sys.stdin.buffer.read())
    texts = [*what["texts"], *("x" * size for size in what["sizes"])]
    print("at it", flush=True)  # noqa: T201
    await asyncio.gather(
        *(
            attack(what["port"], cookie, texts, random.Random(f"{what['seed']} {number}"))
            for number, cookie in enumerate(what["cookies"])
        )
    )


asyncio.run(main())

"""The server that ours is measured against: `websockets.broadcast` and nothing else.

No sign-in, no database, no acknowledgement: a message is parsed, numbered, and broadcast to the room's connections with
the fields that our room's events have. It says its port on standard output.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson
from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed


@dataclass
class Room:
    last_seq: int = 0
    readers: set[ServerConnection] = field(default_factory=set)


rooms: dict[str, Room] = {}


async def converse(connection: ServerConnection) -> None:
    await connection.send('{"t":"welcome"}')
    asked = orjson.loads(await connection.recv())
    room = rooms.setdefault(asked["room"], Room())
    room.readers.add(connection)
    await connection.send(f'{{"t":"subd","head":{room.last_seq},"since":{room.last_seq}}}')
    with suppress(ConnectionClosed):
        async for message in connection:
            frame = orjson.loads(message)
            room.last_seq += 1
            event = {
                "t": "ev",
                "room": frame["room"],
                "seq": room.last_seq,
                "type": "message.posted",
                "by": {"id": "0123456789", "handle": "load 1"},
                "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "key": frame["key"],
                "data": {"text": frame["text"], "html": f"<p>{frame['text']}</p>"},
            }
            broadcast(room.readers, orjson.dumps(event).decode())
    room.readers.discard(connection)


async def main() -> None:
    async with serve(converse, "127.0.0.1", 0, compression=None, subprotocols=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

"""A seeded load on a room of the house, and the one oracle that judges it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any

from tests.chaos.clients import (
    FormSender,
    Frame,
    PollReader,
    Reader,
    Sender,
    SocketReader,
    SocketSender,
    StreamReader,
)
from tests.chaos.house import House, Place, Row, Server

PATIENCE = 90.0


class Load:
    """`async with Load(house, place, seed) as load`: senders and readers of each kind, the room's first six people."""

    def __init__(self, house: House, place: Place, seed: int, servers: Sequence[Server] = ()) -> None:
        self.house = house
        self.ports = [server.port for server in servers or (house.first, house.second)]
        self.place = place
        self.seed = seed
        self._progress = asyncio.Event()
        self.senders: list[Sender] = []
        self.readers: list[Reader] = []
        kinds: list[type[Sender]] = [*[SocketSender] * 4, *[FormSender] * 2]
        for number, (kind, person) in enumerate(zip(kinds, place.people, strict=False)):
            self.senders.append(kind(f"sender {number}", *self._means(number, person)))
        readers: list[type[Reader]] = [SocketReader, StreamReader, PollReader] * 2
        for number, (reading, person) in enumerate(zip(readers, place.people, strict=False)):
            name = f"{reading.__name__} {number}"
            self.readers.append(reading(name, *self._means(100 + number, person)))
        self.tasks: list[asyncio.Task[None]] = []

    def _means(self, number: int, person: Any) -> tuple[Any, ...]:
        # Every other one begins at the second server, so that some of each kind are on both.
        first = number % len(self.ports)
        return (
            self.ports[first:] + self.ports[:first],
            person,
            self.place,
            random.Random(f"{self.seed} {number}"),
            self._progress.set,
        )

    async def __aenter__(self) -> Load:
        clients = [*self.senders, *self.readers]
        self.tasks = [asyncio.create_task(client.run(), name=client.name) for client in clients]
        return self

    async def __aexit__(self, *error: object) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def until(self, what: str, holds: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Wait for a condition. Raises AssertionError when it does not come to hold, or when a client broke."""
        try:
            async with asyncio.timeout(seconds):
                while not holds():
                    self._progress.clear()
                    await self._progress.wait()
                    for task in self.tasks:
                        if task.done():
                            task.result()
        except TimeoutError:
            raise AssertionError(f"waited {seconds} s in vain: {what}\n{self.told()}") from None

    def told(self) -> str:
        lines = [f"seed {self.seed}"]
        lines += [f"{each.name}: {len(each.acked)} acked, {len(each.outbox)} waiting, {each.losses} losses, "
                  f"refused {each.refused[-3:]}" for each in self.senders]  # fmt: skip
        lines += [f"{each.name}: up to {each.last}, {each.losses} losses" for each in self.readers]
        return "\n".join(lines)

    @property
    def acked(self) -> int:
        return sum(len(sender.acked) for sender in self.senders)

    async def warm(self) -> None:
        """Everyone has written and read something."""
        await self.until("everyone has begun", lambda: all(len(each.acked) >= 5 for each in self.senders))
        await self.until("everyone reads", lambda: all(reader.last >= 10 for reader in self.readers))

    async def acks_go_on(self, more: int = 60) -> None:
        """So many more acks, some of each sender's."""
        before = {sender.name: len(sender.acked) for sender in self.senders}
        total = self.acked
        await self.until(
            "acks go on",
            lambda: (
                self.acked >= total + more
                and all(len(sender.acked) > before[sender.name] for sender in self.senders)
            ),
        )

    async def readers_pass(self, seq: int, seconds: float = PATIENCE) -> None:
        await self.until(f"all read {seq}", lambda: all(each.last >= seq for each in self.readers), seconds)

    async def finish(self, others: int = 0) -> list[Row]:
        """No new words; everything that was written is answered, everything answered is read. The log, judged.

        `others` is how many messages were written by those who are not of this load.
        """
        for sender in self.senders:
            sender.writes = False
        await self.until("all is answered", lambda: not any(sender.outbox for sender in self.senders))
        await self.readers_pass(await asyncio.to_thread(self.house.head, self.place.log_id))
        rows = await asyncio.to_thread(self.house.rows, self.place.log_id)
        judge(self, rows, others)
        return rows


def judge(load: Load, rows: list[Row], others: int = 0) -> None:
    """The oracle: what was acknowledged is what the database holds, and what every reader was given, in its order."""
    faults = [fault for client in [*load.senders, *load.readers] for fault in client.faults]
    assert not faults, "\n".join([f"seed {load.seed}", *faults[:20]])

    keys = [key for _, key, _, _ in rows]
    assert len(keys) == len(set(keys)), "stored twice"
    asked = {key: frame for sender in load.senders for key, frame in sender.asked.items()}
    acked = {key: seq for sender in load.senders for key, seq in sender.acked.items()}
    stored = {key: seq for seq, key, _, _ in rows if key in asked}
    assert len(rows) == len(stored) + others, "in the database, and never asked for"
    assert acked.keys() - stored.keys() == set(), "acknowledged, and not in the database"
    assert stored.keys() - acked.keys() == set(), "in the database, and never acknowledged"
    assert acked == stored
    said = {key for key, frame in asked.items() if frame["t"] == "send"}
    assert said <= stored.keys()
    assert [seq for seq, *_ in rows] == list(range(1, len(rows) + 1)), "the log has a hole"

    order = [(seq, key, kind) for seq, key, kind, _ in rows]
    texts = current_texts([{"seq": seq, "type": kind, "data": data} for seq, _, kind, data in rows])
    for reader in load.readers:
        given = [(event["seq"], event["key"], event["type"]) for event in reader.events]
        assert given == order, f"{reader.name} was given something else"
        assert current_texts(reader.events) == texts, f"{reader.name} shows other words"


def current_texts(events: list[Frame]) -> dict[int, str]:
    """What a screen shows after these events: seq -> words."""
    shown: dict[int, str] = {}
    for event in events:
        match event["type"]:
            case "message.posted":
                shown[event["seq"]] = event["data"].get("text", "")
            case "message.edited":
                shown[event["data"]["seq"]] = event["data"]["text"]
    return shown

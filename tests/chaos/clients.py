"""Clients that keep PROTOCOL.md's rules while everything breaks around them, and write down what they were told."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections import deque
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.chaos.house import Person, Place
from tests.chaos.http import Answer, ask

Frame = dict[str, Any]

LOST = (OSError, EOFError, TimeoutError, ConnectionClosed, InvalidHandshake, asyncio.LimitOverrunError)
ACK_EVENTS = 200
ACK_SECONDS = 1.0
FIRST_WAIT, LONGEST_WAIT = 0.1, 2.0
IN_FLIGHT = 4
TEMPO_SECONDS = 0.03


class Broken(OSError):
    """The client leaves this connection of its own accord and comes back, as the protocol tells it to."""


async def open_socket(port: int, cookie: str, **how: Any) -> ClientConnection:
    how = {
        "compression": None,
        "max_size": None,
        "proxy": None,
        "ping_interval": None,
        "open_timeout": 60,
    } | how
    return await connect(
        f"ws://localhost:{port}/live/",
        subprotocols=["rooms.v1"],  # type: ignore[list-item]
        additional_headers={"Cookie": f"sessionid={cookie}"},
        **how,
    )


async def put(socket: ClientConnection, frame: Frame) -> None:
    await socket.send(orjson.dumps(frame).decode())


class Client:
    """Goes to its own server first and to the next one whenever a connection is lost, with full-jitter backoff."""

    def __init__(
        self,
        name: str,
        ports: list[int],
        person: Person,
        place: Place,
        chance: random.Random,
        notice: Callable[[], None],
    ) -> None:
        self.name = name
        self.ports = ports
        self.person = person
        self.place = place
        self.chance = chance
        self.notice = notice
        self.at = 0
        self.tries = 0
        self.losses = 0
        self.faults: list[str] = []
        self.gone: list[Frame] = []
        self.closed_with: list[int] = []
        self.bus: list[str] = []
        self.retry_ms: float | None = None

    @property
    def port(self) -> int:
        return self.ports[self.at]

    async def run(self) -> None:
        while True:
            try:
                await self.visit()
            except LOST as error:
                if isinstance(error, ConnectionClosed) and error.rcvd is not None:
                    self.closed_with.append(error.rcvd.code)
            self.losses += 1
            self.at = (self.at + 1) % len(self.ports)
            self.notice()
            await asyncio.sleep(self._wait())

    def _wait(self) -> float:
        told, self.retry_ms = self.retry_ms, None
        if told is not None:
            return told / 1000
        self.tries += 1
        return self.chance.uniform(0, min(LONGEST_WAIT, FIRST_WAIT * 2**self.tries))

    async def visit(self) -> None:
        """One connection, to its end."""
        raise NotImplementedError

    def fault(self, what: str) -> None:
        self.faults.append(f"{self.name}: {what}")

    def pass_by(self, frame: Frame) -> None:
        """Frames that carry nothing durable."""
        match frame["t"]:
            case "gone":
                self.gone.append(frame)
                self.retry_ms = frame.get("retry_ms")
            case "status":
                self.bus.append(frame["bus"])
        self.notice()


# --- readers -----------------------------------------------------------------------------------------------------


class Reader(Client):
    """`events` is everything it was given from the log's beginning on; each repeat, hole or reset is a fault."""

    def __init__(self, *how: Any) -> None:
        super().__init__(*how)
        self.events: list[Frame] = []
        self.last = 0

    @property
    def where(self) -> Frame:
        return {"epoch": self.place.epoch, "since": self.last}

    def begin(self, mode: str, since: int) -> None:
        if (mode, since) != ("resume", self.last):
            self.fault(f"asked to go on after {self.last} and was told {mode} after {since}")
            raise Broken
        self.tries = 0

    def check(self, answer: Answer) -> None:
        if answer.status != 200:
            if answer.status != 503:
                self.fault(f"was answered {answer.status}")
            raise Broken

    def take(self, event: Frame) -> None:
        if event["seq"] != self.last + 1:
            self.fault(f"was given {event['seq']} after {self.last}")
            raise Broken
        self.events.append(event)
        self.last += 1

    def take_frame(self, frame: Frame) -> None:
        match frame["t"]:
            case "ev":
                self.take(frame)
            case "batch":
                for event in frame["ev"]:
                    self.take(event)
            case "subd":
                self.begin(frame["mode"], frame["since"])
            case "skip":
                self.fault(f"was told to skip to {frame['to']}, and nothing was purged")
            case "err" if frame["retry"]:
                raise Broken
            case "err":
                self.fault(f"was refused: {frame}")
                raise Broken
        self.pass_by(frame)


class SocketReader(Reader):
    async def visit(self) -> None:
        acked, acked_at = self.last, asyncio.get_running_loop().time()
        async with await open_socket(self.port, self.person.cookie) as socket:
            await put(socket, {"t": "sub", "id": 1, "room": self.place.slug} | self.where)
            while True:
                try:
                    async with asyncio.timeout(ACK_SECONDS):
                        self.take_frame(orjson.loads(await socket.recv()))
                except TimeoutError:
                    pass
                now = asyncio.get_running_loop().time()
                if self.last - acked >= ACK_EVENTS or (self.last > acked and now - acked_at >= ACK_SECONDS):
                    await put(socket, {"t": "ack", "room": self.place.slug, "seq": self.last})
                    acked, acked_at = self.last, now


class StreamReader(Reader):
    """Server-Sent Events; comes back with `Last-Event-ID`."""

    async def visit(self) -> None:
        where = {"Last-Event-ID": f"{self.place.epoch}:{self.last}"}
        path = f"/live/{self.place.slug}/stream/"
        answer = await ask(self.port, "GET", path, cookie=self.person.cookie, headers=where)
        try:
            self.check(answer)
            rest = b""
            async for chunk in answer.chunks():
                *blocks, rest = (rest + chunk).split(b"\n\n")
                for block in blocks:
                    self._take_block(block)
        finally:
            await answer.close()

    def _take_block(self, block: bytes) -> None:
        fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if not line.startswith(b":"))
        if b"data" in fields:
            frame = orjson.loads(fields[b"data"])
            self.take_frame(frame)
            mark = fields.get(b"id", b"").decode()
            if frame["t"] in {"ev", "batch"} and mark != f"{self.place.epoch}:{self.last}":
                self.fault(f"got up to {self.last} in a frame that is marked {mark}")


class PollReader(Reader):
    async def visit(self) -> None:
        while True:
            path = f"/live/{self.place.slug}/events/?{urlencode(self.where | {'wait': 25})}"
            answer = await ask(self.port, "GET", path, cookie=self.person.cookie)
            try:
                self.check(answer)
                told = orjson.loads(await answer.body())
            finally:
                await answer.close()
            self.begin(told["mode"], told["since"])
            for event in told["ev"]:
                self.take(event)
            if told["head"] < self.last:
                self.fault(f"got up to {self.last} with the head at {told['head']}")
            self.notice()


# --- senders -----------------------------------------------------------------------------------------------------


class Sender(Client):
    """Keeps what it wrote, with its keys, until it is answered for good; in order, and again after every loss."""

    def __init__(self, *how: Any) -> None:
        super().__init__(*how)
        self.written = 0
        self.outbox: dict[str, Frame] = {}
        self.asked: dict[str, Frame] = {}
        self.acked: dict[str, int] = {}
        self.unchanged: set[str] = set()
        self.refused: list[str] = []
        self.mine: list[int] = []
        self.writes = True

    def write(self) -> Frame:
        """Something new to say or do, into the outbox."""
        key = str(uuid.UUID(int=self.chance.getrandbits(128), version=4))
        frame: Frame = {"id": key, "room": self.place.slug, "key": key}
        words = f"{self.name} says number {self.written}. " + "Word. " * self.chance.choice([0, 5, 40])
        kind = self.chance.random()
        if not self.mine or kind < 0.8:
            frame |= {"t": "send", "text": words}
        elif kind < 0.92:
            frame |= {"t": "act", "op": "message.edit", "target": self.chance.choice(self.mine[-20:])}
            frame |= {"value": words}
        else:
            value = {"kind": "with_you", "on": self.chance.random() < 0.6}
            frame |= {"t": "act", "op": "reaction.set", "target": self.chance.choice(self.mine[-20:])}
            frame |= {"value": value}
        self.written += 1
        self.outbox[key] = self.asked[key] = frame
        self.notice()
        return frame

    def answered(self, key: str, answer: Frame) -> bool:
        """Note the answer; whether this one is settled."""
        self.notice()
        if answer["t"] == "err" and answer["retry"]:
            self.refused.append(answer["code"])
            return False
        self.tries = 0
        frame = self.outbox.pop(key, None)
        if answer["t"] == "err":
            self.fault(f"was refused for good: {answer} for {frame}")
        elif answer.get("same"):
            self.unchanged.add(key)
        elif self.acked.setdefault(key, answer["seq"]) != answer["seq"]:
            self.fault(f"was told both {self.acked[key]} and {answer['seq']} for one key")
        elif frame is not None and frame["t"] == "send":
            self.mine.append(answer["seq"])
        return True

    async def tempo(self) -> None:
        await asyncio.sleep(self.chance.expovariate(1 / TEMPO_SECONDS))


class SocketSender(Sender):
    async def visit(self) -> None:
        async with await open_socket(self.port, self.person.cookie) as socket:
            welcome = orjson.loads(await socket.recv())
            self.pass_by(welcome)
            if welcome["t"] != "welcome":
                raise Broken
            if welcome["member"]["id"] != self.person.member:
                self.fault("was taken for somebody else")
            waiting = deque(self.outbox)
            talk = asyncio.ensure_future(self._talk(socket, waiting))
            try:
                while True:
                    frame = orjson.loads(await socket.recv())
                    if frame["t"] in {"ok", "err"} and frame["id"] is not None:
                        if not self.answered(frame["id"], frame):
                            waiting.append(frame["id"])
                    else:
                        self.pass_by(frame)
            finally:
                talk.cancel()
                await asyncio.gather(talk, return_exceptions=True)

    async def _talk(self, socket: ClientConnection, waiting: deque[str]) -> None:
        while True:
            await self.tempo()
            if waiting:
                key = waiting.popleft()
                if key in self.outbox:
                    await put(socket, self.outbox[key])
            elif self.writes and len(self.outbox) < IN_FLIGHT:
                await put(socket, self.write())


class FormSender(Sender):
    """One POST at a time."""

    async def visit(self) -> None:
        while True:
            await self.tempo()
            if not self.outbox:
                if not self.writes:
                    continue
                self.write()
            key, frame = next(iter(self.outbox.items()))
            answer = await self._post(orjson.dumps(frame))
            if not self.answered(key, answer):
                raise Broken

    async def _post(self, body: bytes) -> Frame:
        path = f"/live/{self.place.slug}/events/"
        answer = await ask(self.port, "POST", path, cookie=self.person.cookie, body=body)
        try:
            told = await answer.body()
        finally:
            await answer.close()
        if answer.headers.get("content-type") != "application/json":
            self.fault(f"was answered {answer.status} with no `ok` or `err`")
            raise Broken
        frame: Frame = orjson.loads(told)
        return frame

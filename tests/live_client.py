"""Talking rooms.v1 to a server in the test's own process or in another one, and asking a room's log directly."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol, TypeVar

import orjson
from channels.testing import WebsocketCommunicator
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connections, transaction
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from community.config.asgi import application
from community.live import domain, log
from community.live.domain import Author, Command, FrameRefused, Outcome, Refuse
from community.members.models import Member
from community.members.signin.store import SessionStore
from sessions.rooms.domain import rooms
from sessions.rooms.models import Room

Frame = dict[str, Any]
T = TypeVar("T")
PATIENCE = 10.0
BACKEND = "django.contrib.auth.backends.ModelBackend"


def key() -> str:
    return str(uuid.uuid4())


def say(room: Room | str, text: str = "Good evening.", **more: Any) -> Frame:
    """A `send` frame with a key of its own."""
    return {"t": "send", "id": key(), "room": slug_of(room), "key": key(), "text": text} | more


def act(room: Room | str, op: str, target: Any = None, value: Any = None, **more: Any) -> Frame:
    """An `act` frame with a key of its own."""
    frame = {"t": "act", "id": key(), "room": slug_of(room), "key": key(), "op": op}
    return frame | {"target": target, "value": value} | more


def slug_of(room: Room | str) -> str:
    return room if isinstance(room, str) else room.slug


def sign_in(member: Member) -> str:
    """A sign-in of the member: the value of its session cookie."""
    store = SessionStore()
    store[SESSION_KEY] = str(member.pk)
    store[BACKEND_SESSION_KEY] = BACKEND
    store[HASH_SESSION_KEY] = member.get_session_auth_hash()
    store.save()
    assert store.session_key is not None
    return store.session_key


async def aside(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Run what touches the database in a thread, from a test that lives on the event loop."""

    def call() -> T:
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return await asyncio.to_thread(call)


# --- the log, without a server -----------------------------------------------------------------------------------


def command(room: Room, member: Member, frame: Frame) -> Command:
    """What a frame of this member becomes, whether or not the member may enter."""
    return rooms.parse(frame, rooms.opened(room), Author.of(member))


def write(room: Room, *asked: tuple[Member, Frame]) -> list[Outcome]:
    """Append one batch in one transaction; errors are raised, not answered."""
    with transaction.atomic():
        return log.append([command(room, member, frame) for member, frame in asked])


def do(room: Room, member: Member, frame: Frame) -> Outcome:
    [outcome] = write(room, (member, frame))
    return outcome


def refused(room: Room, member: Member, frame: Frame) -> str:
    """The code with which `parse` turns a frame away; empty when it doesn't."""
    try:
        command(room, member, frame)
    except FrameRefused as error:
        return str(error.refusal.code)
    return ""


def code_of(outcome: Outcome) -> str:
    """The code of a refusal; empty for what was done."""
    return str(outcome.code) if isinstance(outcome, Refuse) else ""


def state_of(room: Room, member: Member) -> Frame:
    return rooms.state(room.log_id, member)


def events(room: Room) -> list[Frame]:
    """Every event of the room as readers get it now."""
    return [orjson.loads(payload) for _, payload in log.payloads_after(room.log_id, 0, 100_000)]


def event(room: Room, seq: int) -> Frame:
    return events(room)[seq - 1]


def types(room: Room) -> list[str]:
    return [event["type"] for event in events(room)]


def may_open(member: Member, room: Room) -> bool:
    return room.slug in domain.open_logs(member, [room.slug])


# --- sockets -----------------------------------------------------------------------------------------------------


class Closed(Exception):
    """The server closed the socket; carries the code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


class Wire(Protocol):
    async def send(self, text: str) -> None: ...
    async def receive(self) -> str:
        """The next text frame. Raises Closed."""
        ...

    async def close(self) -> None: ...


class InProcess:
    """Straight to the ASGI application of the test's own process."""

    def __init__(self, communicator: WebsocketCommunicator) -> None:
        self.communicator = communicator
        self.open = True

    async def send(self, text: str) -> None:
        await self.communicator.send_to(text_data=text)

    async def receive(self) -> str:
        message = await self.communicator.receive_output(timeout=PATIENCE)
        if message["type"] == "websocket.close":
            self.open = False
            await self.communicator.send_input({"type": "websocket.disconnect", "code": 1000})
            raise Closed(message.get("code", 1000))
        text: str = message["text"]
        return text

    async def close(self) -> None:
        if self.open:
            await self.communicator.disconnect()
        else:
            with suppress(asyncio.TimeoutError):
                await self.communicator.wait()


class OverTcp:
    """Through a real connection to a server in another process."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, text: str) -> None:
        await self.connection.send(text)

    async def receive(self) -> str:
        try:
            async with asyncio.timeout(PATIENCE):
                message = await self.connection.recv()
        except ConnectionClosed as closed:
            raise Closed(closed.rcvd.code if closed.rcvd else 1006) from None
        assert isinstance(message, str)
        return message

    async def close(self) -> None:
        await self.connection.close()


class Talker:
    """One socket of one member. `heard` holds every frame in the order in which it came."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.heard: list[Frame] = []
        self.pings = 0

    async def put(self, frame: Frame | str) -> None:
        await self.wire.send(frame if isinstance(frame, str) else orjson.dumps(frame).decode())

    async def next(self) -> Frame:
        frame: Frame = orjson.loads(await self.wire.receive())
        self.heard.append(frame)
        return frame

    async def until(self, t: str, **fields: Any) -> Frame:
        """Read on to the first frame of this kind that has these fields."""
        while True:
            frame = await self.next()
            if frame["t"] == t and all(frame.get(name) == value for name, value in fields.items()):
                return frame

    async def ask(self, frame: Frame) -> Frame:
        """Put a frame, and read on to its answer."""
        await self.put(frame)
        while True:
            answer = await self.next()
            if answer["t"] in {"ok", "err", "subd"} and answer.get("id") == frame["id"]:
                return answer

    async def sub(self, room: Room | str, **where: Any) -> Frame:
        return await self.ask({"t": "sub", "id": key(), "room": slug_of(room)} | where)

    async def settle(self) -> list[Frame]:
        """Everything that was on its way, by a ping and its pong: what has come since the last call."""
        start = len(self.heard)
        self.pings += 1
        await self.put({"t": "ping", "n": self.pings})
        await self.until("pong", n=self.pings)
        return self.heard[start:-1]

    async def event(self, type: str, **data: Any) -> Frame:
        """Read on to an event of this type with this in its data; what was heard before counts too."""
        while True:
            for found in self.events():
                if found["type"] == type and all(
                    found["data"].get(name) == value for name, value in data.items()
                ):
                    return found
            await self.next()

    def events(self, room: Room | str | None = None) -> list[Frame]:
        """All events heard so far, out of `ev` and `batch`."""
        return events_in(self.heard, room)

    def seqs(self, room: Room | str | None = None) -> list[int]:
        return [event["seq"] for event in self.events(room)]

    async def closing(self) -> int:
        """Read to the end: the close code."""
        while True:
            try:
                await self.next()
            except Closed as closed:
                return closed.code

    async def close(self) -> None:
        await self.wire.close()


def events_in(frames: list[Frame], room: Room | str | None = None) -> list[Frame]:
    found: list[Frame] = []
    for frame in frames:
        if frame["t"] in {"ev", "batch"} and (room is None or frame["room"] == slug_of(room)):
            alone = {name: value for name, value in frame.items() if name not in {"t", "room"}}
            found += frame["ev"] if frame["t"] == "batch" else [alone]
    return found


def handshake(
    cookie: str | None,
    *,
    path: str = "/live/",
    origin: str | None = "http://localhost",
    host: str = "localhost",
) -> WebsocketCommunicator:
    headers = [(b"host", host.encode())]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    if cookie is not None:
        headers.append((b"cookie", f"sessionid={cookie}".encode()))
    return WebsocketCommunicator(application, path, headers, subprotocols=["rooms.v1"])


async def connect_here(cookie: str | None, **how: Any) -> Talker:
    """A socket to the engine of this process."""
    communicator = handshake(cookie, **how)
    accepted, subprotocol = await communicator.connect(timeout=PATIENCE)
    assert accepted, subprotocol
    return Talker(InProcess(communicator))


async def connect_to(base_url: str, cookie: str | None, **how: Any) -> Talker:
    """A socket to a server in another process."""
    headers = {"Cookie": f"sessionid={cookie}"} if cookie else {}
    address = base_url.replace("http://", "ws://") + how.pop("path", "/live/")
    connection = await connect(
        address,
        subprotocols=["rooms.v1"],  # type: ignore[list-item]
        additional_headers=headers,
        compression=None,
        max_size=None,
        proxy=None,
        **how,
    )
    return Talker(OverTcp(connection))


Enter = Callable[..., Awaitable[Talker]]

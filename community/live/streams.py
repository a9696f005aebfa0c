"""Reading over HTTP, for networks that break sockets: Server-Sent Events and long polling, through the same hub.

Raw ASGI, because a parked reader must hold neither a thread nor a database connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import orjson
import structlog
from django.db import DatabaseError, InterfaceError

from community.live import engine, failpoints, log, origins
from community.live.access import is_let_in, still_welcome
from community.live.connection import Connection, Pipe
from community.live.database import in_database
from community.live.domain import Head, Opened
from community.live.door import REVOKED, came_in
from community.live.engine import Engine
from community.live.fanout import GONE
from community.live.feed import CHUNK_EVENTS
from community.live.frames import Frame, encode
from community.live.pipes import EXTENSION
from community.live.sockets import LATE_RETRY_MS, enter, subd_frame, why_out

logger = structlog.get_logger("community.live")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

HEARTBEAT_SECONDS = 15.0
WAIT_SECONDS_MAX = 30.0
STATUS_OF_GONE = {"auth": 401, "suspended": 403, "slow": 503, "restart": 503}
UNAVAILABLE = {"t": "err", "id": None, "code": "unavailable", "retry": True}
NOT_FOUND = {"t": "err", "id": None, "code": "not_found", "retry": False}


class Turned(Exception):
    """The request is answered with this status and object."""

    def __init__(self, status: int, answer: dict[str, Any]) -> None:
        super().__init__(status)
        self.status = status
        self.answer = answer


async def _answer(send: Send, status: int, value: dict[str, Any]) -> None:
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": orjson.dumps(value)})


def _asked(scope: Scope, name: str) -> str:
    query: bytes = scope.get("query_string", b"")
    return parse_qs(query.decode("latin1")).get(name, [""])[0]


def _start(scope: Scope) -> tuple[UUID | None, int | None]:
    """The epoch and seq to go on after: `Last-Event-ID` if there is one, else the query."""
    epoch, since = _asked(scope, "epoch"), _asked(scope, "since")
    last = dict(scope["headers"]).get(b"last-event-id", b"").decode("latin1")
    if ":" in last:
        epoch, _, since = last.rpartition(":")
    try:
        return UUID(epoch), int(since) if since.isdigit() and len(since) < 19 else None
    except ValueError:
        return None, None


class _Visit:
    """One reader's way in: who it is, which room, where it starts."""

    def __init__(self, scope: Scope, pipe: Pipe) -> None:
        self.scope = scope
        self.pipe = pipe
        self.slug: str = scope["url_route"]["kwargs"]["slug"]
        self.revoked: int = scope[REVOKED]

    async def begin(self) -> Engine:
        """Let the reader in. Raises Turned."""
        if not origins.allowed(dict(self.scope["headers"])):
            raise Turned(403, {"t": "err", "id": None, "code": "denied", "retry": False})
        await failpoints.arrive("stream.arrived")
        self.live = await engine.start()
        if self.live.draining:
            raise Turned(503, UNAVAILABLE)
        member = self.scope["user"]
        try:
            if not is_let_in(self.scope):
                code = await in_database(why_out, self.scope["session"])
                raise Turned(403 if code == "suspended" else 401, {"t": "gone", "code": code})
            self.connection = Connection(
                getattr(member, "_wrapped", member),
                self.scope["session"].session_key,
                self.pipe,
                one_room=True,
            )
            came_in(self.connection.session_key, self.connection.member.pk)
            await self.enter()
        except (DatabaseError, InterfaceError):
            raise Turned(503, UNAVAILABLE) from None
        return self.live

    @property
    def outdated(self) -> bool:
        """Whether anything about the reader was revoked since it was last looked at."""
        return self.live.hub.evicted_since(self.revoked, self.connection)

    async def enter(self) -> None:
        """Find out whether, and where, the reader comes in, until nothing is revoked meanwhile. Raises Turned."""
        sign = (self.connection.session_key, self.connection.member.pk, self.connection.stamp)
        while True:
            if self.outdated:
                self.revoked = self.live.hub.eviction_serial
                code = (await in_database(still_welcome, {sign}))[sign]
                if code is not None:
                    raise Turned(STATUS_OF_GONE[code], {"t": "gone", "code": code})
            entered = await in_database(enter, self.connection.member, self.slug)
            await failpoints.arrive("stream.entered")
            if not self.outdated:
                break
        if entered is None:
            raise Turned(404, NOT_FOUND)
        self.opened: Opened = entered[0]
        self.head: Head = entered[1]
        self.state: dict[str, Any] = entered[2]
        epoch, since = _start(self.scope)
        self.resumes = (
            epoch == self.head.epoch
            and since is not None
            and self.head.min_seq - 1 <= since <= self.head.last_seq
        )
        self.start = since if self.resumes and since is not None else entered[3]

    def subd(self) -> dict[str, Any]:
        """What the socket says in `subd`, and in `welcome` whose link it is."""
        frame = subd_frame(None, self.slug, self.head, self.state, self.start, resumes=self.resumes)
        return frame | {"member": self.connection.author.by}


# --- Server-Sent Events ------------------------------------------------------------------------------------------


class StreamPipe:
    """Frames as Server-Sent Events, through ASGI, with what waits in Daphne's transport counted."""

    def __init__(self, send: Send, protocol: Any) -> None:
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._send = send
        self._queued = 0
        self._transport: Any = getattr(getattr(protocol, "channel", None), "transport", None)

    def write(self, frame: Frame) -> int:
        return self.put(frame.streamed)

    def put(self, body: bytes) -> int:
        self._queued += len(body)
        self._queue.put_nowait(body)
        return self.buffered()

    def buffered(self) -> int:
        transport = self._transport
        if not hasattr(transport, "dataBuffer"):
            return self._queued
        in_transport: int = len(transport.dataBuffer) - transport.offset + transport._tempDataLen
        return self._queued + in_transport

    def pause_reading(self) -> None:
        """A stream's client sends nothing."""

    def resume_reading(self) -> None:
        """A stream's client sends nothing."""

    def close(self, code: int) -> None:
        self._queue.put_nowait(None)
        if code == GONE["slow"] and hasattr(self._transport, "abortConnection"):
            self._transport.abortConnection()  # what waits would never leave, and hold the connection open

    async def pour(self, headers: list[tuple[bytes, bytes]]) -> None:
        """Send until closed, with a heartbeat comment when there is nothing to say."""
        await failpoints.arrive("stream.opening")
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    body = await self._queue.get()
            except TimeoutError:
                body = b": still here\n\n"
                self._queued += len(body)
            if body is None:
                await self._send({"type": "http.response.body", "body": b""})
                return
            self._queued -= len(body)
            await self._send({"type": "http.response.body", "body": body, "more_body": True})


async def stream(scope: Scope, receive: Receive, send: Send) -> None:
    pipe = StreamPipe(send, scope.get("extensions", {}).get(EXTENSION))
    visit = _Visit(scope, pipe)
    try:
        live = await visit.begin()
    except Turned as turned:
        await _answer(send, turned.status, turned.answer)
        return
    headers = [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
    ]
    connection = visit.connection
    live.hub.add(connection)
    connection.send(visit.subd())
    reader = live.hub.attach(connection, visit.opened, visit.head, visit.start, acks=False)
    live.presence.show(live.hub.feeds[visit.opened.log_id], reader)
    if live.draining:
        live.hub.end(connection, "restart", retry_ms=LATE_RETRY_MS)
    left = asyncio.ensure_future(_until_left(receive))
    pouring = asyncio.ensure_future(pipe.pour(headers))
    try:
        await asyncio.wait({left, pouring}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        left.cancel()
        pouring.cancel()
        live.hub.remove(connection)


async def _until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


# --- long polling ------------------------------------------------------------------------------------------------


class PollPipe:
    """Wakes the parked request at the first frame that says something for it."""

    def __init__(self) -> None:
        self.woken = asyncio.Event()
        self.gone: dict[str, Any] | None = None

    def write(self, frame: Frame) -> int:
        if frame.mark:
            self.woken.set()
        elif frame.text.startswith('{"t":"gone"'):
            self.gone = self.gone or orjson.loads(frame.text)
        return 0

    def buffered(self) -> int:
        return 0

    def pause_reading(self) -> None:
        """A poll's client sends nothing."""

    def resume_reading(self) -> None:
        """A poll's client sends nothing."""

    def close(self, code: int) -> None:
        self.woken.set()


async def poll(scope: Scope, receive: Receive, send: Send) -> None:
    pipe = PollPipe()
    visit = _Visit(scope, pipe)
    try:
        live = await visit.begin()
        events = await _events(visit)
        if not events:
            await _park(live, visit, pipe, receive)
            events = await _events(visit)
    except Turned as turned:
        await _answer(send, turned.status, turned.answer)
        return
    subd = f'"subd":{encode(visit.subd())},' if _asked(scope, "state") == "1" else ""
    body = (
        f'{{{subd}"epoch":"{visit.head.epoch}","head":{max(visit.head.last_seq, visit.start + len(events))},'
        f'"mode":"{"resume" if visit.resumes else "reset"}","since":{visit.start},"ev":[{",".join(events)}]}}'
    )
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body.encode()})


async def _events(visit: _Visit) -> list[str]:
    """What the reader has not got yet. Raises Turned when it was shut out meanwhile."""
    while True:
        events = await _stored_events(visit)
        await failpoints.arrive("poll.read")
        if not visit.outdated:
            return events
        await visit.enter()


async def _stored_events(visit: _Visit) -> list[str]:
    feed = visit.live.hub.feeds.get(visit.opened.log_id)
    kept = (
        feed.slice(visit.start, CHUNK_EVENTS) if feed is not None and feed.epoch == visit.head.epoch else None
    )
    if kept:
        return kept
    try:
        rows = await in_database(log.payloads_after, visit.opened.log_id, visit.start, CHUNK_EVENTS)
    except (DatabaseError, InterfaceError):
        raise Turned(503, UNAVAILABLE) from None
    return [payload for _, payload in rows]


async def _park(live: Engine, visit: _Visit, pipe: PollPipe, receive: Receive) -> None:
    """Wait until there is something, the time is up, or the reader has left. Raises Turned when it may not read on."""
    asked = _asked(visit.scope, "wait")
    wait = min(float(asked), WAIT_SECONDS_MAX) if asked.isdecimal() and len(asked) < 4 else 0.0
    if wait == 0:
        return
    connection = visit.connection
    live.hub.add(connection)
    live.hub.attach(connection, visit.opened, visit.head, visit.start, acks=False, seen=False)
    if live.draining:
        live.hub.end(connection, "restart", retry_ms=LATE_RETRY_MS)
    left = asyncio.ensure_future(_until_left(receive))
    woken = asyncio.ensure_future(pipe.woken.wait())
    try:
        await asyncio.wait({left, woken}, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
        shut_out = visit.slug not in connection.readers
    finally:
        left.cancel()
        woken.cancel()
        live.hub.remove(connection)
    if pipe.gone is not None and "room" not in pipe.gone:
        raise Turned(STATUS_OF_GONE[pipe.gone["code"]], pipe.gone)
    if shut_out:
        raise Turned(404, NOT_FOUND)


def or_unavailable(reading: Any) -> Any:
    """Finding out who asks needs the database, too: without it the reader is told to come back."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await reading(scope, receive, send)
        except (DatabaseError, InterfaceError):
            await _answer(send, 503, UNAVAILABLE)

    return application


def by_method(get: Any, http: Any) -> Any:
    """GET is a poll, anything else goes on to Django's view."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await (get if scope["method"] == "GET" else http)(scope, receive, send)

    return application

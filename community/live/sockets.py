"""The WebSocket: rooms.v1. A raw ASGI application behind Channels' sessions and authentication."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user_model
from django.db import DatabaseError, InterfaceError, transaction

from community.live import domain, engine, failpoints, frames, log, origins
from community.live.access import is_let_in
from community.live.clock import clock
from community.live.connection import Connection, Pipe
from community.live.database import in_database
from community.live.domain import (
    TEXT_CHARS,
    Code,
    Committed,
    FrameRefused,
    Head,
    Opened,
    Outcome,
    Refuse,
    Unchanged,
)
from community.live.door import CUT_COST, REVOKED, came_in
from community.live.engine import Engine
from community.live.fanout import GONE
from community.live.feed import WINDOW_BYTES, WINDOW_EVENTS
from community.live.pipes import EXTENSION, AsgiPipe, DirectPipe
from community.live.rate import patience, rate
from community.live.writer import UNAVAILABLE, writer

logger = structlog.get_logger("community.live")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

SUBPROTOCOL = "rooms.v1"
HEARTBEAT_SECONDS = 25
ROOMS_PER_SOCKET = 50
TYPING_SECONDS = 2.0
SOCKETS_PER_MEMBER = 100
QUESTION_COST = 2
NOTE_COST = 0.2
BYTES_A_FRAME = 4096
FAIR_FRAMES = 5
KEY_CHARS = 64
QUIET_TRIES = 5
LATE_RETRY_MS = 1000
NO_ROOM = Refuse(Code.NOT_FOUND, "There is no such room.")
TOO_FAST = Refuse(Code.RATE, "That was a lot at once. Wait a moment, then send it again.", retry=True)


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Any other path: refused at the handshake."""
    await receive()
    await send({"type": "websocket.close"})


async def socket(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    if not origins.allowed(dict(scope["headers"])):
        await send({"type": "websocket.close"})
        return
    await failpoints.arrive("socket.arrived")
    live = await engine.start()
    offered = scope.get("subprotocols") or []
    await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL if SUBPROTOCOL in offered else None})
    protocol = scope.get("extensions", {}).get(EXTENSION)
    direct = protocol is not None and DirectPipe.fits(protocol)
    pipe: Pipe = DirectPipe(protocol) if direct else AsgiPipe(send)
    member = scope["user"]
    if live.draining or not is_let_in(scope):
        code = "restart" if live.draining else await in_database(why_out, scope["session"])
        pipe.write(frames.Frame(frames.encode({"t": "gone", "code": code})))
        pipe.close(GONE[code])
        return
    connection = Connection(_resolved(member), scope["session"].session_key, pipe)
    await failpoints.arrive("socket.connected", connection=connection)
    if len(live.hub.of_member.get(connection.member.pk, ())) >= SOCKETS_PER_MEMBER:
        connection.finish(GONE["restart"], {"code": "restart", "retry_ms": 30_000})
        return
    live.hub.add(connection)
    try:
        if live.hub.evicted_since(scope[REVOKED], connection):
            await live.hub.revalidate()
        if live.draining:
            live.hub.end(connection, "restart", retry_ms=LATE_RETRY_MS)
        came_in(connection.session_key, connection.member.pk)
        conversation = _Conversation(live, connection)
        connection.send(_welcome(connection))
        await conversation.listen(receive)
    finally:
        live.hub.remove(connection)
        if getattr(protocol, "failedByMe", False):
            patience.charge(connection.member.pk, CUT_COST)


def _resolved(member: Any) -> Any:
    """The member itself rather than Channels' lazy wrapper."""
    return getattr(member, "_wrapped", member)


def why_out(session: Any) -> str:
    """`suspended` for the sign-in of someone who is suspended, `auth` for anyone else."""
    member_id = session.get(SESSION_KEY)
    if member_id is None:
        return "auth"
    suspended = get_user_model()._default_manager.filter(pk=member_id, is_active=False).exists()
    return "suspended" if suspended else "auth"


def _welcome(connection: Connection) -> dict[str, Any]:
    return {
        "t": "welcome",
        "conn": uuid.uuid4().hex,
        "member": connection.author.by,
        "heartbeat_s": HEARTBEAT_SECONDS,
        "limits": {
            "text_chars": TEXT_CHARS,
            "window_events": WINDOW_EVENTS,
            "window_bytes": WINDOW_BYTES,
            "sends_per_min": settings.PORCHLIGHT_SENDS_PER_MIN,
        },
    }


def enter(member: Any, slug: str) -> tuple[Opened, Head, dict[str, Any], int] | None:
    """Open a room for reading: its head, the state as of that head, and where a reader without a past begins."""
    opened = domain.open_logs(member, [slug]).get(slug)
    if opened is None:
        return None
    for _ in range(QUIET_TRIES):
        head = log.head(opened.log_id)
        state = opened.domain.state(opened.log_id, member)
        if log.head(opened.log_id) == head:
            return opened, head, state, log.reset_point(opened.log_id, head)
    with transaction.atomic():
        head = log.lock([opened.log_id])[opened.log_id]
        return opened, head, opened.domain.state(opened.log_id, member), log.reset_point(opened.log_id, head)


class _Conversation:
    """One socket's frames, taken in order."""

    def __init__(self, live: Engine, connection: Connection) -> None:
        self.live = live
        self.hub = live.hub
        self.connection = connection
        self.typed_at: dict[str, tuple[bool, float]] = {}
        self.known: dict[str, Opened] = {}
        self.rest = 0.0

    async def listen(self, receive: Receive) -> None:
        pipe = self.connection.pipe
        taken = 0
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            taken += 1
            if taken % FAIR_FRAMES == 0:
                await asyncio.sleep(0)  # a queue that is never empty would keep the loop from everyone else
            if self.rest:
                await self._rest()
            if isinstance(pipe, AsgiPipe):
                await pipe.readable()
            if self.connection.over:
                continue
            text = message.get("text")
            if text is None:
                self._err(None, Refuse(Code.BAD_FRAME, "Text frames only."))
                continue
            try:
                frame = frames.decode(text)
            except FrameRefused as error:
                self.charge(len(text) / BYTES_A_FRAME)
                self._err(None, error.refusal)
                continue
            await self._take(frame)

    def charge(self, cost: float) -> None:
        """What is not new words in the log is counted here."""
        self.rest = patience.charge(self.connection.member.pk, cost)

    async def _rest(self) -> None:
        """Whoever asked too much is neither read from nor answered until it is paid for."""
        rest, self.rest = self.rest, 0.0
        self.connection.pipe.pause_reading()
        await asyncio.sleep(rest)
        if not self.connection.congested:
            self.connection.pipe.resume_reading()

    async def _take(self, frame: dict[str, Any]) -> None:
        ident = frame.get("id")
        try:
            match frame["t"]:
                case "sub":
                    await self._subscribe(frame)
                case "unsub":
                    self.charge(1)
                    self.hub.detach(self.connection, _text(frame, "room"))
                    self.connection.send({"t": "ok", "id": _ident(frame), "room": frame["room"]})
                case "send" | "act":
                    await self._write(frame)
                case "typing":
                    self._typing(frame)
                case "ack":
                    self.charge(NOTE_COST)
                    if reader := self.connection.readers.get(_text(frame, "room")):
                        self.hub.ack(reader, seq_of(frame, "seq"))
                case "seen":
                    self.charge(NOTE_COST)
                    if reader := self.connection.readers.get(_text(frame, "room")):
                        self.hub.mark_seen(reader, seq_of(frame, "seq"))
                case "ping":
                    self.charge(1)
                    self.connection.send({"t": "pong", "n": frame.get("n")})
                case _:
                    raise FrameRefused(Code.BAD_FRAME, "No such frame.")
        except FrameRefused as error:
            self._err(ident if isinstance(ident, str | int) else None, error.refusal)
        except (DatabaseError, InterfaceError):
            logger.warning("frame_without_database")
            self._err(ident if isinstance(ident, str | int) else None, UNAVAILABLE)

    def _err(self, ident: str | int | None, refusal: Refuse) -> None:
        self.charge(1)
        self.connection.send(
            {
                "t": "err",
                "id": ident,
                "code": refusal.code,
                "retry": refusal.retry,
                "message": refusal.message,
            }
        )

    async def _subscribe(self, frame: dict[str, Any]) -> None:
        self.charge(QUESTION_COST)
        ident, slug = _ident(frame), _text(frame, "room")
        epoch, since = _resume(frame)
        readers = self.connection.readers
        if slug not in readers and len(readers) >= ROOMS_PER_SOCKET:
            raise FrameRefused(Code.DENIED, f"A socket follows at most {ROOMS_PER_SOCKET} rooms.")
        while True:
            serial = self.hub.eviction_serial
            entered = await in_database(enter, self.connection.member, slug)
            await failpoints.arrive("socket.entered", connection=self.connection, entered=entered)
            if not self.hub.evicted_since(serial, self.connection):
                break
        if self.connection.over:
            return
        if entered is None:
            self._err(ident, NO_ROOM)
            return
        opened, head, state, reset_point = entered
        resumes = epoch == head.epoch and since is not None and head.min_seq - 1 <= since <= head.last_seq
        start = since if resumes and since is not None else reset_point
        self.connection.send(subd_frame(ident, slug, head, state, start, resumes=resumes))
        reader = self.hub.attach(self.connection, opened, head, start)
        feed = self.hub.feeds[opened.log_id]
        self.live.presence.show(feed, reader)
        if not self.hub.bus_ok:
            self.connection.send({"t": "status", "bus": "degraded", "presence": "degraded"})

    async def _write(self, frame: dict[str, Any]) -> None:
        ident, slug, key = _ident(frame), _text(frame, "room"), key_of(frame)
        opened = self.connection.opened(slug) or self.known.get(slug)
        if opened is None:
            opened = (await in_database(domain.open_logs, self.connection.member, [slug])).get(slug)
            if opened is None:
                self.charge(QUESTION_COST)
                self._err(ident, NO_ROOM)
                return
            # Whether one may still write there is decided anew with every write.
            if len(self.known) < ROOMS_PER_SOCKET:
                self.known[slug] = opened
        command = opened.domain.parse(frame, opened, self.connection.author)
        if not rate.allow(self.connection.member.pk, opened.log_id, key):
            self._err(ident, TOO_FAST)
            return
        writer.post(command, partial(self._answer, ident, slug))

    def _answer(self, ident: str | int, slug: str, outcome: Outcome) -> None:
        if isinstance(outcome, Refuse):
            self._err(ident, outcome)
            return
        if isinstance(outcome, Unchanged) or outcome.dup:
            self.charge(1)
        self.connection.send(ok_frame(ident, slug, outcome))

    def _typing(self, frame: dict[str, Any]) -> None:
        reader = self.connection.readers.get(_text(frame, "room"))
        if reader is None:
            return
        self.charge(1)
        on, now = frame.get("on") is not False, clock.monotonic()
        was_on, at = self.typed_at.get(reader.opened.slug, (False, 0.0))
        if on == was_on and now - at < TYPING_SECONDS:
            return
        self.typed_at[reader.opened.slug] = (on, now)
        self.live.typing(self.hub.feeds[reader.opened.log_id], self.connection, on)


def subd_frame(
    ident: str | int | None, slug: str, head: Head, state: dict[str, Any], since: int, *, resumes: bool
) -> dict[str, Any]:
    return {
        "t": "subd",
        "id": ident,
        "room": slug,
        "epoch": str(head.epoch),
        "head": head.last_seq,
        "min_seq": head.min_seq,
        "since": since,
        "mode": "resume" if resumes else "reset",
        "state": state,
    }


def ok_frame(ident: str | int | None, slug: str, outcome: Committed | Unchanged) -> dict[str, Any]:
    if isinstance(outcome, Unchanged):
        return {"t": "ok", "id": ident, "room": slug, "same": True}
    return {"t": "ok", "id": ident, "room": slug, "seq": outcome.seq, "dup": outcome.dup}


def _text(frame: dict[str, Any], name: str) -> str:
    value = frame.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 100 or "\0" in value:
        raise FrameRefused(Code.BAD_FRAME, f"“{name}” must be a short text.")
    return value


def _ident(frame: dict[str, Any]) -> str | int:
    value = frame.get("id")
    if isinstance(value, bool) or not isinstance(value, str | int) or len(str(value)) > 100:
        raise FrameRefused(Code.BAD_FRAME, "“id” must be a short text or a number.")
    return value


def key_of(frame: dict[str, Any]) -> str:
    """The client's idempotency key. Raises FrameRefused."""
    value = frame.get("key")
    try:
        if isinstance(value, str) and len(value) <= KEY_CHARS:
            UUID(value)
            return value
    except ValueError:
        pass
    raise FrameRefused(Code.BAD_FRAME, "“key” must be a UUID.")


def seq_of(frame: dict[str, Any], name: str) -> int:
    """A seq that the client names. Raises FrameRefused."""
    value = frame.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise FrameRefused(Code.BAD_FRAME, f"“{name}” must be a whole number.")
    return value


def _resume(frame: dict[str, Any]) -> tuple[UUID | None, int | None]:
    """The epoch and seq to go on after; anything that is no UUID and number means from the start."""
    if frame.get("epoch") is None or frame.get("since") is None:
        return None, None
    since = seq_of(frame, "since")
    try:
        return UUID(_text(frame, "epoch")), since
    except ValueError:
        return None, since

"""At the door, before anyone is identified: who asks too much waits here, where waiting costs nothing.

To find out who comes takes more than most of what they may ask for; so it is charged for, and the debt is paid first.
It needs the database, too: who comes while that is away is told to come back.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError

from community.live import engine
from community.live.fanout import GONE
from community.live.frames import encode
from community.live.rate import callers, patience

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

logger = structlog.get_logger("community.live")

REVOKED = "porchlight.revoked"
CONNECT_COST = 4
CUT_COST = 100
LATER_MS = (1000, 5000)


def watched(application: Any) -> Any:
    """Let someone who owes wait, then note what had been revoked before anyone is identified: a revocation that comes
    later finds whom it concerns.
    """

    async def watching(scope: Scope, receive: Receive, send: Send) -> None:
        live = await engine.start()
        member_id = callers.recognise(_session_key(scope["headers"]))
        if member_id is not None and (wait := patience.charge(member_id, CONNECT_COST)):
            await asyncio.sleep(wait)
        await application(dict(scope, **{REVOKED: live.hub.eviction_serial}), receive, send)

    return watching


def or_later(socket: Any) -> Any:
    """A socket that came while the database is away is let in, told when to come back, and closed."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        accepted = False

        async def noting(message: MutableMapping[str, Any]) -> None:
            nonlocal accepted
            accepted = accepted or message["type"] == "websocket.accept"
            await send(message)

        try:
            await socket(scope, receive, noting)
        except (DatabaseError, InterfaceError):
            logger.warning("socket_without_database")
            if not accepted:
                offered = scope.get("subprotocols") or []
                await send({"type": "websocket.accept", "subprotocol": offered[0] if offered else None})
            # Spreads the load of coming back; guards nothing.
            gone = {"t": "gone", "code": "restart", "retry_ms": random.randint(*LATER_MS)}  # noqa: S311
            await send({"type": "websocket.send", "text": encode(gone)})
            await send({"type": "websocket.close", "code": GONE["restart"]})

    return application


def came_in(session_key: str, member_id: int) -> None:
    """Remember who it is; a first visit is charged for now."""
    if callers.remember(session_key, member_id):
        patience.charge(member_id, CONNECT_COST)


def _session_key(headers: Iterable[tuple[bytes, bytes]]) -> str:
    name = settings.SESSION_COOKIE_NAME.encode()
    for header, value in headers:
        if header == b"cookie":
            for cookie in value.split(b";"):
                key, _, text = cookie.strip().partition(b"=")
                if key == name:
                    return text.decode("latin1")
    return ""

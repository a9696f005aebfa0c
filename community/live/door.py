"""At the door, before anyone is identified: who asks too much waits here, where waiting costs nothing.

To find out who comes takes more than most of what they may ask for; so it is charged for, and the debt is paid first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from django.conf import settings

from community.live import engine
from community.live.rate import callers, patience

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

REVOKED = "porchlight.revoked"
CONNECT_COST = 4
CUT_COST = 100


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

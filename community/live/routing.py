"""Which ASGI application answers what. Channels does routing, sessions and authentication."""

from __future__ import annotations

from typing import Any, cast

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import path, re_path

from community.live.door import or_later, watched
from community.live.sockets import refuse, socket
from community.live.streams import by_method, or_unavailable, poll, stream


def build(http: Any) -> Any:
    """The whole application around Django's own."""
    streams = URLRouter(
        [
            path("live/<slug:slug>/stream/", or_unavailable(watched(AuthMiddlewareStack(stream)))),
            path(
                "live/<slug:slug>/events/",
                by_method(or_unavailable(watched(AuthMiddlewareStack(poll))), http),
            ),
            re_path("", http),
        ]
    )
    sockets = URLRouter(
        [path("live/", or_later(watched(AuthMiddlewareStack(socket)))), re_path("", cast(Any, refuse))]
    )
    return ProtocolTypeRouter({"http": streams, "websocket": sockets})

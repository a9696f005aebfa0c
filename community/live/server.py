"""Daphne, as one process of ours: sockets get a direct way out, SIGTERM drains, the engine starts and stops with it."""

from __future__ import annotations

import asyncio
import gc
import resource
import signal
from collections.abc import Callable
from typing import Any

import daphne.server
from daphne.endpoints import build_endpoint_description_strings
from twisted.internet import defer, reactor

from community.live import engine
from community.live.pipes import EXTENSION

GRACE_SECONDS = 10.0
# From a whole handshake to our answer: in a burst of thousands the last ones wait, and would all come again if refused.
SIGN_IN_SECONDS = 180
GARBAGE_LOOKED_FOR_AFTER = 5_000
FRAME_CAP = 1024 * 1024
BACKLOG = 4096


def _allow_many_sockets() -> None:
    """Raise the limit of open files as far as the machine allows: a socket is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _spare_what_stays() -> None:
    """Look for cycles less often, and never among what was there at the start: reference counts free nearly all."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_LOOKED_FOR_AFTER, 10, 10)


class Server(daphne.server.Server):  # type: ignore[misc]
    def __init__(
        self, application: Any, *, hosts: list[str], port: int, on_ready: Callable[[], None]
    ) -> None:
        endpoints = [
            f"{description}:backlog={BACKLOG}"
            for host in hosts
            for description in build_endpoint_description_strings(host=host, port=port)
        ]
        super().__init__(
            application=application,
            endpoints=endpoints,
            signal_handlers=False,
            ping_interval=20,
            ping_timeout=30,
            websocket_timeout=-1,
            websocket_handshake_timeout=SIGN_IN_SECONDS,
            websocket_connect_timeout=SIGN_IN_SECONDS,
            websocket_max_message_size=FRAME_CAP,
            websocket_max_frame_size=FRAME_CAP,
            application_close_timeout=5,
            request_buffer_size=64 * 1024,
            verbosity=0,
            server_name="porchlight",
        )
        self.on_ready = on_ready
        self.failed = False
        self._ports: list[Any] = []
        self._stopping: asyncio.Task[None] | None = None

    def run(self) -> None:
        _allow_many_sockets()
        loop = reactor._asyncioEventloop
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._begin_stop, loop)
        reactor.callWhenRunning(lambda: loop.create_task(self._start()))
        super().run()

    async def _start(self) -> None:
        await engine.start()
        _spare_what_stays()
        if not self.failed:
            self.on_ready()

    def listen_success(self, port: Any) -> None:
        super().listen_success(port)
        self._ports.append(port)

    def listen_error(self, failure: Any) -> None:
        self.failed = True
        super().listen_error(failure)

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        scope.setdefault("extensions", {})[EXTENSION] = protocol
        return super().create_application(protocol, scope)

    def _begin_stop(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._stopping is None:
            self._stopping = loop.create_task(self._stop_gently())

    async def _stop_gently(self) -> None:
        """Stop accepting, tell every reader when to come back, finish writes in flight, then end."""
        try:
            async with asyncio.timeout(GRACE_SECONDS):
                for port in self._ports:
                    port.stopListening()
                live = engine.running()
                if live is not None:
                    live.drain(GRACE_SECONDS)
                await self._requests_done()
                await engine.stop()
        except TimeoutError:
            pass
        finally:
            self.stop()

    async def _requests_done(self) -> None:
        while any(  # noqa: ASYNC110 - Daphne tells nobody when an application ends
            not details["application_instance"].done()
            for details in self.connections.values()
            if "application_instance" in details
        ):
            await asyncio.sleep(0.05)

    def kill_all_applications(self) -> Any:
        """Daphne's own raises KeyError for connections whose application has ended."""
        waiting = []
        for details in self.connections.values():
            application = details.get("application_instance")
            if application is not None and not application.done():
                application.cancel()
                waiting.append(application)
        done = defer.Deferred.fromFuture(asyncio.gather(*waiting, return_exceptions=True))
        done.addErrback(lambda _: None)
        return done

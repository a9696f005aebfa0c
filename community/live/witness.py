"""Who reads which log, told to its domain: as they come and go, and every few seconds in between.

Only of logs that ask for it (`Opened.witnessed`). What can't be told is told in the next round; nobody waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog
from django.db import DatabaseError, InterfaceError

from community.live import domain, failpoints
from community.live.clock import clock
from community.live.database import in_database
from community.live.feed import Feed, Reader
from community.live.hub import Hub

logger = structlog.get_logger("community.live")

ROUND_SECONDS = 15.0
# Many may come at once, as after a restart.
GATHER_SECONDS = 0.2

Pair = tuple[int, int]


class Witness:
    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._moved: set[Pair] = set()
        self._stirred = asyncio.Event()
        hub.on_join.append(self._note)
        hub.on_leave.append(self._note)

    def work(self) -> list[Coroutine[Any, Any, None]]:
        """What runs as long as the process serves."""
        return [self._go_round(), self._follow()]

    async def finish(self) -> None:
        """Tell what is still to be told, and who is here to the last."""
        await self.tell(self._moved | self.present())

    def _note(self, feed: Feed, reader: Reader) -> None:
        if reader.opened.witnessed:
            self._moved.add((reader.connection.member.pk, feed.log_id))
            self._stirred.set()

    async def _follow(self) -> None:
        while True:
            await self._stirred.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._stirred.clear()
            moved, self._moved = self._moved, set()
            await self.tell(moved)

    async def _go_round(self) -> None:
        while True:
            await asyncio.sleep(ROUND_SECONDS)
            await self.tell(self.present())

    def present(self) -> set[Pair]:
        return {
            (connection.member.pk, reader.opened.log_id)
            for connection in self.hub.connections
            for reader in connection.readers.values()
            if reader.opened.witnessed
        }

    async def tell(self, pairs: set[Pair]) -> None:
        if not pairs:
            return
        try:
            await in_database(domain.witness, pairs, clock.now())
        except (DatabaseError, InterfaceError):
            logger.warning("witness_without_database")
        except Exception:
            logger.exception("witness_failed")
        await failpoints.arrive("witness.told", pairs=pairs)

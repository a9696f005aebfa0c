"""Ending background tasks for certain."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

ASK_AGAIN_SECONDS = 0.2


async def end_tasks(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they are over; their errors were logged where they happened.

    Once is not enough: `asyncio.wait_for` before Python 3.12, on which libraries stand, may swallow a cancellation
    that comes as its inner future ends, and the task would go on for ever.
    """
    waiting = set(tasks)
    while waiting:
        for task in waiting:
            task.cancel()
        done, waiting = await asyncio.wait(waiting, timeout=ASK_AGAIN_SECONDS)
        for task in done:
            if not task.cancelled():
                task.exception()

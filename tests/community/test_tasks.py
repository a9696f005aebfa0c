"""Background tasks end when they are told to, also those that were deaf the first time."""

from __future__ import annotations

import asyncio

from community.live.tasks import end_tasks


async def test_a_task_that_swallows_a_cancellation_is_told_again() -> None:
    swallowed = 0

    async def deaf_once() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if swallowed:
                    raise
                swallowed += 1

    async def fails() -> None:
        raise ConnectionError

    tasks = [
        asyncio.create_task(deaf_once()),
        asyncio.create_task(fails()),
        asyncio.create_task(asyncio.sleep(60)),
    ]
    await asyncio.sleep(0)
    await end_tasks(tasks)
    assert swallowed == 1
    assert all(task.done() for task in tasks)


async def test_ending_nothing_is_over_at_once() -> None:
    await end_tasks([])

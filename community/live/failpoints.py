"""Named points in the engine at which a test can hold a thread or task, or make it fail. No-ops in production.

`reach` is for threads, `arrive` for the event loop. A hook takes the point's keyword arguments; `arrive` awaits what
its hook returns.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

hooks: dict[str, Callable[..., Any]] = {}


def reach(name: str, **facts: Any) -> None:
    if hooks and (hook := hooks.get(name)) is not None:
        hook(**facts)


async def arrive(name: str, **facts: Any) -> None:
    if hooks and (hook := hooks.get(name)) is not None:
        answer = hook(**facts)
        if isinstance(answer, Awaitable):
            await answer

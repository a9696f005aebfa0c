"""Reads from the event loop: a few threads of our own, each with its database connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, InterfaceError, connection

P = ParamSpec("P")
T = TypeVar("T")

READERS = 4
_pool = ThreadPoolExecutor(max_workers=READERS, thread_name_prefix="live-reader")


async def in_database(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function that reads the database in one of the reader threads."""

    def call() -> T:
        try:
            return function(*args, **kwargs)
        except (DatabaseError, InterfaceError):
            connection.close()
            raise
        finally:
            if connection.vendor == "postgresql":
                connection.close()

    return await asyncio.get_running_loop().run_in_executor(_pool, call)

"""The engine's time, so that a test can set it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Clock:
    """`now` is UTC wall-clock time; `monotonic` is seconds for measuring spans."""

    now: Callable[[], datetime] = field(default=_utc_now)
    monotonic: Callable[[], float] = field(default=time.monotonic)


clock = Clock()

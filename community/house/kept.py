"""What is read from the database every few seconds, and stands as last known while the database is away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import ClassVar, Generic, TypeVar

from django.db import DatabaseError, InterfaceError

T = TypeVar("T")

FRESH_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    value: T
    until: float


class Kept(Generic[T]):
    """One thread at a time asks: nobody else waits for a database that doesn't answer.

    `read` asks the database, `otherwise` is what stands while it was never reached. When one value could not be read,
    none is asked for a few seconds, so that a page that needs several waits once.
    """

    away_until: ClassVar[float] = 0.0

    def __init__(self, read: Callable[[], T], otherwise: Callable[[], T]) -> None:
        self._read = read
        self._otherwise = otherwise
        self._known: Known[T] | None = None
        self._asking = Lock()

    def get(self) -> T:
        before = self._known
        if before is not None and monotonic() < before.until:
            return before.value
        if not self._asking.acquire(blocking=before is None):
            return self.known()
        try:
            if self._known is before:
                found = self._ask()
                if self._known is before:  # else it was changed here while we read
                    self.remember(found)
            return self.known()
        finally:
            self._asking.release()

    def _ask(self) -> T:
        if monotonic() < Kept.away_until:
            return self.known()
        try:
            return self._read()
        except (DatabaseError, InterfaceError):
            Kept.away_until = monotonic() + FRESH_SECONDS
            return self.known()

    def known(self) -> T:
        """What was found when last asked; asks nobody."""
        return self._known.value if self._known is not None else self._otherwise()

    def remember(self, value: T, *, seconds: float = FRESH_SECONDS) -> None:
        self._known = Known(value, monotonic() + seconds)

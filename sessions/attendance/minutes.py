"""How long somebody was there. Pure: intervals in, minutes out.

What counts is the time of the meeting itself, from its start to its end; being there by two devices counts once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

MINUTE = timedelta(minutes=1)
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Attended:
    """`minutes` of the meeting's `length`, of which `needed` are enough for a certificate; all in whole minutes."""

    minutes: int
    length: int
    needed: int

    @property
    def enough(self) -> bool:
        return self.length > 0 and self.minutes >= self.needed


def time_within(spans: Iterable[Span], start: datetime, end: datetime) -> timedelta:
    """How long the union of the spans is, cut to what lies from `start` to `end`; half-open, in any order."""
    total, reached = timedelta(0), start
    for began, ended in sorted(spans):
        began, ended = max(began, reached), min(ended, end)
        if ended > began:
            total += ended - began
            reached = ended
    return total


def attended(spans: Iterable[Span], start: datetime, end: datetime, percent: int) -> Attended:
    """Minutes are rounded down, those that are needed too: whoever was there all along has always enough."""
    length = max(end - start, timedelta(0)) // MINUTE
    return Attended(time_within(spans, start, end) // MINUTE, length, max(1, length * percent // 100))

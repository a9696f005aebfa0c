"""Working out ten years of a weekly series, beside plain dateutil, in turns in one process."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from dateutil.rrule import WEEKLY, rrule

from community.calendar.recurrence import Series, read_rule

ROUNDS = 15
ZONE = "America/Denver"
START = datetime(2026, 1, 6, 19, 0)  # noqa: DTZ001 - the wall clock of the zone
END = START + timedelta(days=3652)


@dataclass
class Dates:
    """Milliseconds for the whole stretch, and how many dates it has."""

    ours: float
    plain: float
    count: int

    def ratio(self) -> float:
        return self.ours / self.plain


def ours() -> int:
    rule = read_rule("FREQ=WEEKLY;BYDAY=TU", start=START, zone=ZONE)
    series = Series(START, ZONE, timedelta(hours=1), rule)
    since, until = (wall.replace(tzinfo=ZoneInfo(ZONE)).astimezone(UTC) for wall in (START, END))
    return sum(1 for _ in series.between(since, until))


def plain() -> int:
    return len(list(rrule(WEEKLY, dtstart=START, until=END - timedelta(seconds=1))))


def measure_dates() -> Dates:
    """Raises AssertionError if the two don't find as many dates."""
    assert ours() == plain()
    took: dict[Callable[[], int], list[float]] = {ours: [], plain: []}
    for _ in range(ROUNDS):
        for run, times in took.items():
            began = time.perf_counter()
            run()
            times.append((time.perf_counter() - began) * 1000)
    return Dates(median(took[ours]), median(took[plain]), ours())


def dates_table(dates: Dates) -> list[str]:
    return [
        "| ten years of a weekly series | dates | ms |",
        "| --- | ---: | ---: |",
        f"| ours: checked rule, exceptions, instants in UTC | {dates.count} | {dates.ours:.1f} |",
        f"| plain dateutil: wall-clock times only | {dates.count} | {dates.plain:.1f} |",
        "",
        f"Ours takes {dates.ratio():.1f} × as long; it is done once, when a series is made or carried on.",
    ]

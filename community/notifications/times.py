"""When something may come: quiet hours, and the next bundle. Pure, on the member's own clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

BUNDLE_HOUR = time(9, 0)
MONDAY = 0


def quiet_until(at: datetime, start: time, end: time, zone: ZoneInfo) -> datetime | None:
    """When the quiet hours end that an instant falls into (UTC); None when it falls into none.

    The end is the first instant after `at` at which the member's clock shows it, also when it shows it twice. When it
    springs over it, the end is as much later as the clock was put forward.
    """
    here = at.astimezone(zone)
    if not _is_within(here.time(), start, end):
        return None
    # Two days on, for quiet hours of nearly a whole day whose end the clock springs over.
    days = [here.date() + timedelta(days=days) for days in range(3)]
    shown = [datetime.combine(day, end, zone).replace(fold=fold) for day in days for fold in (0, 1)]
    ends = [moment.astimezone(UTC) for moment in shown]
    later = [instant for instant in ends if instant > at]
    return min(instant for instant in later if not _is_within(instant.astimezone(zone).time(), start, end))


def _is_within(now: time, start: time, end: time) -> bool:
    return start <= now < end if start < end else now >= start or now < end


def next_bundle(at: datetime, zone: ZoneInfo, *, weekly: bool) -> datetime:
    """Nine in the morning, of the next day or of the next Monday, later than `at`; UTC."""
    here = at.astimezone(zone)
    day = here.date()
    while True:
        moment = datetime.combine(day, BUNDLE_HOUR, zone).astimezone(UTC)
        if moment > at and (not weekly or day.weekday() == MONDAY):
            return moment
        day += timedelta(days=1)

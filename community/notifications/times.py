"""When something may come: quiet hours, and the next bundle. Pure, on the member's own clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

BUNDLE_HOUR = time(9, 0)
MONDAY = 0


def quiet_until(at: datetime, start: time, end: time, zone: ZoneInfo) -> datetime | None:
    """When the quiet hours end that an instant falls into (UTC); None when it falls into none.

    The end is the first instant after `at` at which the member's clock shows it, also when it shows it twice, or
    springs over it.
    """
    here = at.astimezone(zone)
    now = here.time()
    over_midnight = end <= start
    within = (now >= start or now < end) if over_midnight else start <= now < end
    if not within:
        return None
    day = here.date() + timedelta(days=1 if over_midnight and now >= start else 0)
    shown = datetime.combine(day, end, zone)
    ends = [shown.replace(fold=fold).astimezone(UTC) for fold in (0, 1)]
    return min((instant for instant in ends if instant > at), default=None)


def next_bundle(at: datetime, zone: ZoneInfo, *, weekly: bool) -> datetime:
    """Nine in the morning, of the next day or of the next Monday, later than `at`; UTC."""
    here = at.astimezone(zone)
    day = here.date()
    while True:
        moment = datetime.combine(day, BUNDLE_HOUR, zone).astimezone(UTC)
        if moment > at and (not weekly or day.weekday() == MONDAY):
            return moment
        day += timedelta(days=1)

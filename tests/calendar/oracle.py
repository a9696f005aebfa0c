"""A second opinion on recurrence: every day is looked at in turn and asked whether the rule means it.

Slow and plain on purpose, and with nothing of the code it judges: RFC 5545 section 3.3.10, read once more.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
DAY = timedelta(days=1)


def walls(text: str, start: datetime, last: datetime) -> list[datetime]:
    """Wall-clock starts from `start` to `last`; the start itself always is one, and COUNT doesn't count it if the rule
    does not mean it.
    """
    parts = dict(piece.split("=") for piece in text.split(";"))
    found: list[datetime] = []
    for day in _days_of_periods(parts, start.date(), last.date()):
        wall = datetime.combine(day, start.time())
        if wall < start or wall > last:
            continue
        if "UNTIL" in parts and wall > datetime.strptime(parts["UNTIL"], "%Y%m%dT%H%M%S"):
            break
        found.append(wall)
        if "COUNT" in parts and len(found) == int(parts["COUNT"]):
            break
    return sorted({start, *found})


def _days_of_periods(parts: dict[str, str], first: date, last: date) -> Iterator[date]:
    """The days that the rule means, period by period; whole ones, since BYSETPOS counts from a period's beginning."""
    every = int(parts.get("INTERVAL", 1))
    period: list[date] = []
    number = None
    day = first - timedelta(days=366)
    while day <= last + timedelta(days=366):
        now = _period(parts, day)
        if now != number:
            yield from _chosen(parts, period)
            period, number = [], now
        if (now - _period(parts, first)) % every == 0 and _means(parts, day, first):
            period.append(day)
        day += DAY
    yield from _chosen(parts, period)


def _period(parts: dict[str, str], day: date) -> int:
    match parts["FREQ"]:
        case "DAILY":
            return day.toordinal()
        case "WEEKLY":
            week_starts = DAYS.index(parts.get("WKST", "MO"))
            return (day - timedelta(days=(day.weekday() - week_starts) % 7)).toordinal() // 7
        case "MONTHLY":
            return day.year * 12 + day.month
        case _:
            return day.year


def _chosen(parts: dict[str, str], period: list[date]) -> list[date]:
    if "BYSETPOS" not in parts:
        return period
    places = [int(one) for one in parts["BYSETPOS"].split(",")]
    places = [place - 1 if place > 0 else len(period) + place for place in places]
    return [day for place, day in enumerate(period) if place in places]


def _means(parts: dict[str, str], day: date, first: date) -> bool:
    frequency = parts["FREQ"]
    if "BYMONTH" in parts and str(day.month) not in parts["BYMONTH"].split(","):
        return False
    if "BYMONTHDAY" in parts:
        length = monthrange(day.year, day.month)[1]
        names = {str(day.day), str(day.day - length - 1)}
        if not names & set(parts["BYMONTHDAY"].split(",")):
            return False
    if "BYDAY" in parts:
        return bool(_names(parts, day) & set(parts["BYDAY"].split(",")))
    if "BYMONTHDAY" in parts:
        return True
    match frequency:
        case "WEEKLY":
            return day.weekday() == first.weekday()
        case "MONTHLY":
            return day.day == first.day
        case "YEARLY":
            return day.day == first.day and ("BYMONTH" in parts or day.month == first.month)
        case _:
            return True


def _names(parts: dict[str, str], day: date) -> set[str]:
    """What a rule may call this day: TU, 2TU, -3TU; numbered in its month, or in its year if no month is named."""
    name = DAYS[day.weekday()]
    if parts["FREQ"] == "MONTHLY" or "BYMONTH" in parts:
        place, length = day.day, monthrange(day.year, day.month)[1]
    else:
        place, length = day.timetuple().tm_yday, 366 if isleap(day.year) else 365
    return {name, f"{(place - 1) // 7 + 1}{name}", f"{-((length - place) // 7 + 1)}{name}"}


def instant(wall: datetime, zone: str) -> datetime:
    """The first instant at which clocks show this time; where they never do, that with the offset before the gap."""
    clock = ZoneInfo(zone)
    as_utc = wall.replace(tzinfo=UTC)
    offsets = [(as_utc + hours).astimezone(clock).utcoffset() for hours in (-DAY, DAY)]
    shown = [as_utc - offset for offset in offsets if offset is not None]
    right = [one for one in shown if one.astimezone(clock).replace(tzinfo=None) == wall]
    return min(right) if right else shown[0]

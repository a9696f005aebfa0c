"""VTIMEZONE of an IANA zone, with yearly rules wherever the zone keeps to one (RFC 5545 section 3.6.5). Pure.

Made here because lists of RDATEs, as libraries write them, are misread by an hour in some calendar apps and end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard, vRecur

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
# Long enough that a rule that holds for it is the zone's own.
YEARS = 12
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the clocks. `wall` is what they showed the moment before (RFC 5545 wants it so)."""

    wall: datetime
    before: timedelta
    after: timedelta
    name: str
    saving: bool


def vtimezone(zone: str, since: datetime) -> Timezone:
    """What a reader needs to place wall-clock times of the zone from the year of `since` on."""
    component = Timezone()
    component.add("TZID", zone)
    first_year = since.year - 1
    changes = list(_changes(ZoneInfo(zone), first_year, first_year + YEARS))
    if not changes:
        component.add_component(_steady(ZoneInfo(zone), first_year))
        return component
    # What holds before the first change that is told.
    component.add_component(_observance(_opening(changes[0], first_year)))
    for saving in (True, False):
        of_kind = [change for change in changes if change.saving is saving]
        rule = _yearly(of_kind)
        if rule is not None:
            component.add_component(_observance(of_kind[0], rule))
        else:
            for change in of_kind:
                component.add_component(_observance(change))
    return component


def _changes(zone: ZoneInfo, first_year: int, last_year: int) -> Iterator[Change]:
    at = datetime(first_year, 1, 1, tzinfo=UTC)
    end = datetime(last_year, 1, 1, tzinfo=UTC)
    step = timedelta(days=5)
    while at < end:
        if _offset(at, zone) != _offset(at + step, zone):
            moment = _moment(at, at + step, zone)
            after = moment.astimezone(zone)
            yield Change(
                wall=(moment + _offset(moment - HOUR, zone)).replace(tzinfo=None),
                before=_offset(moment - HOUR, zone),
                after=_offset(moment, zone),
                name=after.tzname() or "",
                saving=bool(after.dst()),
            )
        at += step


def _moment(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The first minute with the offset that `high` has."""
    while high - low > timedelta(minutes=1):
        middle = low + timedelta(minutes=(high - low) // timedelta(minutes=2))
        if _offset(middle, zone) == _offset(low, zone):
            low = middle
        else:
            high = middle
    return high


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None
    return offset


def _yearly(changes: list[Change]) -> str | None:
    """The rule that all these changes follow, one a year; None if they follow none."""
    if len({(change.wall.time(), change.before, change.after, change.wall.month) for change in changes}) != 1:
        return None
    if [change.wall.year for change in changes] != list(
        range(changes[0].wall.year, changes[-1].wall.year + 1)
    ):
        return None
    if len(changes) < YEARS - 1:
        return None
    common = set.intersection(*({*_names(change.wall)} for change in changes))
    return f"FREQ=YEARLY;BYMONTH={changes[0].wall.month};BYDAY={min(common)}" if common else None


def _names(wall: datetime) -> Iterable[str]:
    """“second Sunday”, and “last Sunday” where it is."""
    day = DAYS[wall.weekday()]
    yield f"{(wall.day - 1) // 7 + 1}{day}"
    if (wall + timedelta(days=7)).month != wall.month:
        yield f"-1{day}"


def _opening(first: Change, year: int) -> Change:
    return Change(datetime(year, 1, 1), first.before, first.before, "", not first.saving)  # noqa: DTZ001


def _steady(zone: ZoneInfo, year: int) -> TimezoneStandard:
    start = datetime(year, 1, 1, tzinfo=UTC)
    offset = _offset(start, zone)
    name = start.astimezone(zone).tzname() or ""
    steady = Change(start.replace(tzinfo=None), offset, offset, name, saving=False)
    component = _observance(steady)
    assert isinstance(component, TimezoneStandard)
    return component


def _observance(change: Change, rule: str = "") -> TimezoneStandard | TimezoneDaylight:
    component = TimezoneDaylight() if change.saving else TimezoneStandard()
    component.add("DTSTART", change.wall)
    component.add("TZOFFSETFROM", change.before)
    component.add("TZOFFSETTO", change.after)
    if change.name:
        component.add("TZNAME", change.name)
    if rule:
        component.add("RRULE", vRecur.from_ical(rule))
    return component

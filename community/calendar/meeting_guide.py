"""The Meeting Guide feed of the twelve-step world (github.com/code4recovery/spec): ours written, others' read. Pure.

What readers do, beyond the words of the specification: a row names one weekday, Sunday is 0; a row without a time zone
or an address is dropped; a meeting may not end after midnight; only weekly meetings exist.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from community.calendar.models import Event
from community.calendar.recurrence import DAYS

# A field of this name hides the type below it.
Clock = time

BYTES_MAX = 8_000_000
ROWS_MAX = 20_000
PROBLEMS_MAX = 50
MIDNIGHT = 24 * 60


def rows(events: Iterable[Event], *, site: str, entity: str, place: str, today: date) -> list[dict[str, Any]]:
    """The rows of our public weekly meetings, one a weekday; `site` is our own origin, `place` a rough address."""
    found = []
    for event in events:
        address = event.address or place
        if not address or not is_weekly(event, today):
            continue
        for day in weekdays(event):
            found.append(_row(event, day, site=site, entity=entity, address=address))  # noqa: PERF401
    return found


def is_weekly(event: Event, today: date) -> bool:
    """Every week, and still going on."""
    rule = event.parsed_rule
    if rule is None or event.all_day or event.cancelled_at is not None:
        return False
    if rule.part("FREQ") != "WEEKLY" or rule.part("INTERVAL") not in {"", "1"} or rule.part("BYMONTH"):
        return False
    ahead = datetime.combine(today, time.min, UTC)
    return any(event.series.between(ahead, ahead + timedelta(days=8)))


def weekdays(event: Event) -> list[int]:
    """0 is Sunday."""
    rule = event.parsed_rule
    named = rule.part("BYDAY").split(",") if rule is not None and rule.part("BYDAY") else []
    monday_first = [DAYS.index(one) for one in named] or [event.day.weekday()]
    return sorted((day + 1) % 7 for day in monday_first)


def _row(event: Event, day: int, *, site: str, entity: str, address: str) -> dict[str, Any]:
    assert event.time is not None
    starts = event.time.hour * 60 + event.time.minute
    ends = min(starts + event.minutes, MIDNIGHT - 1)
    online = event.here or event.link or event.phone
    row: dict[str, Any] = {
        "name": event.title,
        "slug": f"{event.uid}-{day}",
        "day": day,
        "time": f"{event.time:%H:%M}",
        "end_time": f"{ends // 60:02}:{ends % 60:02}",
        "timezone": event.zone,
        "formatted_address": address,
        "types": ["ONL"] if online else [],
        "url": f"{site}/meetings/",
        "updated": event.changed_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
        "entity": entity,
        "entity_url": f"{site}/",
    }
    more = {
        "notes": event.about, "conference_url": event.link, "conference_phone": event.phone,
        "approximate": "" if event.address else "yes",
    }  # fmt: skip
    return row | {name: value for name, value in more.items() if value}


# Reading others'


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A meeting that others hold: one weekday, on the clock of its place. `day` counts from Sunday, 0."""

    slug: str
    name: str
    day: int
    time: Clock
    end_time: Clock | None
    zone: str
    address: str
    link: str
    phone: str
    notes: str
    entity: str


@dataclass(slots=True)
class Feed:
    meetings: list[Elsewhere] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class NotAMeeting(ValueError):
    """Why a row can't be kept."""


def read_feed(data: bytes, *, zone: str) -> Feed:
    """What a feed holds; `zone` is for rows that name none. Rows that can't be kept are named, by their number."""
    feed = Feed()
    if len(data) > BYTES_MAX:
        feed.problems.append("The feed is larger than 8 MB.")
        return feed
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        feed.problems.append(f"This is no JSON{where}.")
        return feed
    if not isinstance(found, list):
        feed.problems.append("A feed is a list of meetings.")
        return feed
    if len(found) > ROWS_MAX:
        feed.problems.append(f"There are {len(found)} meetings in the feed; {ROWS_MAX} are the most.")
        return feed
    for number, row in enumerate(found, start=1):
        try:
            feed.meetings += _meetings(row, zone)
        except NotAMeeting as error:
            if len(feed.problems) < PROBLEMS_MAX:
                feed.problems.append(f"Meeting {number}: {error}")
    return feed


def _meetings(row: object, usual_zone: str) -> list[Elsewhere]:
    if not isinstance(row, Mapping):
        raise NotAMeeting("not an object.")
    day = row.get("day")
    # An array of days is not in the specification, and found in the wild.
    days = [_day(one) for one in (day if isinstance(day, list) else [day])]
    zone = _text(row, "timezone", 60) or usual_zone
    if zone not in available_timezones():
        raise NotAMeeting(f"no such time zone: {zone[:40]}.")
    name, slug = _text(row, "name", 200), _text(row, "slug", 200)
    if not name or not slug:
        raise NotAMeeting("it needs a name and a slug.")
    place = ", ".join(filter(None, (_text(row, part, 120) for part in ("address", "city", "state"))))
    return [
        Elsewhere(
            slug=slug,
            name=name,
            day=one,
            time=_time(row.get("time"), "time"),
            end_time=_time(row["end_time"], "end_time") if row.get("end_time") else None,
            zone=zone,
            address=_text(row, "formatted_address", 240) or place,
            link=_link(_text(row, "conference_url", 500)),
            phone=_text(row, "conference_phone", 60),
            notes=_text(row, "notes", 1000),
            entity=_text(row, "entity", 120),
        )
        for one in sorted(set(days))
    ]


def _day(value: object) -> int:
    try:
        day = int(str(value))
    except ValueError:
        raise NotAMeeting("it needs a weekday, from 0 (Sunday) to 6.") from None
    if not 0 <= day <= 6:
        raise NotAMeeting(f"{day} is no weekday: they go from 0 (Sunday) to 6.")
    return day


def _time(value: object, name: str) -> time:
    try:
        return time.fromisoformat(str(value)).replace(tzinfo=None)
    except ValueError:
        raise NotAMeeting(f"{name} must be written as 19:30.") from None


def _text(row: Mapping[Any, Any], name: str, most: int) -> str:
    value = row.get(name)
    return value.replace("\x00", "").strip()[:most] if isinstance(value, str) else ""


def _link(value: str) -> str:
    return value if urlsplit(value).scheme == "https" and "@" not in urlsplit(value).netloc else ""

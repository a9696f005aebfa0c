"""Reading an .ics file (RFC 5545): what it says as plans, and what can't be kept, each with its line. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from icalendar import Event as Component

from community.calendar.models import MINUTES_MAX
from community.calendar.recurrence import BadRule, Rule, Series, on_the_clock, read_rule

# Its types are a union of all that any property may be.
Parsed = Any

BYTES_MAX = 1_000_000
EVENTS_MAX = 1_000
DATES_MAX = 1_000
PROBLEMS_MAX = 50
WITHOUT_END = timedelta(minutes=30)
READ = {
    "UID", "SUMMARY", "DESCRIPTION", "LOCATION", "STATUS", "DTSTART", "DTEND", "DURATION", "RRULE", "EXDATE", "RDATE",
    "RECURRENCE-ID",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """`line` counts from 1; 0 means the file as a whole."""

    line: int
    words: str

    def __str__(self) -> str:
        return f"Line {self.line}: {self.words}" if self.line else self.words


class CannotKeep(ValueError):
    """A property that can't be kept; says which, and why."""

    def __init__(self, name: str, words: str) -> None:
        super().__init__(words)
        self.name = name


@dataclass(frozen=True, slots=True)
class Change:
    """A date that differs from its series."""

    wall: datetime
    starts_at: datetime
    ends_at: datetime
    title: str
    cancelled: bool


@dataclass(frozen=True, slots=True)
class Planned:
    uid: str
    title: str
    about: str
    address: str
    series: Series
    cancelled: bool
    line: int
    changes: tuple[Change, ...] = ()

    def dates(self, since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
        """(start, end) of every date that takes place, as instants in UTC, in order."""
        if self.cancelled:
            return []
        changed = {change.wall: change for change in self.changes}
        # A date may be moved into the time that is asked for, or out of it.
        reach = [
            abs(change.starts_at - self.series.instance(change.wall).starts_at) for change in self.changes
        ]
        far = max(reach, default=timedelta())
        found = []
        for instance in self.series.between(since - far, until + far):
            change = changed.pop(instance.recurrence_id, None)
            if change is None:
                found.append((instance.starts_at, instance.ends_at))
            elif not change.cancelled:
                found.append((change.starts_at, change.ends_at))
        found += [(change.starts_at, change.ends_at) for change in changed.values() if not change.cancelled]
        return sorted((start, end) for start, end in found if end > since and start < until)


@dataclass(slots=True)
class Reading:
    events: list[Planned] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_ics(data: bytes, *, zone: str) -> Reading:
    """What the file holds; `zone` is for times that name none. Never raises for what stands in the file."""
    reading = Reading()
    if len(data) > BYTES_MAX:
        reading.problems.append(Problem(0, "The file is larger than 1 MB. Export a shorter stretch of time."))
        return reading
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        reading.problems.append(Problem(line, "This is not text in UTF-8."))
        return reading
    blocks = list(_blocks(text, reading.problems))
    if not blocks and not reading.problems:
        reading.problems.append(Problem(0, "There is no event in the file."))
    if len(blocks) > EVENTS_MAX:
        reading.problems.append(
            Problem(0, f"There are {len(blocks)} events in the file; {EVENTS_MAX} are the most.")
        )
        return reading
    _read_blocks(blocks, zone, reading)
    return reading


@dataclass(frozen=True, slots=True)
class Block:
    """A VEVENT as it stands in the file; `lines` says where each of its properties begins."""

    component: Parsed
    line: int
    lines: dict[str, int]

    def line_of(self, name: str) -> int:
        return self.lines.get(name, self.line)


def _blocks(text: str, problems: list[Problem]) -> Iterator[Block]:
    logical = list(_unfolded(text))
    if not logical or logical[0][1].strip().upper() != "BEGIN:VCALENDAR":
        problems.append(Problem(1, "A calendar file begins with BEGIN:VCALENDAR."))
        return
    inside: list[tuple[int, str]] | None = None
    depth = 0
    for number, line in logical:
        upper = line.strip().upper()
        if upper == "BEGIN:VEVENT" and inside is None:
            inside, depth = [], 0
        if inside is None:
            continue
        inside.append((number, line))
        depth += upper.startswith("BEGIN:") - upper.startswith("END:")
        if depth == 0:
            block = _block(inside, problems)
            if block is not None:
                yield block
            inside = None
    if inside is not None:
        problems.append(Problem(inside[0][0], "The event that begins here has no end."))


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    """(number of its first line, whole line): lines that begin with a blank carry on the one before (section 3.1)."""
    number, whole = 0, ""
    for at, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1):
        if line[:1] in {" ", "\t"} and whole:
            whole += line[1:]
            continue
        if whole:
            yield number, whole
        number, whole = at, line
    if whole:
        yield number, whole


def _block(inside: list[tuple[int, str]], problems: list[Problem]) -> Block | None:
    lines: dict[str, int] = {}
    for number, line in inside:
        name = line.split(":", 1)[0].split(";", 1)[0].strip().upper()
        lines.setdefault(name, number)
        if ":" not in line:
            problems.append(Problem(number, f"“{line[:40]}” is no property."))
            return None
    try:
        component = Component.from_ical("\r\n".join(line for _, line in inside) + "\r\n")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        problems.append(Problem(inside[0][0], f"The event can’t be read: {str(error)[:120]}"))
        return None
    wrong = [(str(name).upper(), str(words)[:120]) for name, words in component.errors]
    wrong = [(name, words) for name, words in wrong if name in READ]
    for name, words in wrong:
        problems.append(Problem(lines.get(name, inside[0][0]), f"{name} can’t be read: {words}"))
    return None if wrong else Block(component, inside[0][0], lines)


def _read_blocks(blocks: list[Block], zone: str, reading: Reading) -> None:
    masters: dict[str, Planned] = {}
    special: list[Block] = []
    for block in blocks:
        if len(reading.problems) >= PROBLEMS_MAX:
            return
        if "RECURRENCE-ID" in block.component:
            special.append(block)
            continue
        try:
            planned = _planned(block, zone)
        except CannotKeep as error:
            reading.problems.append(Problem(block.line_of(error.name), str(error)))
            continue
        if planned.uid in masters:
            reading.problems.append(
                Problem(block.line_of("UID"), "Another event in the file has the same UID.")
            )
            continue
        masters[planned.uid] = planned
    changes: dict[str, list[Change]] = {}
    for block in special:
        uid = str(block.component.get("UID", ""))
        if uid not in masters:
            words = "It changes a date of a series that is not in the file."
            reading.problems.append(Problem(block.line_of("RECURRENCE-ID"), words))
            continue
        try:
            changes.setdefault(uid, []).append(_change(block, masters[uid], zone))
        except CannotKeep as error:
            reading.problems.append(Problem(block.line_of(error.name), str(error)))
    for uid, planned in masters.items():
        reading.events.append(replace(planned, changes=tuple(changes.get(uid, ()))))


def _planned(block: Block, usual_zone: str) -> Planned:
    component = block.component
    uid = str(component.get("UID", "")).strip()
    if not uid or len(uid) > 255:
        raise CannotKeep("UID", "An event needs a UID of at most 255 characters.")
    value = _dt(component, "DTSTART")
    if value is None:
        raise CannotKeep("DTSTART", "An event needs a start.")
    all_day = not isinstance(value, datetime)
    zone = _zone_of(component, "DTSTART", value, usual_zone) if isinstance(value, datetime) else usual_zone
    start = _wall(value, zone)
    length = _length(component, value, all_day)
    rule = _rule(component, start, zone)
    series = Series(
        start=start,
        zone=zone,
        duration=length,
        rule=rule,
        left_out=frozenset(_dates(component, "EXDATE", zone, start)),
        added=tuple(sorted(_dates(component, "RDATE", zone, start))),
        all_day=all_day,
    )
    return Planned(
        uid=uid,
        title=str(component.get("SUMMARY", "")).strip()[:120] or "Without a title",
        about=str(component.get("DESCRIPTION", "")).strip()[:4000],
        address=str(component.get("LOCATION", "")).strip()[:240],
        series=series,
        cancelled=str(component.get("STATUS", "")).upper() == "CANCELLED",
        line=block.line,
    )


def _dt(component: Parsed, name: str) -> date | datetime | None:
    found: Any = component.get(name)
    if isinstance(found, list):
        raise CannotKeep(name, f"{name} stands there more than once.")
    if found is None:
        return None
    value: date | datetime = found.dt
    return value


def _zone_of(component: Parsed, name: str, value: datetime, usual: str) -> str:
    """The IANA zone of a time; `usual` for one without (a floating time)."""
    tzid = component[name].params.get("TZID")
    if tzid is None:
        return "UTC" if value.tzinfo is not None else usual
    # Some programs put a name of their own before that of the zone.
    named = str(getattr(value.tzinfo, "key", None) or tzid)
    parts = named.strip("/").split("/")
    for place in range(len(parts)):
        if (zone := "/".join(parts[place:])) in available_timezones():
            return zone
    raise CannotKeep(name, f"No such time zone: {str(tzid)[:60]}.")


def _wall(value: date | datetime, zone: str) -> datetime:
    """The wall clock in the series' zone."""
    if not isinstance(value, datetime):
        return datetime.combine(value, time.min)
    if value.tzinfo is None or getattr(value.tzinfo, "key", "") == zone:
        return value.replace(tzinfo=None, fold=0)
    return value.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def _length(component: Parsed, start: date | datetime, all_day: bool) -> timedelta:
    end = _dt(component, "DTEND")
    if end is not None and isinstance(end, datetime) == all_day:
        raise CannotKeep("DTEND", "The end must be of the same kind as the start: a day, or a time.")
    if end is not None:
        if isinstance(end, datetime):
            _zone_of(component, "DTEND", end, "UTC")
        length = _between(start, end)
    elif "DURATION" in component:
        length = component["DURATION"].dt
    else:
        length = timedelta(days=1) if all_day else WITHOUT_END
    name = "DTEND" if end is not None else "DURATION"
    if length <= timedelta():
        if not all_day and length == timedelta():
            return WITHOUT_END
        raise CannotKeep(name, "It ends before it starts.")
    if length > timedelta(minutes=MINUTES_MAX):
        raise CannotKeep(name, "It lasts longer than two weeks.")
    return length


def _between(start: date | datetime, end: date | datetime) -> timedelta:
    if isinstance(start, datetime) and isinstance(end, datetime) and start.tzinfo and end.tzinfo:
        return end.astimezone(UTC) - start.astimezone(UTC)
    if isinstance(start, datetime) and isinstance(end, datetime):
        return end.replace(tzinfo=None) - start.replace(tzinfo=None)
    return timedelta(days=end.toordinal() - start.toordinal())


def _rule(component: Parsed, start: datetime, zone: str) -> Rule | None:
    found = component.get("RRULE")
    if found is None:
        return None
    if isinstance(found, list):
        raise CannotKeep("RRULE", "A series with several rules is not kept here.")
    try:
        return read_rule(found.to_ical().decode(), start=start, zone=zone)
    except BadRule as error:
        raise CannotKeep("RRULE", str(error)) from None


def _dates(component: Parsed, name: str, zone: str, start: datetime) -> list[datetime]:
    found = component.get(name, [])
    values = [one.dt for each in (found if isinstance(found, list) else [found]) for one in each.dts]
    if len(values) > DATES_MAX:
        raise CannotKeep(name, f"There are {len(values)} dates; {DATES_MAX} are the most.")
    if any(isinstance(value, tuple) for value in values):
        raise CannotKeep(name, "Dates with an end of their own are not kept here.")
    return [
        _wall(value, zone) if isinstance(value, datetime) else datetime.combine(value, start.time())
        for value in values
    ]


def _change(block: Block, planned: Planned, usual_zone: str) -> Change:
    component, series = block.component, planned.series
    if component["RECURRENCE-ID"].params.get("RANGE"):
        raise CannotKeep("RECURRENCE-ID", "Changes of this and all later dates at once are not kept here.")
    which = component["RECURRENCE-ID"].dt
    wall = (
        _wall(which, series.zone)
        if isinstance(which, datetime)
        else datetime.combine(which, series.start.time())
    )
    if not series.falls_on(wall) and wall not in series.left_out:
        raise CannotKeep("RECURRENCE-ID", "The series has no such date.")
    value = _dt(component, "DTSTART")
    if value is None:
        value = which
    zone = (
        usual_zone if not isinstance(value, datetime) else _zone_of(component, "DTSTART", value, usual_zone)
    )
    length = _length(component, value, not isinstance(value, datetime))
    starts_at = on_the_clock(_wall(value, zone), zone)
    title = str(component.get("SUMMARY", "")).strip()[:120]
    return Change(
        wall=wall,
        starts_at=starts_at,
        ends_at=starts_at + length,
        title="" if title == planned.title else title,
        cancelled=str(component.get("STATUS", "")).upper() == "CANCELLED",
    )

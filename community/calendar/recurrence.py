"""When a series takes place: a wall-clock start in an IANA zone, an RFC 5545 rule, dates left out, dates added. Pure.

The rule is worked out on the wall clock by `dateutil` and only then put on the world's clock, so that a weekly 19:00
stays 19:00 through a clock change. A wall-clock time that a change skips is read with the offset before it, and one
that comes twice means the first (RFC 5545 section 3.3.5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rruleset, rrulestr

FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
PART = re.compile(r"([A-Z-]+)=(.+)")
WEEKDAY = re.compile(rf"([+-]?\d{{1,2}})?({'|'.join(DAYS)})")
# A rule with these says more than our forms and pages can; such a series would read otherwise here than elsewhere.
UNREAD = {"BYSECOND", "BYMINUTE", "BYHOUR", "BYYEARDAY", "BYWEEKNO", "RSCALE", "SKIP"}
RULE_MAX = 500
COUNT_MAX = 2_000
INTERVAL_MAX = 366
# The Gregorian calendar repeats every 400 years, weekdays included.
CYCLE = 400
LAST_YEAR = 9999
BOUNDS = {"BYMONTH": (1, 12), "BYMONTHDAY": (-31, 31), "BYSETPOS": (-366, 366)}


class BadRule(ValueError):
    """A rule that can't be followed; the message says which part, in words for the person who wrote it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An RRULE, checked. `parts` are its parts but COUNT and UNTIL, as they were written."""

    parts: tuple[tuple[str, str], ...]
    count: int | None = None
    until: date | datetime | None = None

    def __str__(self) -> str:
        """The value of the RRULE property (RFC 5545 section 3.3.10)."""
        end: list[tuple[str, str]] = []
        if self.count is not None:
            end.append(("COUNT", str(self.count)))
        if self.until is not None:
            end.append(("UNTIL", written(self.until)))
        return ";".join(f"{name}={value}" for name, value in (*self.parts, *end))

    def last_wall(self, zone: str) -> datetime:
        """The last wall-clock time that UNTIL lets the rule reach. Raises ValueError for a rule without UNTIL."""
        if self.until is None:
            raise ValueError("the rule has no UNTIL")
        if not isinstance(self.until, datetime):
            return datetime.combine(self.until, time(23, 59, 59))
        return self.until.astimezone(ZoneInfo(zone)).replace(tzinfo=None) if self.until.tzinfo else self.until

    def part(self, name: str) -> str:
        return dict(self.parts).get(name, "")


@dataclass(frozen=True, slots=True)
class Instance:
    """One date of a series; `recurrence_id` is the wall-clock start by which it stays known (RFC 5545, 3.8.4.4)."""

    recurrence_id: datetime
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Series:
    """`start` is the wall clock without a zone; all-day series start at 00:00 and last whole days."""

    start: datetime
    zone: str
    duration: timedelta
    rule: Rule | None = None
    left_out: frozenset[datetime] = frozenset()
    added: tuple[datetime, ...] = ()
    all_day: bool = False

    def between(self, since: datetime, until: datetime) -> Iterator[Instance]:
        """The instances that end after `since` and start before `until` (instants), in order."""
        zone = ZoneInfo(self.zone)
        # A day on both sides covers every offset and every clock change.
        last = until.astimezone(zone).replace(tzinfo=None) + timedelta(days=1)
        for wall in self._walls(last):
            instance = self.instance(wall)
            if instance.ends_at > since and instance.starts_at < until:
                yield instance

    def instance(self, wall: datetime) -> Instance:
        starts_at = on_the_clock(wall, self.zone)
        if self.all_day:
            return Instance(wall, starts_at, on_the_clock(wall + self.duration, self.zone))
        return Instance(wall, starts_at, starts_at + self.duration)

    def falls_on(self, wall: datetime) -> bool:
        """Whether the series has an instance at this wall-clock time."""
        return wall in self._walls(wall + timedelta(seconds=1))

    def before(self, wall: datetime) -> Series:
        """The series up to, and without, this instance: what is left when the rest is split off.

        Raises ValueError if this is its first, so that nothing would be left.
        """
        if self.rule is None or wall <= self.start:
            raise ValueError("nothing of the series stands before its first date")
        return replace(
            self,
            rule=replace(self.rule, count=len(self._of_the_rule_before(wall)), until=None),
            added=tuple(one for one in self.added if one < wall),
            left_out=frozenset(one for one in self.left_out if one < wall),
        )

    def since(self, wall: datetime) -> Series:
        """The series from this instance on, with what is left of its count."""
        if self.rule is None:
            return self
        rule = self.rule
        if rule.count is not None:
            rule = replace(rule, count=rule.count - len(self._of_the_rule_before(wall)))
        return replace(
            self,
            start=wall,
            rule=rule,
            added=tuple(one for one in self.added if one >= wall),
            left_out=frozenset(one for one in self.left_out if one >= wall),
        )

    def _walls(self, last: datetime) -> Iterator[datetime]:
        """Wall-clock starts up to `last`, in order, each once. The start itself is always one (RFC 5545 3.8.5.3)."""
        dates = rruleset()
        dates.rdate(self.start)
        if self.rule is not None:
            dates.rrule(_follow(self.rule, self.start, self.zone, last))
        for one in self.added:
            dates.rdate(one)
        for one in self.left_out:
            dates.exdate(one)
        for wall in dates:
            if wall > last:
                return
            yield wall

    def _of_the_rule_before(self, wall: datetime) -> list[datetime]:
        """Also those that were left out: COUNT counts them (RFC 5545 section 3.8.5.1)."""
        assert self.rule is not None
        dates = _follow(self.rule, self.start, self.zone, wall)
        return list(takewhile(lambda one: one < wall, dates))


def on_the_clock(wall: datetime, zone: str) -> datetime:
    """The instant (UTC) of a wall-clock time."""
    return wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)


def written(value: date | datetime) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y%m%dT%H%M%S") + ("Z" if value.tzinfo else "")
    return value.strftime("%Y%m%d")


def read_rule(text: str, *, start: datetime, zone: str) -> Rule:
    """Check an RRULE value against RFC 5545 section 3.3.10. Raises BadRule.

    UNTIL may be a date (the whole day counts), a wall-clock time, or an instant in UTC.
    """
    if len(text) > RULE_MAX:
        raise BadRule("The rule is too long.")
    found: dict[str, str] = {}
    for piece in text.strip().removeprefix("RRULE:").upper().split(";"):
        match = PART.fullmatch(piece.strip())
        if match is None:
            raise BadRule(f"“{piece[:40]}” is not a part of a rule, such as FREQ=WEEKLY.")
        if match[1] in found:
            raise BadRule(f"{match[1]} stands in the rule twice.")
        found[match[1]] = match[2]
    _check_parts(found)
    _check_together(found["FREQ"], found)
    if "COUNT" in found and "UNTIL" in found:
        raise BadRule("A rule ends by COUNT or by UNTIL, not by both.")
    count = _number("COUNT", found.pop("COUNT"), 1, COUNT_MAX) if "COUNT" in found else None
    until = _read_until(found.pop("UNTIL")) if "UNTIL" in found else None
    rule = Rule(tuple(found.items()), count, until)
    if until is not None and rule.last_wall(zone) < start:
        raise BadRule("The rule ends before its first date.")
    _require_dates(rule, start)
    return rule


def _check_parts(found: dict[str, str]) -> None:
    frequency = found.get("FREQ", "")
    if frequency not in FREQUENCIES:
        raise BadRule("FREQ is missing." if not frequency else f"FREQ={frequency[:20]} is not one we keep.")
    for name, value in found.items():
        match name:
            case "FREQ" | "COUNT" | "UNTIL":
                pass
            case "INTERVAL":
                _number(name, value, 1, INTERVAL_MAX)
            case "WKST" if value in DAYS:
                pass
            case "BYMONTH" | "BYMONTHDAY" | "BYSETPOS":
                for one in value.split(","):
                    _number(name, one, *BOUNDS[name], zero=False)
            case "BYDAY":
                _check_days(frequency, value)
            case _ if name in UNREAD:
                raise BadRule(f"{name} is not kept here: write the rule by days and months.")
            case _:
                raise BadRule(f"{name[:20]}={value[:20]} is not a part of a rule.")


def _check_together(frequency: str, found: dict[str, str]) -> None:
    if "BYSETPOS" in found and not found.keys() & {"BYDAY", "BYMONTHDAY", "BYMONTH"}:
        raise BadRule("BYSETPOS needs days to choose from.")
    if frequency == "WEEKLY" and "BYMONTHDAY" in found:
        raise BadRule("BYMONTHDAY has no meaning in a weekly rule.")
    if frequency in {"DAILY", "WEEKLY"} and "BYSETPOS" in found:
        # Readers disagree on what a first week that is cut by the start holds.
        raise BadRule("BYSETPOS is kept in monthly and yearly rules only.")


def _check_days(frequency: str, value: str) -> None:
    if len({one.isalpha() for one in value.split(",")}) > 1:
        raise BadRule(
            "Every week’s days and numbered ones, such as MO and 1TU, don’t go together in one rule."
        )
    for one in value.split(","):
        match = WEEKDAY.fullmatch(one)
        if match is None:
            raise BadRule(f"BYDAY={one[:20]} is not a weekday, such as TU or -1FR.")
        if match[1] is None:
            continue
        if frequency not in {"MONTHLY", "YEARLY"}:
            raise BadRule(f"{one} has no meaning in a {frequency.lower()} rule.")
        _number("BYDAY", match[1], -53, 53, zero=False)


def _number(name: str, text: str, least: int, most: int, *, zero: bool = True) -> int:
    try:
        number = int(text)
    except ValueError:
        raise BadRule(f"{name}={text[:20]} is not a number.") from None
    if not least <= number <= most or (number == 0 and not zero):
        raise BadRule(f"{name}={number} is not between {least} and {most}.")
    return number


def _read_until(text: str) -> date | datetime:
    for form, kind in (("%Y%m%dT%H%M%SZ", UTC), ("%Y%m%dT%H%M%S", None)):
        try:
            return datetime.strptime(text, form).replace(tzinfo=kind)
        except ValueError:
            continue
    try:
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        raise BadRule(f"UNTIL={text[:20]} is not a date.") from None


def _follow(rule: Rule, start: datetime, zone: str, last: datetime) -> rrule:
    """The rule's own dates, to `last` at the most, so that a rule without an end has one."""
    dates = rrulestr(";".join(f"{name}={value}" for name, value in rule.parts), dtstart=start)
    assert isinstance(dates, rrule)
    if rule.count is not None:
        return dates.replace(count=rule.count)
    ends = last if rule.until is None else min(last, rule.last_wall(zone))
    return dates.replace(until=ends)


def _require_dates(rule: Rule, start: datetime) -> None:
    """Raises BadRule if the rule never falls on a date, as the 30th of February does.

    It is looked for in the last cycle of the calendar that `dateutil` knows: from our own year it would look through
    eight thousand years before it gave up.
    """
    cycles = (LAST_YEAR - start.year) // CYCLE
    late = start.replace(year=start.year + cycles * CYCLE)
    dates = rrulestr(";".join(f"{name}={value}" for name, value in rule.parts), dtstart=late)
    if next(iter(dates), None) is None:
        raise BadRule("The rule never falls on a date.")


def in_words(rule: Rule | None, start: datetime) -> str:
    """“every Tuesday”, “every second month on the last Friday”; empty for a single date."""
    if rule is None:
        return ""
    every = int(rule.part("INTERVAL") or 1)
    words = _how_often(rule, every, start)
    if rule.count is not None:
        words += f", {rule.count} times"
    if rule.until is not None:
        words += f", until {rule.until:%-d %B %Y}"
    return words


NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last", -2: "second to last"}


def _how_often(rule: Rule, every: int, start: datetime) -> str:
    unit = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}[rule.part("FREQ")]
    often = f"every {unit}" if every == 1 else f"every {ORDINALS.get(every, f'{every}th')} {unit}"
    days = [WEEKDAY.fullmatch(one) for one in rule.part("BYDAY").split(",")] if rule.part("BYDAY") else []
    named = [_day(match[1], match[2]) for match in days if match]
    if unit == "week":
        named = named or [NAMES[start.weekday()]]
        if every == 1:
            weekdays = [*NAMES[:5]]
            return "every weekday" if named == weekdays else f"every {_listed(named)}"
        return f"{often} on {_listed(named)}"
    if unit == "day" or rule.part("BYSETPOS"):
        return f"{often}{f' on {_listed(named)}' if named else ''}{' (some of them)' * bool(rule.part('BYSETPOS'))}"
    if named:
        return f"{often} on the {_listed(named)}"
    if unit == "year":
        return f"{often} on {start:%-d %B}"
    monthdays = rule.part("BYMONTHDAY") or str(start.day)
    return f"{often} on the {_listed([_monthday(int(one)) for one in monthdays.split(',')])}"


def _day(ordinal: str | None, day: str) -> str:
    name = NAMES[DAYS.index(day)]
    return f"{ORDINALS.get(int(ordinal), f'{ordinal}th')} {name}" if ordinal else name


def _monthday(number: int) -> str:
    if number < 0:
        return "last day" if number == -1 else f"{-number}th to last day"
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"

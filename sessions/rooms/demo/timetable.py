"""When each line of a script happens, counted back from now: the same script and the same now give the same times."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sessions.rooms.demo.script import DaysAgo, JustNow, Line, Scene, WeekdayAgo

ZONE = ZoneInfo("America/Denver")
BETWEEN_SCENES = timedelta(minutes=10)
RESPONSES_AFTER = timedelta(seconds=45)
RECENT_DAYS = 3
WORDS_PER_SECOND = 0.6


@dataclass(frozen=True, slots=True)
class Moment:
    """Lines of one scene that happen at the same time; `lines` are (index within the scene, line)."""

    at: datetime
    scene: int
    lines: tuple[tuple[int, Line], ...]


def timetable(scenes: Sequence[Scene], now: datetime, seed: str) -> list[Moment]:
    """Every line with its time, in order, all before now; a scene that would run into the next begins earlier."""
    chance = random.Random(seed)  # noqa: S311 – spacing, nothing secret
    spaced = [_space(scene, chance) for scene in scenes]
    moments: list[Moment] = []
    limit = now = now.astimezone(UTC)
    for number in range(len(scenes) - 1, -1, -1):
        offsets, scene = spaced[number], scenes[number]
        if isinstance(scene.when, JustNow):
            offsets = _stretch(offsets, scene.when)
        start = min(_start(scene, now), limit - offsets[-1] - RESPONSES_AFTER)
        limit = start - BETWEEN_SCENES
        moments = _gather(scene, number, start, offsets) + moments
    return moments


def _start(scene: Scene, now: datetime) -> datetime:
    today = now.astimezone(ZONE).date()
    match scene.when:
        case DaysAgo(days, hour, minute):
            return _by_the_clock(today - timedelta(days=days), hour, minute)
        case WeekdayAgo(weekday, weeks, hour, minute):
            latest = today - timedelta(days=RECENT_DAYS)
            back = (latest.weekday() - weekday) % 7 + 7 * (weeks - 1)
            return _by_the_clock(latest - timedelta(days=back), hour, minute)
        case JustNow(first):
            return now - timedelta(minutes=first)


def _by_the_clock(day: date, hour: int, minute: int) -> datetime:
    return datetime.combine(day, time(hour, minute), ZONE).astimezone(UTC)


def _space(scene: Scene, chance: random.Random) -> list[timedelta]:
    """How long after the scene's start each line comes; all the responses come together, when it is over."""
    offsets: list[timedelta] = []
    elapsed, before = 0.0, None
    for line in scene.lines:
        if before is not None and line.what != "react":
            elapsed += _gap(line, before, chance)
        offsets.append(timedelta(seconds=round(elapsed)))
        before = line if line.what != "react" else before
    return offsets


def _gap(line: Line, before: Line, chance: random.Random) -> float:
    """Seconds between two lines: what the script says, or the time it takes to read, think and type."""
    if line.gap is not None:
        return line.gap * 60
    if line.what != "say":
        return chance.uniform(8, 20)
    typing = len(line.text.split()) / WORDS_PER_SECOND
    return typing + (chance.uniform(5, 20) if line.by == before.by else chance.uniform(15, 110))


def _stretch(offsets: list[timedelta], when: JustNow) -> list[timedelta]:
    span = timedelta(minutes=when.first - when.last)
    return [timedelta(seconds=round(span.total_seconds() * (offset / offsets[-1]))) for offset in offsets]


def _gather(scene: Scene, number: int, start: datetime, offsets: Sequence[timedelta]) -> list[Moment]:
    lines = list(enumerate(scene.lines))
    moments = [
        Moment(start + offset, number, (each,))
        for each, offset in zip(lines, offsets, strict=True)
        if each[1].what != "react"
    ]
    responses = tuple(each for each in lines if each[1].what == "react")
    if responses:
        moments.append(Moment(start + offsets[-1] + RESPONSES_AFTER, number, responses))
    return moments

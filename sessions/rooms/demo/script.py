"""Reads a room's history as it is written in `scripts/`: like a play, with the times left to the timetable.

== 9 days ago 19:30                  a scene: also `tuesday 2 weeks ago 18:00`, `now 40 to 5 minutes ago`
Wren: The bus passed inspection.     a message
Fern >Wren: Did it enjoy that?       a reply to Wren's last message in this scene
Bramble (relapse): It was a ...      a message with a content note
Osprey +38: Chili, dog, laundry.     38 minutes after what went before
  A line that is set in.             another paragraph of the same message
~ heard: Wren, Fern; with you: Pika  responses to the message above
! edit 3: New words                  its writer changes the message above, 3 minutes later
! hide Nine Pines 4: places          a moderator hides the message above, 4 minutes later
! hand Juniper                       raises a hand
! phase Alder: sharing               a facilitator changes the phase
! grant Alder 480: Juniper           gives the floor, for seconds
! end Alder: Juniper                 ends the turn
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

NAME = r"[A-Z][A-Za-z ]*?"
SCENE_DAYS = re.compile(r"== (?P<days>\d+) days? ago (?P<hour>\d\d):(?P<minute>\d\d)$")
SCENE_WEEKDAY = re.compile(
    r"== (?P<weekday>[a-z]+day) (?P<weeks>\d+) weeks? ago (?P<hour>\d\d):(?P<minute>\d\d)$"
)
SCENE_NOW = re.compile(r"== now (?P<first>\d+) to (?P<last>\d+) minutes ago$")
MESSAGE = re.compile(
    rf"(?P<by>{NAME})(?: >(?P<to>{NAME}))?(?: \((?P<note>[a-z -]+)\))?(?: \+(?P<gap>\d+))?: (?P<text>.+)$"
)
STAGE = re.compile(
    rf"! (?P<what>edit|hide|hand|phase|grant|end)(?: (?P<by>{NAME}))?(?: (?P<number>\d+))?(?:: (?P<rest>.+))?$"
)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class DaysAgo:
    days: int
    hour: int
    minute: int


@dataclass(frozen=True, slots=True)
class WeekdayAgo:
    """`weekday` counts from Monday = 0; `weeks` = 1 is the latest such day that is three or more days back."""

    weekday: int
    weeks: int
    hour: int
    minute: int


@dataclass(frozen=True, slots=True)
class JustNow:
    """Stretched so that the first line falls `first` and the last line `last` minutes before now."""

    first: int
    last: int


When = DaysAgo | WeekdayAgo | JustNow


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that somebody does. `about` is the index, within the scene, of the message that it is about.

    `gap` is minutes after the line before, where the script says so. `value` is what the act carries: a content note,
    a reason, a phase, a kind of response, or seconds.
    """

    what: str
    by: str
    text: str = ""
    about: int | None = None
    gap: int | None = None
    value: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    when: When
    lines: list[Line] = field(default_factory=list)


class ScriptError(ValueError):
    """A line that is none of the forms above; says which."""


def read_script(text: str, name: str) -> list[Scene]:
    """The scenes of a script in their order. Raises ScriptError."""
    scenes: list[Scene] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        if not raw.strip():
            continue
        try:
            if raw.startswith("== "):
                scenes.append(Scene(_read_when(raw)))
            else:
                _read_line(raw, scenes[-1].lines)
        except (ScriptError, LookupError) as error:
            raise ScriptError(f"{name}:{number}: {error}: {raw}") from error
    return scenes


def _read_when(raw: str) -> When:
    if found := SCENE_DAYS.match(raw):
        return DaysAgo(int(found["days"]), int(found["hour"]), int(found["minute"]))
    if found := SCENE_WEEKDAY.match(raw):
        weekday = WEEKDAYS.index(found["weekday"])
        return WeekdayAgo(weekday, int(found["weeks"]), int(found["hour"]), int(found["minute"]))
    if found := SCENE_NOW.match(raw):
        return JustNow(int(found["first"]), int(found["last"]))
    raise ScriptError("no such time")


def _read_line(raw: str, lines: list[Line]) -> None:
    if raw.startswith("  "):
        above = lines.pop()
        lines.append(
            Line(above.what, above.by, f"{above.text}\n\n{raw.strip()}", above.about, above.gap, above.value)
        )
    elif raw.startswith("~ "):
        about = _last_message(lines)
        for part in raw[2:].split("; "):
            kind, _, names = part.partition(": ")
            lines.extend(
                Line("react", name, about=about, value=kind.replace(" ", "_")) for name in names.split(", ")
            )
    elif raw.startswith("! "):
        lines.append(_read_stage(raw, lines))
    elif found := MESSAGE.match(raw):
        answered = _last_message(lines, by=found["to"]) if found["to"] else None
        gap = int(found["gap"]) if found["gap"] else None
        lines.append(Line("say", found["by"], found["text"], answered, gap, found["note"] or ""))
    else:
        raise ScriptError("no such line")


def _read_stage(raw: str, lines: list[Line]) -> Line:
    found = STAGE.match(raw)
    if not found:
        raise ScriptError("no such stage direction")
    by, rest, number = found["by"] or "", found["rest"] or "", found["number"]
    match found["what"]:
        case "edit":
            about = _last_message(lines)
            return Line("edit", lines[about].by, rest, about, int(number))
        case "hide":
            return Line("hide", by, about=_last_message(lines), gap=int(number), value=rest)
        case "hand":
            return Line("hand", by)
        case "phase":
            return Line("phase", by, value=rest)
        case "grant":
            return Line("grant", by, rest, value=number)
        case _:
            return Line("end", by, rest)


def _last_message(lines: list[Line], *, by: str | None = None) -> int:
    for index in range(len(lines) - 1, -1, -1):
        if lines[index].what == "say" and by in (None, lines[index].by):
            return index
    raise ScriptError("there is no message above that it could be about")

"""A step of a format: its phase, what is read aloud, who may write, and how long. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

from sessions.rooms.phases import Writes

STEPS_MAX = 20
WORDS_MAX = 2_000
TITLE_MAX = 60
MINUTES = range(1, 241)
TURN_MINUTES = range(1, 31)
# In this order a meeting goes; a format may leave phases out, and have several steps in one.
PHASES = ("opening", "check-in", "topic", "sharing", "closing", "fellowship")


class Crosstalk(StrEnum):
    """Whether people may answer each other."""

    NONE = "none"
    AFTER_CHECK_IN = "after_check_in"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Step:
    phase: str
    title: str
    words: str
    minutes: int
    writes: Writes
    turn_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """`crosstalk` holds for the whole meeting."""

    crosstalk: Crosstalk
    steps: tuple[Step, ...]

    def answers_allowed(self, place: int) -> bool:
        """Whether people may answer each other in the step at this place."""
        match self.crosstalk:
            case Crosstalk.OPEN:
                return True
            case Crosstalk.NONE:
                return self.steps[place].phase == "fellowship"
            case Crosstalk.AFTER_CHECK_IN:
                return PHASES.index(self.steps[place].phase) > PHASES.index("check-in")

    @property
    def minutes(self) -> int:
        """Without the fellowship, which lasts as long as people like."""
        return sum(step.minutes for step in self.steps if step.phase != "fellowship")

    def as_json(self) -> dict[str, Any]:
        return {"crosstalk": self.crosstalk.value, "steps": [asdict(step) for step in self.steps]}


class BadScript(ValueError):
    """A script that can't be run; `step` counts from 1, 0 means the script as a whole."""

    def __init__(self, step: int, field: str, words: str) -> None:
        super().__init__(words)
        self.step, self.field = step, field


def read_script(value: Mapping[str, Any]) -> Script:
    """Check what is stored or was sent. Raises BadScript."""
    try:
        crosstalk = Crosstalk(value.get("crosstalk", ""))
    except ValueError:
        raise BadScript(0, "crosstalk", "Say whether people may answer each other.") from None
    rows: Sequence[Mapping[str, Any]] = value.get("steps", [])
    if not 1 <= len(rows) <= STEPS_MAX:
        raise BadScript(0, "steps", f"A format has from 1 to {STEPS_MAX} steps.")
    steps = tuple(_step(number, row) for number, row in enumerate(rows, start=1))
    order = [PHASES.index(step.phase) for step in steps]
    for number, (before, after) in enumerate(pairwise(order), start=2):
        if after < before:
            words = f"{steps[number - 1].title} belongs before {steps[number - 2].title}."
            raise BadScript(number, "phase", words)
    return Script(crosstalk, steps)


def _step(number: int, row: Mapping[str, Any]) -> Step:
    phase, title, words = (str(row.get(name, "")).strip() for name in ("phase", "title", "words"))
    if phase not in PHASES:
        raise BadScript(number, "phase", "Choose the part of the meeting.")
    if not 1 <= len(title) <= TITLE_MAX:
        raise BadScript(number, "title", f"A step needs a title of at most {TITLE_MAX} characters.")
    if len(words) > WORDS_MAX:
        raise BadScript(number, "words", f"The words are longer than {WORDS_MAX} characters.")
    try:
        writes = Writes(row.get("writes", ""))
    except ValueError:
        raise BadScript(number, "writes", "Say who may write.") from None
    minutes = _minutes(number, "minutes", row.get("minutes"), MINUTES)
    turn = row.get("turn_minutes")
    turn_minutes = None if turn in {None, ""} else _minutes(number, "turn_minutes", turn, TURN_MINUTES)
    return Step(phase, title, words, minutes, writes, turn_minutes)


def _minutes(number: int, field: str, value: object, bounds: range) -> int:
    try:
        minutes = int(str(value))
    except ValueError:
        raise BadScript(number, field, "Write how many minutes.") from None
    if minutes not in bounds:
        raise BadScript(number, field, f"From {bounds.start} to {bounds.stop - 1} minutes.")
    return minutes

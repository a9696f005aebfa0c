"""Phases: who may write in a room, and whether people may answer each other."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sessions.rooms.models import Room

TURN_SECONDS = 180


class Writes(StrEnum):
    ALL = "all"
    TURN = "turn"
    HOSTS = "hosts"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Phase:
    """`label` and `gist` are what the page says of it."""

    name: str
    label: str
    gist: str
    writes: Writes
    crosstalk: bool


PHASES: dict[str, Phase] = {
    phase.name: phase
    for phase in (
        Phase("open", "Open", "Anyone may write.", Writes.ALL, True),
        Phase("lobby", "Lobby", "Before it begins. Say hello, and settle in.", Writes.ALL, True),
        Phase("opening", "Opening", "The facilitators open; everyone else listens.", Writes.HOSTS, False),
        Phase(
            "check-in", "Check-in", "A few words from whoever wants to. No answers yet.", Writes.ALL, False
        ),
        Phase("topic", "Topic", "Someone opens the topic; everyone else listens.", Writes.TURN, False),
        Phase("sharing", "Sharing", "One person at a time has the floor.", Writes.TURN, False),
        Phase("closing", "Closing", "The facilitators close; everyone else listens.", Writes.HOSTS, False),
        Phase("fellowship", "Fellowship", "The meeting is over; stay and talk.", Writes.ALL, True),
        Phase("closed", "Closed", "Nobody writes here now.", Writes.NONE, False),
    )
}

# The parts of a meeting that someone leads; before and after them people talk as they like.
IN_A_MEETING = frozenset({"lobby", "opening", "check-in", "topic", "sharing", "closing"})


@dataclass(frozen=True, slots=True)
class Part:
    """What holds in a room now: its phase, as the script of the meeting and who leads it have changed it."""

    name: str
    label: str
    gist: str
    writes: Writes
    crosstalk: bool
    turn_seconds: int


IN_OTHER_WORDS = {
    Writes.ALL: "Anyone may write.",
    Writes.TURN: "One person at a time has the floor.",
    Writes.HOSTS: "The facilitators write; everyone else listens.",
    Writes.NONE: "Nobody writes for now.",
}


def step_of(room: Room) -> dict[str, Any] | None:
    """The step of the script that the room is at."""
    return room.steps[room.step] if room.step is not None and room.step < len(room.steps) else None


def writes_in(room: Room) -> Writes:
    return Writes(room.writes) if room.writes else PHASES[room.phase].writes


def part_of(room: Room) -> Part:
    phase, step, writes = PHASES[room.phase], step_of(room), writes_in(room)
    crosstalk = phase.crosstalk if room.crosstalk is None else room.crosstalk
    return Part(
        phase.name,
        step["title"] if step else phase.label,
        _gist(phase, writes, crosstalk),
        writes,
        crosstalk,
        room.turn_seconds or TURN_SECONDS,
    )


def _gist(phase: Phase, writes: Writes, crosstalk: bool) -> str:
    if (writes, crosstalk) == (phase.writes, phase.crosstalk):
        return phase.gist
    answers = " No answers yet." if writes == Writes.ALL and not crosstalk else ""
    return IN_OTHER_WORDS[writes] + answers

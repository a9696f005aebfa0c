"""Phases: who may write in a room, and whether people may answer each other."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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

"""What the page says beside and below the messages: whose turn it is, where the reader stands, who may write now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from sessions.rooms.phases import PHASES, Phase, Writes
from sessions.rooms.transcript import People, Person, clock

EXTEND_SECONDS = 120
MUTE_CHOICES = ((10, "10 minutes"), (60, "1 hour"), (24 * 60, "1 day"))
NOTES = ("relapse", "drinking", "drug use", "self-harm", "grief", "violence", "eating", "medication")


@dataclass(frozen=True, slots=True)
class Floor:
    """The floor in one line, `head` and `gist`, and the people in line. `turn` is who has it."""

    head: str
    gist: str
    line: Sequence[Person]
    turn: Person | None
    my_place: int

    @property
    def mine(self) -> bool:
        return self.turn is not None and self.turn.me

    @property
    def next(self) -> Person | None:
        return self.line[0] if self.line else None


@dataclass(frozen=True, slots=True)
class Writing:
    """Whether the reader may write now, and if not, why: `head` bold, then `gist`. `may_draft` keeps the field."""

    allowed: bool
    head: str = ""
    gist: str = ""
    may_draft: bool = False
    icon: str = "clock"


def ordinal(number: int) -> str:
    ending = "th" if number % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def phase_of(state: Mapping[str, Any]) -> Phase:
    return PHASES.get(state["phase"], PHASES["open"])


def time_left(until: str | None, now: datetime) -> str:
    """In whole minutes, never as a clock that runs."""
    if not until:
        return ""
    minutes = round((datetime.fromisoformat(until) - now).total_seconds() / 60)
    if minutes < 1:
        return "The time is about over."
    return f"About {minutes} minute{'' if minutes == 1 else 's'} left."


def floor(state: Mapping[str, Any], people: People, now: datetime | None = None) -> Floor:
    line = [people.person(waiting) for waiting in state["queue"]]
    place = next((number for number, person in enumerate(line, 1) if person.me), 0)
    turn = people.person(state["turn"]["member"]) if state["turn"] else None
    if turn:
        head = f"{turn.name} {'have' if turn.me else 'has'} the floor"
        gist = time_left(state["turn"]["until"], now or timezone.now())
    else:
        phase = phase_of(state)
        head, gist = "The floor is open" if phase.name == "open" else phase.label, phase.gist
    if place:
        where = "You are next." if place == 1 else f"You are {ordinal(place)} in line."
    else:
        where = f"{len(line)} in line." if line else ""
    return Floor(head, " ".join(filter(None, (gist, where))), line, turn, place)


def may_write(state: Mapping[str, Any], floor: Floor) -> bool:
    """What a member may do is the server's word (`can`); what the part of the meeting allows is added to it."""
    if "write" not in state["can"]:
        return False
    match state["writes"]:
        case Writes.ALL:
            return True
        case Writes.TURN:
            return floor.mine or "chair" in state["can"]
        case Writes.HOSTS:
            return "chair" in state["can"]
        case _:
            return False


def writing(state: Mapping[str, Any], floor: Floor) -> Writing:
    if state["muted"]:
        until = state.get("muted_until")
        when = f" until {clock(datetime.fromisoformat(until))}" if until else ""
        reason = state.get("muted_reason")
        why = f"A moderator set this: {reason}" if reason else "A moderator set this."
        return Writing(False, f"You can read, and can’t write here{when}.", why, icon="hide")
    if may_write(state, floor):
        return Writing(True)
    match state["writes"]:
        case Writes.NONE:
            return Writing(False, "This room is closed for now.", "You can read what was said.", icon="text")
        case Writes.HOSTS:
            return Writing(
                False, "The facilitators are speaking.", "Everyone else listens for now.", may_draft=True
            )
        case Writes.TURN:
            has = f"{floor.turn.name} has the floor." if floor.turn else "One person at a time writes."
            mine = (
                f"You are {ordinal(floor.my_place)} in line."
                if floor.my_place
                else "Raise your hand to get in line."
            )
            return Writing(False, has, mine, may_draft=True)
        case _:
            return Writing(False, "You can read here.", "Writing is for the people of this group.")

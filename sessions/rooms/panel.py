"""What the page says beside and below the messages: whose turn it is, where the reader stands, who may write now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from sessions.rooms.phases import PHASES, Part, Phase, Writes
from sessions.rooms.transcript import People, Person, clock

EXTEND_SECONDS = 120
# What comes before, after and instead of a meeting's parts is listed only while it is on.
ASIDE = frozenset({"open", "lobby", "closed"})
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
    away: frozenset[str] = frozenset()

    @property
    def mine(self) -> bool:
        return self.turn is not None and self.turn.me

    @property
    def next(self) -> Person | None:
        return self.line[0] if self.line else None


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the table of contents. One that is `aside` is listed only while it is on."""

    phase: Phase
    label: str
    step: int | None = None
    minutes: int | None = None
    current: bool = False
    aside: bool = False

    @property
    def usual(self) -> str:
        """Who writes and whether people answer, as the page's script compares it: that is when the gist holds."""
        return f"{self.phase.writes} {self.phase.crosstalk}".lower()


@dataclass(frozen=True, slots=True)
class Hint:
    """A quiet word to whoever has the floor, above the field."""

    head: str
    gist: str


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


def contents(state: Mapping[str, Any]) -> list[Entry]:
    """The parts of a meeting: the steps of its script, where it has one; else every phase there is."""
    steps, step, phase = state.get("steps") or [], state.get("step"), state["phase"]
    script = [
        Entry(PHASES[each["phase"]], each["title"], number, each["minutes"], current=number == step)
        for number, each in enumerate(steps)
    ]
    others = [
        Entry(
            each,
            each.label,
            current=step is None and each.name == phase,
            aside=bool(steps) or each.name in ASIDE,
        )
        for each in PHASES.values()
    ]
    if not steps:
        return others
    lobby = [other for other in others if other.phase.name == "lobby"]
    return [*lobby, *script, *(other for other in others if other not in lobby)]


def heading(state: Mapping[str, Any], part: Part) -> str:
    """Where in its script a meeting is: Part 4 of 6: Sharing."""
    steps, step = state.get("steps") or [], state.get("step")
    return part.label if step is None or not steps else f"Part {step + 1} of {len(steps)}: {part.label}"


def minutes_left(until: str, now: datetime) -> int:
    return round((datetime.fromisoformat(until) - now).total_seconds() / 60)


def time_left(until: str | None, now: datetime) -> str:
    """In whole minutes, never as a clock that runs."""
    if not until:
        return ""
    minutes = minutes_left(until, now)
    if minutes < 1:
        return "The time is about over."
    return f"About {minutes} minute{'' if minutes == 1 else 's'} left."


def finishing(state: Mapping[str, Any], people: People, now: datetime | None = None) -> bool:
    """Whether what the reader was writing, when the chair ended their turn, may still be sent."""
    found = state.get("finishing")
    if found is None or not people.person(found["member"]).me:
        return False
    return datetime.fromisoformat(found["until"]) > (now or timezone.now())


def hint(
    state: Mapping[str, Any], floor: Floor, *, finishing: bool, now: datetime | None = None
) -> Hint | None:
    """Nobody is cut off: near the end of one's turn, a word about it; after it, that one message may still be sent."""
    until = state["turn"] and state["turn"]["until"]
    if floor.mine and until:
        minutes = minutes_left(until, now or timezone.now())
        if minutes < 1:
            return Hint("The time is about over.", "Finish your thought; nobody is cut off.")
        return Hint("About a minute is left.", "Finish when you are ready.") if minutes == 1 else None
    if finishing:
        return Hint("Your turn has ended.", "What you are writing may still be sent, in one message.")
    return None


def floor(state: Mapping[str, Any], people: People, part: Part, now: datetime | None = None) -> Floor:
    line = [people.person(waiting) for waiting in state["queue"]]
    place = next((number for number, person in enumerate(line, 1) if person.me), 0)
    turn = people.person(state["turn"]["member"]) if state["turn"] else None
    away = frozenset(state.get("away", ()))
    if turn:
        head = f"{turn.name} {'have' if turn.me else 'has'} the floor"
        gone = "Their link is down." if turn.id in away and not turn.me else ""
        gist = " ".join(filter(None, (time_left(state["turn"]["until"], now or timezone.now()), gone)))
    else:
        head, gist = "The floor is open" if part.name == "open" else part.label, part.gist
    if place:
        where = "You are next." if place == 1 else f"You are {ordinal(place)} in line."
    else:
        where = f"{len(line)} in line." if line else ""
    return Floor(head, " ".join(filter(None, (gist, where))), line, turn, place, away)


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


def writing(state: Mapping[str, Any], floor: Floor, *, finishing: bool = False) -> Writing:
    if state["muted"]:
        until = state.get("muted_until")
        when = f" until {clock(datetime.fromisoformat(until))}" if until else ""
        reason = state.get("muted_reason")
        why = f"A moderator set this: {reason}" if reason else "A moderator set this."
        return Writing(False, f"You can read, and can’t write here{when}.", why, icon="hide")
    if may_write(state, floor) or finishing:
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

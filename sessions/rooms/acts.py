"""What can be asked of a room, as values; and how a frame becomes one of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from unicodedata import category

from community.live.domain import TEXT_CHARS, Code, FrameRefused
from community.text import TooManyLinks, render_room_text, tidy
from sessions.rooms.models import Reaction
from sessions.rooms.phases import PHASES, Writes

# NUL, which PostgreSQL can't keep, and lone halves of surrogate pairs, which UTF-8 can't.
NOT_TEXT = re.compile(r"[\x00\ud800-\udfff]")
NOTE_CHARS = 40
REASON_CHARS = 300
MUTE_MINUTES_MAX = 60 * 24 * 30
TURN_SECONDS_MAX = 60 * 60
STEPS_MAX = 1000
INVISIBLE = "CMZ"  # Unicode's general categories of controls and formats, marks, separators


@dataclass(frozen=True, slots=True)
class Say:
    text: str
    html: str
    reply_to: int | None
    note: str


@dataclass(frozen=True, slots=True)
class Edit:
    seq: int
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Hide:
    seq: int
    reason: str


@dataclass(frozen=True, slots=True)
class Restore:
    seq: int
    reason: str


@dataclass(frozen=True, slots=True)
class React:
    seq: int
    kind: str
    on: bool


@dataclass(frozen=True, slots=True)
class RaiseHand:
    """`member` is a public id, or None for oneself; so for the acts below."""

    member: str | None


@dataclass(frozen=True, slots=True)
class LowerHand:
    member: str | None


@dataclass(frozen=True, slots=True)
class GrantTurn:
    member: str
    seconds: int | None


@dataclass(frozen=True, slots=True)
class ExtendTurn:
    member: str | None
    seconds: int


@dataclass(frozen=True, slots=True)
class EndTurn:
    """`passed`: by who has the floor and has nothing to say."""

    member: str | None
    passed: bool = False


class To(StrEnum):
    """Where in the line: in front of all, behind the next one, behind all."""

    FIRST = "first"
    LATER = "later"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class MoveHand:
    member: str
    to: To


@dataclass(frozen=True, slots=True)
class SetPhase:
    """`step` counts from 0 in the room's script; `writes` holds instead of what the step or the phase says."""

    name: str
    step: int | None = None
    writes: Writes | None = None


@dataclass(frozen=True, slots=True)
class Mute:
    member: str
    minutes: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Unmute:
    member: str


@dataclass(frozen=True, slots=True)
class Remove:
    member: str
    reason: str


@dataclass(frozen=True, slots=True)
class Removed:
    """Asked by the house alone: the member's membership of the group has ended elsewhere."""

    member: str


@dataclass(frozen=True, slots=True)
class Left:
    """Asked by the house alone: the member has left the group of their own will, or is suspended."""

    member: str


@dataclass(frozen=True, slots=True)
class Chair:
    """Asked by the house alone: the member leads the meeting from now on."""

    member: str


@dataclass(frozen=True, slots=True)
class Away:
    """Asked by the house alone: the member has the floor and has not been here for a while."""

    member: str


Act = (
    Say
    | Edit
    | Hide
    | Restore
    | React
    | RaiseHand
    | LowerHand
    | GrantTurn
    | ExtendTurn
    | EndTurn
    | MoveHand
    | SetPhase
    | Mute
    | Unmute
    | Remove
    | Removed
    | Left
    | Chair
    | Away
)


def parse(frame: Mapping[str, Any]) -> Act:  # noqa: C901 - one case an op of the protocol
    """The act that a `send` or `act` frame asks for. Raises FrameRefused."""
    if frame["t"] == "send":
        text, html = _words(frame.get("text"))
        reply_to = frame.get("reply_to")
        return Say(
            text,
            html,
            None if reply_to is None else _seq(reply_to, "reply_to"),
            _short(frame.get("note"), "note", NOTE_CHARS),
        )
    op, target, value = frame.get("op"), frame.get("target"), frame.get("value")
    match op:
        case "message.edit":
            text, html = _words(_part(value, "text"))
            return Edit(_seq(target, "target"), text, html)
        case "message.hide":
            return Hide(_seq(target, "target"), _short(_part(value, "reason"), "reason", REASON_CHARS))
        case "message.restore":
            return Restore(_seq(target, "target"), _short(_part(value, "reason"), "reason", REASON_CHARS))
        case "reaction.set":
            return _reaction(_seq(target, "target"), value)
        case "hand.raise":
            return RaiseHand(_member_or_none(target))
        case "hand.lower":
            return LowerHand(_member_or_none(target))
        case "turn.grant":
            seconds = _part(value, "seconds")
            return GrantTurn(_member(target), None if seconds is None else _seconds(seconds))
        case "turn.extend":
            return ExtendTurn(_member_or_none(target), _seconds(_part(value, "seconds")))
        case "turn.end":
            return EndTurn(_member_or_none(target), _part(value, "why") == "passed")
        case "hand.move":
            return MoveHand(_member(target), _place(_part(value, "to")))
        case "phase.set":
            return _phase(value)
        case "member.mute":
            return Mute(_member(target), _minutes(_part(value, "minutes")), _reason_of(value))
        case "member.unmute":
            return Unmute(_member(target))
        case "member.remove":
            reason = value if isinstance(value, str) else _reason_of(value)
            return Remove(_member(target), _short(reason, "reason", REASON_CHARS))
        case _:
            raise FrameRefused(Code.BAD_FRAME, "No such act.")


def _part(value: Any, name: str) -> Any:
    """`value` itself, or the member of it with this name."""
    return value.get(name) if isinstance(value, dict) else value


def _plain(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise FrameRefused(Code.BAD_FRAME, f"“{name}” must be text.")
    if NOT_TEXT.search(value):
        raise FrameRefused(Code.BAD_FRAME, f"“{name}” holds a character that can’t be kept.")
    return value


def _words(value: Any) -> tuple[str, str]:
    text = tidy(_plain(value, "text"))
    if all(category(letter)[0] in INVISIBLE for letter in text):
        raise FrameRefused(Code.BAD_FRAME, "There are no words in it.")
    if len(text) > TEXT_CHARS:
        raise FrameRefused(
            Code.TOO_LARGE, f"A message holds at most {TEXT_CHARS:,} characters; this one has {len(text):,}."
        )
    try:
        return text, render_room_text(text)
    except TooManyLinks:
        raise FrameRefused(Code.BAD_FRAME, "A message holds at most 30 links.") from None


def _short(value: Any, name: str, most: int) -> str:
    if value is None:
        return ""
    text = " ".join(tidy(_plain(value, name)).split())
    if len(text) > most:
        raise FrameRefused(Code.TOO_LARGE, f"“{name}” holds at most {most} characters.")
    return text


def _reason_of(value: Any) -> str:
    return _short(value.get("reason") if isinstance(value, dict) else None, "reason", REASON_CHARS)


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _seq(value: Any, name: str) -> int:
    number = _whole(value)
    if number is None or not 0 < number < 2**63:
        raise FrameRefused(Code.BAD_FRAME, f"“{name}” must be the number of a message.")
    return number


def _written(value: str) -> int | None:
    """A number in digits; longer ones than any limit here are none."""
    return int(value) if value.isdecimal() and len(value) < 10 else None


def _seconds(value: Any) -> int:
    number = _written(value) if isinstance(value, str) else _whole(value)
    if number is None or not 0 < number <= TURN_SECONDS_MAX:
        raise FrameRefused(Code.BAD_FRAME, "A turn lasts from a second to an hour.")
    return number


def _minutes(value: Any) -> int | None:
    if value is None:
        return None
    number = _written(value) if isinstance(value, str) else _whole(value)
    if number is None or not 0 < number <= MUTE_MINUTES_MAX:
        raise FrameRefused(Code.BAD_FRAME, "A mute lasts from a minute to thirty days.")
    return number


def _member(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 40 or "\0" in value:
        raise FrameRefused(Code.BAD_FRAME, "“target” must be a member’s id.")
    return value


def _member_or_none(value: Any) -> str | None:
    return None if value is None else _member(value)


def _place(value: Any) -> To:
    if value not in [*To]:
        raise FrameRefused(Code.BAD_FRAME, "“value” must be first, later or last.")
    return To(value)


def _phase(value: Any) -> SetPhase:
    name = _part(value, "phase")
    if not isinstance(name, str) or name not in PHASES:
        raise FrameRefused(Code.BAD_FRAME, "There is no such phase.")
    step, writes = (value.get("step"), value.get("writes")) if isinstance(value, dict) else (None, None)
    if step is not None and (_whole(step) is None or not 0 <= step < STEPS_MAX):
        raise FrameRefused(Code.BAD_FRAME, "“step” must be the number of a step.")
    if writes is not None and writes not in [*Writes]:
        raise FrameRefused(Code.BAD_FRAME, "“writes” must be all, turn, hosts or none.")
    return SetPhase(name, step, None if writes is None else Writes(writes))


def _reaction(seq: int, value: Any) -> React:
    if (
        not isinstance(value, dict)
        or value.get("kind") not in Reaction.Kind.values
        or not isinstance(value.get("on"), bool)
    ):
        raise FrameRefused(Code.BAD_FRAME, "“value” must name a kind of reaction, and on or off.")
    return React(seq, value["kind"], value["on"])

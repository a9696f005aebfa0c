"""What a meeting's transcript says between the messages: a part begins, someone passes, someone takes the chair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from community.live.models import Event
from sessions.rooms.models import Room
from sessions.rooms.phases import PHASES
from sessions.rooms.transcript import Mark, People, Person, Transcript

KINDS = ("phase.changed", "chair.changed", "turn.ended")
MOST = 200


def with_marks(shown: Transcript, room: Room, people: People, before: int | None) -> Transcript:
    """The messages with what happened between them; costs nothing in rooms that hold no meetings."""
    if not room.led:
        return shown
    marks = _between(room, people, shown.lines[0].seq if shown.earlier else 0, before)
    lines = []
    for line in shown.lines:
        above = [mark for mark in marks if mark.seq < line.seq]
        del marks[: len(above)]
        lines.append(replace(line, marks=above, on=False) if above else line)
    return replace(shown, lines=lines, marks=marks)


def _between(room: Room, people: People, after: int, before: int | None) -> list[Mark]:
    rows = Event.objects.filter(log_id=room.log_id, type__in=KINDS, seq__gt=after)
    if before is not None:
        rows = rows.filter(seq__lt=before)
    newest = list(rows.order_by("-seq").values_list("seq", "type", "payload")[:MOST])
    made = (mark(seq, kind, orjson.loads(payload), people) for seq, kind, payload in reversed(newest))
    return [one for one in made if one.words]


def mark(seq: int, kind: str, body: Mapping[str, Any], people: People) -> Mark:
    """The line for one event; without words where it is worth none."""
    data, by = body["data"], body["by"] or {}
    match kind:
        case "phase.changed":
            return Mark(seq, data.get("title") or PHASES[data["phase"]].label, begins=True)
        case "chair.changed":
            person = people.person(data["member"])
            return Mark(seq, f"{person.name} {'have' if person.me else 'has'} the chair now.")
        case _:
            handle = by.get("handle", "") if by.get("id") == data["member"] else ""
            return Mark(seq, _ended(people.person(data["member"], handle), data.get("why", "")))


def _ended(person: Person, why: str) -> str:
    match why:
        case "passed":
            return f"{person.name} {'pass' if person.me else 'passes'} this time."
        case "away" if person.me:
            return "Your link was down; your place is kept first in line."
        case "away":
            return f"{person.name}’s link is down; their place is kept first in line."
        case _:
            return ""

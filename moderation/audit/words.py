"""The log in words: who did what to whom, where. Names are looked up when it is read; none are kept in it."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moderation.audit.models import AuditEntry
from moderation.audit.verbs import Verb

HOUSE = "The house"
MEMBER = "member"
# Facts that are the primary key of a member.
PEOPLE = {"author": "by"}
# Facts that are primary keys of things with a name, and their kind.
NAMED = {"groups": "group"}
# Rows of other tables, which say nothing to a reader.
NUMBERS = {"invitation", "restriction", "request", "training"}

TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?")

Names = Callable[[Collection[int]], Mapping[int, str]]
_names: dict[str, Names] = {}


def register_names(kind: str, names: Names) -> None:
    """Say how things of this kind are called (`room` in the tag `room:3`); ids that are gone may be left out."""
    _names[kind] = names


@dataclass(frozen=True, slots=True)
class Line:
    seq: int
    at: datetime
    who: str
    did: str
    where: str
    more: tuple[str, ...]

    def __str__(self) -> str:
        place = f" · {self.where}" if self.where else ""
        more = f" ({', '.join(self.more)})" if self.more else ""
        return f"{self.seq:>6}  {self.at:%Y-%m-%d %H:%M} UTC  {self.who} {self.did}{more}{place}"


def last(count: int) -> list[Line]:
    """The newest entries in words, oldest first."""
    rows = list(AuditEntry.objects.order_by("-seq")[:count])
    return in_words(reversed(rows))


def in_words(rows: Iterable[AuditEntry]) -> list[Line]:
    """Each entry as a line; names are asked for once a kind."""
    rows = list(rows)
    facts = {row.seq: json.loads(row.facts) for row in rows}
    names = _look_up(_mentioned(row, facts[row.seq]) for row in rows)

    def name(kind: str, id: int) -> str:
        return names.get((kind, id), f"{kind} {id}")

    return [
        Line(
            seq=row.seq,
            at=row.at,
            who=HOUSE if row.actor is None else name(MEMBER, row.actor),
            did=_phrase(row.verb).format(subject=name(row.subject_kind, row.subject_id)),
            where="" if (place := _place(row.scope)) is None else name(*place),
            more=tuple(_more(facts[row.seq], name)),
        )
        for row in rows
    ]


def _phrase(verb: str) -> str:
    return str(Verb(verb).label) if verb in Verb.values else f"{verb}: {{subject}}"


def _place(scope: str) -> tuple[str, int] | None:
    """The kind and id of a tag such as `room:3`; None for `everywhere`."""
    kind, _, number = scope.partition(":")
    return (kind, int(number)) if number.isdecimal() else None


def _mentioned(row: AuditEntry, facts: Mapping[str, Any]) -> set[tuple[str, int]]:
    found = {(row.subject_kind, row.subject_id)}
    found |= {(MEMBER, facts[key]) for key in PEOPLE if isinstance(facts.get(key), int)}
    for key, kind in NAMED.items():
        if isinstance(numbers := facts.get(key), list):
            found |= {(kind, number) for number in numbers if isinstance(number, int)}
    if row.actor is not None:
        found.add((MEMBER, row.actor))
    if (place := _place(row.scope)) is not None:
        found.add(place)
    return found


def _look_up(mentioned: Iterable[set[tuple[str, int]]]) -> dict[tuple[str, int], str]:
    wanted: dict[str, set[int]] = defaultdict(set)
    for kind, number in set().union(*mentioned):
        wanted[kind].add(number)
    return {
        (kind, number): name
        for kind, ids in wanted.items()
        if kind in _names
        for number, name in _names[kind](ids).items()
    }


def _more(facts: Mapping[str, Any], name: Callable[[str, int], str]) -> Iterable[str]:
    for key, value in facts.items():
        label = PEOPLE.get(key, key).replace("_", " ")
        if key in NUMBERS or value is None or value is False or value == []:
            continue
        if key in NAMED and isinstance(value, list):
            yield f"{label} {', '.join(name(NAMED[key], number) for number in value)}"
            continue
        if key in PEOPLE and isinstance(value, int):
            yield f"{label} {name(MEMBER, value)}"
        elif value is True:
            yield label
        elif isinstance(value, str) and value.startswith("sha256:"):
            yield f"{label} given"
        else:
            yield f"{label} {_said(value)}"


def _said(value: Any) -> str:
    """A time by the calendar, a list by commas, a name of ours without its underscores."""
    if isinstance(value, list):
        return ", ".join(map(_said, value)) or "none"
    if not isinstance(value, str):
        return str(value)
    if TIME.fullmatch(value):
        at = datetime.fromisoformat(value)
        clock = f", {at.astimezone(UTC):%H:%M} UTC" if at.tzinfo else ""
        return f"{at.day} {at:%B %Y}{clock}"
    return value.replace("_", " ")

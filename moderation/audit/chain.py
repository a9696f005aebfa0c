"""How a row is written as bytes and sealed: `hash = SHA-256(prev || canonical JSON)`, both in hexadecimal. Pure.

The canonical form is JSON with sorted keys, no spaces and ASCII only (all else escaped, RFC 8259 section 7), so that
any language with a JSON library can check the chain without us.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

GENESIS = "0" * 64
TOKEN = re.compile(r"[A-Za-z0-9_.:+-]{0,200}")
KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")

Fact = str | int | bool | None | Sequence["Fact"] | Mapping[str, "Fact"]
Facts = Mapping[str, Fact]


class NotAFact(ValueError):
    """Something that may not stand in the log: words, an address, a number that isn't whole."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What a row says. `at` is kept to the microsecond."""

    seq: int
    at: datetime
    actor: int | None
    verb: str
    subject_kind: str
    subject_id: int
    scope: str
    facts: Facts


def canonical(value: object) -> str:
    """The one way to write a value as JSON. Raises ValueError for what JSON has no word for."""
    return json.dumps(value, sort_keys=True, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def link(prev: str, statement: Statement) -> str:
    """The hash of a row that follows the row with the hash `prev`."""
    said = canonical(
        {
            "seq": statement.seq,
            "at": statement.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "actor": statement.actor,
            "verb": statement.verb,
            "subject": {"kind": statement.subject_kind, "id": statement.subject_id},
            "scope": statement.scope,
            "facts": statement.facts,
        }
    )
    return hashlib.sha256(f"{prev}{said}".encode()).hexdigest()


def digest_of(text: str, salt: str | None = None) -> str:
    """What stands in the log for words that it may not hold: `sha256:<salt>:<SHA-256 of salt and words>`."""
    salt = secrets.token_hex(16) if salt is None else salt
    return f"sha256:{salt}:{hashlib.sha256(f'{salt}{text}'.encode()).hexdigest()}"


def require_facts(facts: Facts) -> None:
    """Names, tags, numbers, times and digests only. Raises NotAFact."""
    for key, value in facts.items():
        if not isinstance(key, str) or not KEY.fullmatch(key):
            raise NotAFact(key)
        _require(value)


def _require(value: Fact) -> None:
    match value:
        case None | bool() | int():
            return
        case str() if TOKEN.fullmatch(value):
            return
        case str():
            # Not shown: it may be what must not be written down.
            raise NotAFact("a text that is no name, tag, time or digest")
        case list() | tuple():
            for part in value:
                _require(part)
        case Mapping():
            require_facts(value)
        case _:
            raise NotAFact(type(value).__name__)

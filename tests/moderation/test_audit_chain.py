"""How a row of the audit log is written as bytes: one way only, whatever the dictionaries looked like."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.audit.chain import (
    GENESIS,
    Facts,
    NotAFact,
    Statement,
    canonical,
    digest_of,
    link,
    require_facts,
)

SAID = Statement(
    7, datetime(2026, 3, 4, 19, 0, tzinfo=UTC), 3, "member.muted", "member", 4, "room:2", {"until": None}
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def turned_round(value: Any) -> Any:
    """The same value, every dictionary filled from the other end."""
    match value:
        case dict():
            return {key: turned_round(part) for key, part in reversed(value.items())}
        case list():
            return [turned_round(part) for part in value]
        case _:
            return value


@given(VALUES)
def test_a_value_has_one_canonical_form(value: Any) -> None:
    written = canonical(value)
    assert canonical(turned_round(value)) == written
    assert json.loads(written) == value
    assert canonical(json.loads(written)) == written
    assert written.isascii()


@given(VALUES, VALUES)
def test_different_values_are_written_differently(one: Any, other: Any) -> None:
    assert (canonical(one) == canonical(other)) == (repr(turned(one)) == repr(turned(other)))


def turned(value: Any) -> Any:
    """Sorted through and through, so that `repr` tells exactly what differs (True from 1, too)."""
    match value:
        case dict():
            return [(key, turned(value[key])) for key in sorted(value)]
        case list():
            return ("list", [turned(part) for part in value])
        case _:
            return value


def test_a_number_that_json_has_no_word_for_is_refused() -> None:
    assert canonical(1) == "1"
    for value in (float("nan"), float("inf"), object()):
        with pytest.raises((ValueError, TypeError)):
            canonical(value)


def test_the_hash_is_what_the_decision_record_says() -> None:
    written = (
        '{"actor":3,"at":"2026-03-04T19:00:00.000000+00:00","facts":{"until":null},"scope":"room:2","seq":7,'
        '"subject":{"id":4,"kind":"member"},"verb":"member.muted"}'
    )
    assert link(GENESIS, SAID) == hashlib.sha256(f"{'0' * 64}{written}".encode()).hexdigest()


def test_the_hash_depends_on_everything_that_is_said_and_on_what_came_before() -> None:
    changes: list[dict[str, Any]] = [
        {"seq": 8}, {"at": SAID.at + timedelta(microseconds=1)}, {"actor": None}, {"verb": "member.unmuted"},
        {"subject_kind": "message"}, {"subject_id": 5}, {"scope": "room:3"}, {"facts": {}},
    ]  # fmt: skip
    others = [replace(SAID, **change) for change in changes]
    hashes = [link(GENESIS, said) for said in (SAID, *others)] + [link("1" * 64, SAID)]
    assert len(set(hashes)) == len(hashes)


def test_the_same_moment_in_another_zone_is_the_same_entry() -> None:
    elsewhere = replace(SAID, at=SAID.at.astimezone(timezone(timedelta(hours=-7))))
    assert link(GENESIS, elsewhere) == link(GENESIS, SAID)


def test_a_digest_proves_the_words_and_differs_each_time() -> None:
    first, second = digest_of("Shouting"), digest_of("Shouting")
    assert first != second
    for digest in (first, second):
        name, salt, sealed = digest.split(":")
        assert (name, len(salt)) == ("sha256", 32)
        assert sealed == hashlib.sha256(f"{salt}Shouting".encode()).hexdigest()
        assert digest_of("Shouting", salt) == digest
        assert digest_of("shouting", salt) != digest


@pytest.mark.parametrize(
    "facts",
    [
        {"reason": "He said so"},
        {"to": "wren@porchlight.example"},
        {"name": "Wrén"},
        {"text": "x" * 201},
        {"deep": {"er": ["a b"]}},
        {"share": 0.5},
        {"What he said": 1},
        {"bytes": b"ab"},
    ],
)
def test_words_addresses_and_fractions_are_no_facts(facts: Any) -> None:
    control: Facts = {
        "from": "member", "until": SAID.at.isoformat(), "to": ["group:3"], "n": 4, "no": None, "yes": True,
        "reason": digest_of("He said so"), "deep": {"er": [1, {"yet": "a-b"}]},
    }  # fmt: skip
    require_facts(control)
    with pytest.raises(NotAFact) as refused:
        require_facts(facts)
    assert "wren@" not in str(refused.value)

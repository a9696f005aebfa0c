"""What is no request at all is turned away before it is queued, whatever the room's state."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from community.live import frames
from community.live.domain import Code, FrameRefused
from community.members.models import Member
from sessions.rooms import acts
from sessions.rooms.models import Room
from tests.live_client import act, refused, say

HUGE = 2**63


def decoded(text: str | bytes) -> str:
    """The code with which a frame is turned away as it comes in; empty when it isn't."""
    try:
        frames.decode(text)
    except FrameRefused as error:
        return str(error.refusal.code)
    return ""


def nested(depth: int) -> str:
    return '{"t":"send","x":' + "[" * depth + "]" * depth + "}"


# --- the frame ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "null",
        "1",
        "[]",
        '"send"',
        '{"t":1}',
        "{}",
        '{"t":null}',
        '{"t":"send"',
        '{"t":"send"}x',
        "NaN",
    ],
)
def test_what_is_no_json_object_with_a_t_is_a_bad_frame(text: str) -> None:
    assert decoded('{"t":"send"}') == ""
    assert decoded(text) == "bad_frame"
    assert decoded(text.encode()) == "bad_frame"


def test_bytes_that_are_no_utf8_are_a_bad_frame() -> None:
    assert decoded('{"t":"send","text":"ü"}'.encode()) == ""
    assert decoded('{"t":"send","text":"ü"}'.encode("latin-1")) == "bad_frame"


def test_lone_surrogates_are_a_bad_frame_however_they_come() -> None:
    assert decoded('{"t":"send","text":"\\ud83d\\udd6f"}') == ""
    assert decoded('{"t":"send","text":"\\ud83d"}') == "bad_frame"
    assert decoded('{"t":"send","text":"\ud83d"}') == "bad_frame"


def test_deep_nesting_is_a_bad_frame() -> None:
    assert decoded(nested(7)) == ""
    for depth in (8, 9, 500, 8000):
        assert decoded(nested(depth)) == "bad_frame"


def test_sixteen_kibibytes_are_the_most_counted_in_bytes() -> None:
    def of(size: int, letter: str) -> str:
        shell = '{"t":"ping","n":""}'
        return shell.replace('""', f'"{letter * ((size - len(shell)) // len(letter.encode()))}"')

    assert decoded(of(16 * 1024, "a")) == ""
    assert decoded(of(16 * 1024, "a") + " ") == "too_large"
    assert decoded(of(16 * 1024, "ü")) == ""
    assert decoded(of(16 * 1024 + 3, "ü")) == "too_large"
    assert decoded(of(16 * 1024 + 3, "ü").encode()) == "too_large"


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_no_frame_whatsoever_raises_anything_but_a_refusal(text: str | bytes) -> None:
    decoded(text)


# --- the words ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("good words", ""),
        (None, "bad_frame"),
        (7, "bad_frame"),
        (["a"], "bad_frame"),
        ({"words": "a"}, "bad_frame"),
        ("", "bad_frame"),
        (" \n\t ", "bad_frame"),
        ("\x01\x02", "bad_frame"),
        ("a\0b", "bad_frame"),
        ("a\ud800b", "bad_frame"),
        ("a" * 2000, ""),
        ("a" * 2001, "too_large"),
        ("🕯" * 2000, ""),
        ("🕯" * 2001, "too_large"),
        (" " * 500 + "a" * 2000, ""),
        (" ".join(f"https://a.example/{n}" for n in range(30)), ""),
        (" ".join(f"https://a.example/{n}" for n in range(31)), "bad_frame"),
    ],
)
def test_words_must_be_words_and_not_too_many(room: Room, wren: Member, text: Any, code: str) -> None:
    assert refused(room, wren, say(room) | {"text": text}) == code
    assert refused(room, wren, act(room, "message.edit", 1, text)) == code


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("reply_to", 1, ""),
        ("reply_to", None, ""),
        ("reply_to", 0, "bad_frame"),
        ("reply_to", -1, "bad_frame"),
        ("reply_to", HUGE, "bad_frame"),
        ("reply_to", 1.0, "bad_frame"),
        ("reply_to", "1", "bad_frame"),
        ("reply_to", True, "bad_frame"),
        ("note", "relapse", ""),
        ("note", None, ""),
        ("note", "n" * 40, ""),
        ("note", "n" * 41, "too_large"),
        ("note", 5, "bad_frame"),
        ("note", "a\0", "bad_frame"),
    ],
)
def test_what_goes_with_a_message_has_its_own_shape(
    room: Room, wren: Member, field: str, value: Any, code: str
) -> None:
    assert refused(room, wren, say(room) | {field: value}) == code


GOOD_ACTS: list[tuple[str, Any, Any]] = [
    ("message.edit", 1, "words"),
    ("message.hide", 1, None),
    ("message.hide", 1, {"reason": "r"}),
    ("message.restore", 1, "r"),
    ("reaction.set", 1, {"kind": "heard", "on": True}),
    ("hand.raise", None, None),
    ("hand.raise", "abc", None),
    ("hand.lower", None, None),
    ("turn.grant", "abc", 60),
    ("turn.grant", "abc", None),
    ("turn.grant", "abc", {"seconds": 60}),
    ("turn.extend", None, 60),
    ("turn.end", None, None),
    ("turn.end", None, {"why": "passed"}),
    ("hand.move", "abc", "first"),
    ("hand.move", "abc", {"to": "later"}),
    ("phase.set", None, "sharing"),
    ("phase.set", None, {"phase": "sharing", "step": 0, "writes": "all"}),
    ("member.mute", "abc", {"minutes": 5, "reason": "r"}),
    ("member.mute", "abc", 5),
    ("member.mute", "abc", None),
    ("member.unmute", "abc", None),
    ("member.remove", "abc", "r"),
    ("member.remove", "abc", {"reason": "r"}),
]
BAD_ACTS: list[tuple[Any, Any, Any]] = [
    (None, None, None),
    (7, None, None),
    ("message.burn", 1, None),
    ("message.edit", None, "words"),
    ("message.edit", "1", "words"),
    ("message.edit", 0, "words"),
    ("message.edit", HUGE, "words"),
    ("message.edit", 1, None),
    ("message.edit", 1, {"text": 1}),
    ("message.hide", 1, 7),
    ("message.hide", True, None),
    ("reaction.set", 1, None),
    ("reaction.set", 1, {"kind": "loathing", "on": True}),
    ("reaction.set", 1, {"kind": "heard", "on": 1}),
    ("reaction.set", 1, {"kind": ["heard"], "on": True}),
    ("reaction.set", 1, {"kind": {"a": 1}, "on": True}),
    ("hand.raise", 5, None),
    ("hand.raise", "", None),
    ("hand.lower", "x" * 41, None),
    ("hand.lower", "a\0", None),
    ("turn.grant", None, 60),
    ("turn.grant", "abc", 0),
    ("turn.grant", "abc", -5),
    ("turn.grant", "abc", 3601),
    ("turn.grant", "abc", "soon"),
    ("turn.grant", "abc", 1.5),
    ("turn.grant", "abc", True),
    ("turn.extend", "abc", None),
    ("hand.move", None, "first"),
    ("hand.move", "abc", None),
    ("hand.move", "abc", "away"),
    ("hand.move", "abc", {"to": ["first"]}),
    ("phase.set", None, None),
    ("phase.set", None, {"phase": "sharing", "step": "1"}),
    ("phase.set", None, {"phase": "sharing", "step": HUGE}),
    ("phase.set", None, {"phase": "sharing", "step": True}),
    ("phase.set", None, {"phase": "sharing", "writes": "some"}),
    ("phase.set", None, {"phase": "sharing", "writes": {}}),
    ("phase.set", None, "party"),
    ("phase.set", None, ["sharing"]),
    ("phase.set", None, {"phase": ["sharing"]}),
    ("member.mute", None, 5),
    ("member.mute", "abc", 0),
    ("member.mute", "abc", 60 * 24 * 30 + 1),
    ("member.mute", "abc", "9" * 400),
    ("member.mute", "abc", {"minutes": [5]}),
    ("member.mute", "abc", {"minutes": 5, "reason": 5}),
    ("member.remove", "abc", {"reason": {}}),
    ("member.remove", 1, None),
]


@pytest.mark.django_db
def test_every_act_of_the_protocol_is_understood(room: Room, wren: Member) -> None:
    for op, target, value in GOOD_ACTS:
        assert refused(room, wren, act(room, op, target, value)) == "", (op, target, value)


@pytest.mark.django_db
def test_acts_of_another_shape_are_bad_frames(room: Room, wren: Member) -> None:
    for op, target, value in BAD_ACTS:
        assert refused(room, wren, act(room, op, target, value)) == "bad_frame", (op, target, value)


@pytest.mark.django_db
def test_a_reason_has_an_end(room: Room, wren: Member) -> None:
    assert refused(room, wren, act(room, "message.hide", 1, "r" * 300)) == ""
    assert refused(room, wren, act(room, "message.hide", 1, "r" * 301)) == "too_large"


@pytest.mark.django_db
def test_nobody_can_ask_for_what_only_the_house_does(room: Room, wren: Member) -> None:
    for op in ("member.removed", "session.opened", "turn.ended", "Removed"):
        assert refused(room, wren, act(room, op, wren.public_id)) == "bad_frame"


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
ops = st.sampled_from(sorted({op for op, _, _ in GOOD_ACTS}))
fields = st.sampled_from(
    ["text", "reason", "kind", "on", "minutes", "seconds", "phase", "step", "writes", "why", "to"]
)
asked = st.fixed_dictionaries(
    {"t": st.just("act"), "op": ops, "target": anything | st.just(1) | st.just("abc")},
    optional={"value": anything | st.dictionaries(fields, anything, max_size=3)},
) | st.fixed_dictionaries(
    {"t": st.just("send")}, optional={"text": anything, "reply_to": anything, "note": anything}
)


@given(asked)
@settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow])
def test_no_request_whatsoever_raises_anything_but_a_refusal(frame: dict[str, Any]) -> None:
    with suppress(FrameRefused):
        acts.parse(frame)


@given(asked)
def test_the_digest_of_a_request_does_not_hang_on_id_key_room_or_order(frame: dict[str, Any]) -> None:
    frame = orjson.loads(orjson.dumps(frame))
    turned = dict(reversed(list(frame.items())))
    assert frames.digest(frame) == frames.digest(turned | {"id": 1, "key": "k", "room": "r"})
    assert frames.digest(frame) != frames.digest(frame | {"more": "words"})


@pytest.mark.parametrize("unseen", ["\u200b\u200d", "\u2060 \u00ad", "\ufe0f\u0301"])
def test_words_that_nobody_could_see_are_no_words(room: Room, wren: Member, unseen: str) -> None:
    with pytest.raises(FrameRefused) as refused:
        acts.parse({"t": "send", "text": unseen})
    assert refused.value.refusal.code == Code.BAD_FRAME
    assert isinstance(acts.parse({"t": "send", "text": f"{unseen}a{unseen}"}), acts.Say)

"""What people say: posted, answered, edited, taken back, hidden, restored, felt with; re-served at its own seq."""

from __future__ import annotations

import pytest

from community.live import log
from community.live.clock import clock
from community.live.domain import Committed, Unchanged
from community.live.log import Commit
from community.live.models import Event, Revision
from community.members.models import Member
from sessions.rooms.models import Reaction, Room
from tests.live_client import act, code_of, do, event, events, say, types, write
from tests.live_fixtures import SetClock

pytestmark = pytest.mark.django_db


def words_in_log(room: Room) -> str:
    return " ".join(Event.objects.filter(log_id=room.log_id).values_list("payload", flat=True))


# --- posting -----------------------------------------------------------------------------------------------------


def test_a_message_carries_its_words_as_written_and_ready_to_show(room: Room, wren: Member) -> None:
    frame = say(room, "Day 12 & counting <3\nsee https://example.org/a?b=c&d=e.")
    do(room, wren, frame)
    [posted] = events(room)
    assert posted["data"] == {
        "text": "Day 12 & counting <3\nsee https://example.org/a?b=c&d=e.",
        "html": "<p>Day 12 &amp; counting &lt;3<br>see "
        '<a href="https://example.org/a?b=c&amp;d=e" rel="nofollow ugc noopener noreferrer">'
        "https://example.org/a?b=c&amp;d=e</a>.</p>",
    }
    assert posted["by"] == {"id": wren.public_id, "handle": "Wren"}
    assert posted["key"] == frame["key"]
    assert posted["at"].endswith("Z")
    assert len(posted["at"]) == len("2026-03-04T19:00:00.000Z")


def test_an_event_says_nothing_of_a_person_but_id_and_handle(room: Room, wren: Member) -> None:
    do(room, wren, say(room, "hello"))
    stored = words_in_log(room)
    assert wren.handle in stored
    assert wren.email not in stored
    assert "porchlight.example" not in stored
    assert set(event(room, 1)) == {"seq", "type", "by", "at", "key", "data"}


def test_a_handle_in_the_log_is_that_of_the_time(room: Room, wren: Member) -> None:
    do(room, wren, say(room, "before"))
    wren.handle = "Robin"
    wren.save()
    do(room, wren, say(room, "after"))
    assert [event["by"]["handle"] for event in events(room)] == ["Wren", "Robin"]


def test_a_content_note_goes_with_the_message(room: Room, wren: Member) -> None:
    do(room, wren, say(room, "It was a hard week.", note="  relapse "))
    do(room, wren, say(room, "Thank you for listening.", note=None))
    first, second = events(room)
    assert first["data"]["note"] == "relapse"
    assert "note" not in second["data"]


def test_a_reply_names_the_message_that_it_answers(room: Room, wren: Member, juniper: Member) -> None:
    do(room, wren, say(room, "How was it?"))
    assert do(room, juniper, say(room, "Better.", reply_to=1)) == Committed(2)
    assert event(room, 2)["data"]["reply_to"] == 1


def test_only_a_message_of_this_room_can_be_answered(room: Room, wren: Member) -> None:
    do(room, wren, say(room))
    do(room, wren, act(room, "hand.raise"))
    assert do(room, wren, say(room, "control", reply_to=1)) == Committed(3)
    for seq in (2, 4, 99):
        assert code_of(do(room, wren, say(room, "to nothing", reply_to=seq))) == "not_found"


# --- editing -----------------------------------------------------------------------------------------------------


def test_an_edit_is_served_at_the_seq_of_the_message(room: Room, wren: Member) -> None:
    do(room, wren, say(room, "I am fien.", note="grief"))
    assert do(room, wren, act(room, "message.edit", 1, "I am fine.")) == Committed(2)
    posted, edited = events(room)
    assert posted["seq"] == 1
    assert posted["type"] == "message.posted"
    assert posted["data"]["text"] == "I am fine."
    assert posted["data"]["html"] == "<p>I am fine.</p>"
    assert posted["data"]["note"] == "grief"
    assert posted["data"]["edited_at"] == edited["at"]
    assert edited["data"] == {"seq": 1, "text": "I am fine.", "html": "<p>I am fine.</p>"}


def test_an_edit_keeps_who_wrote_it_and_when_and_the_key(room: Room, wren: Member) -> None:
    do(room, wren, say(room, "first"))
    before = event(room, 1)
    do(room, wren, act(room, "message.edit", 1, {"text": "second"}))
    after = event(room, 1)
    assert {name: after[name] for name in ("seq", "by", "at", "key")} == {
        name: before[name] for name in ("seq", "by", "at", "key")
    }


def test_a_second_edit_rewrites_the_event_of_the_first(room: Room, wren: Member) -> None:
    do(room, wren, say(room, "one"))
    do(room, wren, act(room, "message.edit", 1, "two"))
    do(room, wren, act(room, "message.edit", 1, "three"))
    assert [event["data"]["text"] for event in events(room)] == ["three", "three", "three"]


def test_two_edits_in_one_batch_leave_one_truth(room: Room, wren: Member) -> None:
    do(room, wren, say(room, "one"))
    write(room, (wren, act(room, "message.edit", 1, "two")), (wren, act(room, "message.edit", 1, "three")))
    assert [event["data"]["text"] for event in events(room)] == ["three", "three", "three"]
    assert [revision.payload.count('"text":"one"') for revision in Revision.objects.filter(event__seq=1)] == [
        1,
        0,
    ]


def test_revisions_hold_what_an_edit_replaced(room: Room, wren: Member) -> None:
    do(room, wren, say(room, "one"))
    do(room, wren, act(room, "message.edit", 1, "two"))
    do(room, wren, act(room, "message.edit", 1, "three"))
    kept = Revision.objects.filter(event__log=room.log, event__seq=1)
    assert [
        (row.change, row.by, '"text":"one"' in row.payload, '"text":"two"' in row.payload) for row in kept
    ] == [
        ("edited", wren.pk, True, False),
        ("edited", wren.pk, False, True),
    ]


def test_only_the_author_can_edit(room: Room, wren: Member, juniper: Member, alder: Member) -> None:
    do(room, wren, say(room, "mine"))
    for other in (juniper, alder):
        assert code_of(do(room, other, act(room, "message.edit", 1, "yours"))) == "denied"
    assert do(room, wren, act(room, "message.edit", 1, "mine still")) == Committed(2)


def test_a_message_can_be_edited_for_fifteen_minutes(room: Room, wren: Member, set_clock: SetClock) -> None:
    do(room, wren, say(room, "one"))
    set_clock.forward(15 * 60)
    assert do(room, wren, act(room, "message.edit", 1, "just in time")) == Committed(2)
    set_clock.forward(1)
    assert code_of(do(room, wren, act(room, "message.edit", 1, "too late"))) == "denied"
    assert event(room, 1)["data"]["text"] == "just in time"


def test_an_edit_to_the_same_words_changes_nothing(room: Room, wren: Member) -> None:
    do(room, wren, say(room, "one"))
    assert do(room, wren, act(room, "message.edit", 1, " one ")) == Unchanged()
    assert "edited_at" not in event(room, 1)["data"]


def test_what_is_no_message_cannot_be_edited(room: Room, wren: Member) -> None:
    do(room, wren, act(room, "hand.raise"))
    for seq in (1, 2):
        assert code_of(do(room, wren, act(room, "message.edit", seq, "words"))) == "not_found"


# --- hiding and restoring ----------------------------------------------------------------------------------------


def test_a_hidden_message_leaves_no_word_in_the_log(room: Room, wren: Member, fern: Member) -> None:
    do(room, wren, say(room, "a secret"))
    do(room, wren, act(room, "message.edit", 1, "a secret told twice"))
    assert "secret" in words_in_log(room)
    assert do(room, fern, act(room, "message.hide", 1, {"reason": "Names a person"})) == Committed(3)
    assert "secret" not in words_in_log(room)
    assert event(room, 1)["data"] == {"hidden": True, "why": "moderator", "reason": "Names a person"}
    assert event(room, 2)["data"] == {"seq": 1, "hidden": True}
    assert event(room, 3)["data"] == {"seq": 1, "why": "moderator", "reason": "Names a person"}
    assert all("html" not in event["data"] and "text" not in event["data"] for event in events(room))


def test_an_edit_and_a_hiding_in_one_batch_leave_no_word_either(
    room: Room, wren: Member, fern: Member
) -> None:
    do(room, wren, say(room, "a secret"))
    write(room, (wren, act(room, "message.edit", 1, "a worse secret")), (fern, act(room, "message.hide", 1)))
    assert types(room) == ["message.posted", "message.edited", "message.hidden"]
    assert "secret" not in words_in_log(room)


def test_revisions_hold_what_a_hiding_replaced_and_why(room: Room, wren: Member, fern: Member) -> None:
    do(room, wren, say(room, "a secret"))
    do(room, fern, act(room, "message.hide", 1, "Names a person"))
    [kept] = Revision.objects.filter(event__log=room.log)
    assert (kept.change, kept.by, kept.reason) == ("hidden", fern.pk, "Names a person")
    assert "a secret" in kept.payload


def test_a_message_can_be_taken_back_by_its_author(room: Room, wren: Member, juniper: Member) -> None:
    do(room, wren, say(room, "said too soon"))
    assert code_of(do(room, juniper, act(room, "message.hide", 1))) == "denied"
    assert do(room, wren, act(room, "message.hide", 1)) == Committed(2)
    assert event(room, 1)["data"] == {"hidden": True, "why": "author"}


def test_hiding_twice_changes_nothing(room: Room, wren: Member, fern: Member, alder: Member) -> None:
    do(room, wren, say(room))
    outcomes = write(room, (fern, act(room, "message.hide", 1)), (alder, act(room, "message.hide", 1)))
    assert outcomes == [Committed(2), Unchanged()]
    assert do(room, fern, act(room, "message.hide", 1)) == Unchanged()


def test_a_hidden_message_is_neither_edited_nor_felt_with(room: Room, wren: Member, fern: Member) -> None:
    do(room, wren, say(room, "one"))
    assert do(room, wren, act(room, "message.edit", 1, "control")) == Committed(2)
    do(room, fern, act(room, "message.hide", 1))
    assert code_of(do(room, wren, act(room, "message.edit", 1, "back again"))) == "not_found"
    assert code_of(do(room, wren, act(room, "reaction.set", 1, {"kind": "heard", "on": True}))) == "not_found"


def test_a_restored_message_says_what_it_said_last(room: Room, wren: Member, fern: Member) -> None:
    do(room, wren, say(room, "one", note="grief"))
    do(room, wren, act(room, "message.edit", 1, "two"))
    before = events(room)
    do(room, fern, act(room, "message.hide", 1, "a mistake"))
    assert do(room, fern, act(room, "message.restore", 1, "it was fine")) == Committed(4)
    assert events(room)[:2] == before
    assert event(room, 4)["data"] == {"seq": 1}
    assert [row.change for row in Revision.objects.filter(event__seq=1)] == ["edited", "hidden", "restored"]


def test_hiding_and_restoring_in_one_batch_brings_back_the_newest_words(
    room: Room, wren: Member, fern: Member
) -> None:
    do(room, wren, say(room, "one"))
    do(room, fern, act(room, "message.hide", 1))
    do(room, fern, act(room, "message.restore", 1))
    do(room, wren, act(room, "message.edit", 1, "two"))
    outcomes = write(room, (fern, act(room, "message.hide", 1)), (fern, act(room, "message.restore", 1)))
    assert outcomes == [Committed(5), Committed(6)]
    assert event(room, 1)["data"]["text"] == "two"


def test_only_who_keeps_order_restores_and_never_what_was_taken_back(
    room: Room, wren: Member, juniper: Member, fern: Member
) -> None:
    write(room, (wren, say(room, "hidden")), (wren, say(room, "taken back")))
    do(room, fern, act(room, "message.hide", 1))
    do(room, wren, act(room, "message.hide", 2))
    for member in (wren, juniper):
        assert code_of(do(room, member, act(room, "message.restore", 1))) == "denied"
    assert code_of(do(room, fern, act(room, "message.restore", 2))) == "denied"
    assert do(room, fern, act(room, "message.restore", 1)) == Committed(5)
    assert do(room, fern, act(room, "message.restore", 1)) == Unchanged()


def test_a_muted_author_can_still_take_a_message_back(room: Room, wren: Member, fern: Member) -> None:
    do(room, wren, say(room, "said too soon"))
    do(room, fern, act(room, "member.mute", wren.public_id, {"minutes": 10}))
    assert code_of(do(room, wren, act(room, "message.edit", 1, "other words"))) == "muted"
    assert isinstance(do(room, wren, act(room, "message.hide", 1)), Committed)


# --- reactions ---------------------------------------------------------------------------------------------------


def test_a_reaction_is_set_once_and_taken_back_once(room: Room, wren: Member, juniper: Member) -> None:
    do(room, wren, say(room))
    on, off = ({"kind": "with_you", "on": switch} for switch in (True, False))
    assert do(room, juniper, act(room, "reaction.set", 1, off)) == Unchanged()
    assert do(room, juniper, act(room, "reaction.set", 1, on)) == Committed(2)
    assert do(room, juniper, act(room, "reaction.set", 1, on)) == Unchanged()
    assert do(room, wren, act(room, "reaction.set", 1, on)) == Committed(3)
    assert Reaction.objects.filter(room=room, seq=1, kind="with_you").count() == 2
    assert do(room, juniper, act(room, "reaction.set", 1, off)) == Committed(4)
    assert [row.member for row in Reaction.objects.filter(room=room)] == [wren]


def test_one_person_may_set_several_kinds_and_change_their_mind_within_a_batch(
    room: Room, wren: Member
) -> None:
    do(room, wren, say(room))
    frames = [
        act(room, "reaction.set", 1, {"kind": kind, "on": on})
        for kind, on in (
            ("heard", True),
            ("strength", True),
            ("heard", False),
            ("heard", True),
            ("strength", False),
        )
    ]
    outcomes = write(room, *[(wren, frame) for frame in frames])
    assert [outcome.seq for outcome in outcomes if isinstance(outcome, Committed)] == [2, 3, 4, 5, 6]
    assert [row.kind for row in Reaction.objects.filter(room=room)] == ["heard"]


def test_a_reaction_needs_a_message(room: Room, wren: Member) -> None:
    do(room, wren, act(room, "hand.raise"))
    on = {"kind": "heard", "on": True}
    assert code_of(do(room, wren, act(room, "reaction.set", 1, on))) == "not_found"
    assert code_of(do(room, wren, act(room, "reaction.set", 5, on))) == "not_found"


def test_events_carry_the_time_of_the_injected_clock(room: Room, wren: Member, set_clock: SetClock) -> None:
    do(room, wren, say(room))
    assert Event.objects.get(log=room.log).at == set_clock.at == clock.now()


@pytest.mark.django_db(transaction=True)
def test_what_a_batch_covers_again_is_not_published_either(
    room: Room, wren: Member, fern: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    published: list[Commit] = []
    do(room, wren, say(room, "a secret"))
    monkeypatch.setattr(log, "_listeners", [published.extend])
    write(room, (wren, act(room, "message.edit", 1, "a worse secret")), (fern, act(room, "message.hide", 1)))
    [commit] = published
    assert (commit.first, len(commit.payloads)) == (2, 2)
    assert "secret" not in " ".join(commit.payloads)
    assert {seq for seq, _ in commit.rewrites} == {1}
    assert "secret" not in commit.rewrites[-1][1]

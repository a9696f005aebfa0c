"""The log: seqs without holes, keys that count once, refusals that leave nothing, one cost for a batch of any size."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from community.live import log
from community.live.clock import clock
from community.live.domain import Command, Committed, Unchanged
from community.live.log import Commit
from community.live.models import Event, Log
from community.live.writer import submit
from community.members.models import Member
from moderation.sanctions.actions import restrict
from moderation.sanctions.models import Restriction
from sessions.rooms import acts
from sessions.rooms.domain import rooms
from sessions.rooms.models import Room
from tests.factories import GroupFactory, MemberFactory, MembershipFactory, RoomFactory
from tests.live_client import act, code_of, command, do, events, key, say, types, write

pytestmark = pytest.mark.django_db


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[Commit]:
    heard: list[Commit] = []
    monkeypatch.setattr(log, "_listeners", [heard.extend])
    return heard


# --- seqs --------------------------------------------------------------------------------------------------------


def test_events_are_numbered_from_one_without_a_hole(room: Room, wren: Member) -> None:
    outcomes = [do(room, wren, say(room, f"word {number}")) for number in range(3)]
    outcomes += write(room, (wren, say(room, "two")), (wren, say(room, "at once")))
    assert outcomes == [Committed(1), Committed(2), Committed(3), Committed(4), Committed(5)]
    assert [event["seq"] for event in events(room)] == [1, 2, 3, 4, 5]
    assert log.head(room.log_id).last_seq == 5


def test_each_room_counts_for_itself_also_within_one_batch(room: Room, wren: Member) -> None:
    other = RoomFactory()
    with transaction.atomic():
        outcomes = log.append(
            [command(place, wren, say(place)) for place in (room, other, room, other, room)]
        )
    assert outcomes == [Committed(1), Committed(1), Committed(2), Committed(2), Committed(3)]


def test_a_refusal_in_the_middle_of_a_batch_leaves_no_hole(room: Room, wren: Member) -> None:
    first, refused, second = write(
        room,
        (wren, say(room, "before")),
        (wren, act(room, "phase.set", None, "closed")),
        (wren, say(room, "after")),
    )
    assert (first, second) == (Committed(1), Committed(2))
    assert code_of(refused) == "denied"
    assert types(room) == ["message.posted", "message.posted"]


def test_consequences_take_their_numbers_before_the_act_that_brings_them_about(
    room: Room, wren: Member, alder: Member
) -> None:
    outcomes = write(
        room,
        (wren, act(room, "hand.raise")),
        (alder, act(room, "turn.grant", wren.public_id, 60)),
        (wren, say(room, "Thank you.")),
    )
    assert outcomes == [Committed(1), Committed(3), Committed(4)]
    assert types(room) == ["hand.raised", "hand.lowered", "turn.granted", "message.posted"]


@pytest.mark.django_db(transaction=True)
def test_a_rollback_publishes_nothing_and_gives_its_number_to_the_next(
    room: Room, wren: Member, published: list[Commit]
) -> None:
    with transaction.atomic():
        assert log.append([command(room, wren, say(room, "never said"))]) == [Committed(1)]
        transaction.set_rollback(True)
    assert published == []
    assert do(room, wren, say(room, "said")) == Committed(1)
    assert [(commit.log_id, commit.first, len(commit.payloads)) for commit in published] == [
        (room.log_id, 1, 1)
    ]
    assert [event["data"]["text"] for event in events(room)] == ["said"]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_published_before_the_commit(room: Room, wren: Member, published: list[Commit]) -> None:
    with transaction.atomic():
        log.append([command(room, wren, say(room))])
        assert published == []
    assert len(published) == 1


@pytest.mark.django_db(transaction=True)
def test_what_is_published_is_byte_for_byte_what_is_stored(
    room: Room, wren: Member, published: list[Commit]
) -> None:
    do(room, wren, say(room, "Grüße — “quoted” 🕯"))
    stored = Event.objects.get(log_id=room.log_id).payload
    assert published[0].payloads == [stored]
    assert "Grüße — “quoted” 🕯".replace('"', '\\"') in stored


@pytest.mark.django_db(transaction=True)
def test_a_batch_of_refusals_publishes_nothing(room: Room, wren: Member, published: list[Commit]) -> None:
    do(room, wren, act(room, "phase.set", None, "closed"))
    assert published == []
    assert log.head(room.log_id).last_seq == 0


# --- where it may be called --------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_append_outside_a_transaction_raises(room: Room, wren: Member) -> None:
    asked = command(room, wren, say(room))
    with pytest.raises(RuntimeError, match="transaction"):
        log.append([asked])
    assert events(room) == []
    with transaction.atomic():
        assert log.append([asked]) == [Committed(1)]


@pytest.mark.django_db
def test_the_database_itself_refuses_two_events_with_one_number(room: Room, wren: Member) -> None:
    do(room, wren, say(room))
    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.create(log=room.log, seq=1, type="message.posted", payload="{}", at=clock.now())


# --- keys --------------------------------------------------------------------------------------------------------


def test_a_repeated_key_answers_with_the_seq_it_had(room: Room, wren: Member) -> None:
    frame = say(room, "once")
    assert do(room, wren, frame) == Committed(1)
    do(room, wren, say(room, "something else"))
    assert do(room, wren, frame) == Committed(1, dup=True)
    assert do(room, wren, frame | {"id": "another request"}) == Committed(1, dup=True)
    assert len(events(room)) == 2


def test_a_key_repeated_within_one_batch_is_stored_once(room: Room, wren: Member) -> None:
    frame = say(room, "once")
    outcomes = write(room, (wren, frame), (wren, say(room, "between")), (wren, frame), (wren, frame))
    assert outcomes == [Committed(1), Committed(2), Committed(1, dup=True), Committed(1, dup=True)]
    assert len(events(room)) == 2


def test_a_repeated_key_with_another_request_is_a_conflict(room: Room, wren: Member) -> None:
    frame = say(room, "first words")
    do(room, wren, frame)
    assert code_of(do(room, wren, frame | {"text": "other words"})) == "key_conflict"
    assert code_of(do(room, wren, frame | {"note": "grief"})) == "key_conflict"
    first, conflicting = write(room, (wren, same := say(room, "a")), (wren, same | {"text": "b"}))
    assert (first, code_of(conflicting)) == (Committed(2), "key_conflict")
    assert [event["data"]["text"] for event in events(room)] == ["first words", "a"]


def test_a_keys_scope_is_the_member_within_the_room(room: Room, wren: Member, alder: Member) -> None:
    other, shared = RoomFactory(), key()
    assert do(room, wren, say(room, key=shared)) == Committed(1)
    assert do(room, alder, say(room, key=shared)) == Committed(2)
    assert do(other, wren, say(other, key=shared)) == Committed(1)
    assert do(room, wren, say(room, key=shared)) == Committed(1, dup=True)


def test_who_has_no_access_gets_not_found_also_with_a_stored_key(room: Room) -> None:
    room.group.joining = "closed"
    room.group.save()
    membership = MembershipFactory(group=room.group)
    frame = say(room)
    assert do(room, membership.member, frame) == Committed(1)
    assert do(room, membership.member, frame) == Committed(1, dup=True)
    membership.delete()
    assert code_of(do(room, membership.member, frame)) == "not_found"
    first, second = write(room, (membership.member, frame), (membership.member, frame | {"text": "other"}))
    assert (code_of(first), code_of(second)) == ("not_found", "not_found")


def test_a_committed_message_answers_dup_also_after_a_mute_and_in_a_closed_room(
    room: Room, wren: Member, alder: Member
) -> None:
    frame = say(room)
    assert do(room, wren, frame) == Committed(1)
    do(room, alder, act(room, "member.mute", wren.public_id, {"minutes": 10}))
    assert code_of(do(room, wren, say(room))) == "muted"
    assert do(room, wren, frame) == Committed(1, dup=True)
    do(room, alder, act(room, "phase.set", None, "closed"))
    assert do(room, wren, frame) == Committed(1, dup=True)


def test_a_refused_key_may_be_sent_again_and_then_counts(room: Room, wren: Member, alder: Member) -> None:
    frame = say(room)
    do(room, alder, act(room, "phase.set", None, "sharing"))
    assert code_of(do(room, wren, frame)) == "not_your_turn"
    do(room, alder, act(room, "phase.set", None, "open"))
    assert isinstance(do(room, wren, frame), Committed)


def test_repeating_an_act_does_not_do_it_again(room: Room, wren: Member, alder: Member) -> None:
    raised = act(room, "hand.raise")
    assert do(room, wren, raised) == Committed(1)
    assert do(room, wren, act(room, "hand.lower")) == Committed(2)
    assert do(room, wren, raised) == Committed(1, dup=True)
    assert types(room) == ["hand.raised", "hand.lowered"]
    assert do(room, wren, act(room, "hand.lower")) == Unchanged()


def test_an_act_that_changes_nothing_appends_nothing(room: Room, wren: Member) -> None:
    assert do(room, wren, act(room, "hand.raise")) == Committed(1)
    assert write(room, (wren, act(room, "hand.raise")), (wren, act(room, "hand.raise"))) == [
        Unchanged(),
        Unchanged(),
    ]
    assert log.head(room.log_id).last_seq == 1


# --- where a reader begins ---------------------------------------------------------------------------------------


def test_a_reader_without_a_past_begins_at_the_fiftieth_last_message(room: Room, wren: Member) -> None:
    write(room, *[(wren, say(room, f"{number}")) for number in range(60)])
    assert log.reset_point(room.log_id, log.head(room.log_id)) == 10
    do(room, wren, act(room, "hand.raise"))
    assert log.reset_point(room.log_id, log.head(room.log_id)) == 10


def test_a_reader_without_a_past_never_gets_more_than_500_events(room: Room, wren: Member) -> None:
    do(room, wren, say(room, "far back"))
    for _ in range(5):
        write(room, *[(wren, act(room, f"hand.{word}")) for _ in range(60) for word in ("raise", "lower")])
    head = log.head(room.log_id)
    assert head.last_seq == 601
    assert log.reset_point(room.log_id, head) == 101


def test_a_reader_without_a_past_begins_at_what_still_stands(room: Room, wren: Member) -> None:
    write(room, *[(wren, say(room, f"{number}")) for number in range(20)])
    assert log.reset_point(room.log_id, log.head(room.log_id)) == 0
    Log.objects.filter(pk=room.log_id).update(min_seq=8)
    assert log.reset_point(room.log_id, log.head(room.log_id)) == 7


# --- cost --------------------------------------------------------------------------------------------------------


def queries_of(room: Room, *asked: tuple[Member, dict[str, Any]]) -> int:
    with CaptureQueriesContext(connection) as captured:
        write(room, *asked)
    return len(captured)


def test_twenty_messages_cost_as_many_queries_as_one(room: Room) -> None:
    people = MemberFactory.create_batch(20)
    one = queries_of(room, (people[0], say(room)))
    assert queries_of(room, *[(member, say(room)) for member in people]) == one


def test_twenty_replies_edits_and_reactions_cost_as_many_queries_as_one(room: Room) -> None:
    people = MemberFactory.create_batch(20)
    write(room, *[(member, say(room, f"by {member.handle}")) for member in people])
    seqs = range(1, 21)
    for frames in (
        [say(room, "yes", reply_to=seq) for seq in seqs],
        [act(room, "message.edit", seq, "better words") for seq in seqs],
        [act(room, "reaction.set", seq, {"kind": "heard", "on": True}) for seq in seqs],
        [act(room, "hand.raise") for _ in seqs],
        [act(room, "message.hide", seq, None) for seq in seqs],
    ):
        asked = list(zip(people, frames, strict=True))
        one = queries_of(room, asked[0])
        assert queries_of(room, *asked[1:]) == one, frames[0]


def test_a_batch_over_two_rooms_costs_one_query_more_than_over_one_at_most(room: Room, wren: Member) -> None:
    other = RoomFactory(group=GroupFactory())
    one = queries_of(room, (wren, say(room)))
    with CaptureQueriesContext(connection) as captured, transaction.atomic():
        log.append([command(place, wren, say(place)) for place in (room, other)])
    assert len(captured) <= one + 1


# --- what else stands in the way ---------------------------------------------------------------------------------


def test_a_log_that_is_gone_is_not_found(room: Room, wren: Member) -> None:
    asked = command(room, wren, say(room))
    gone = Command(
        type(asked.opened)(room.slug, room.log_id + 1000, asked.opened.tags, asked.opened.domain),
        asked.author, asked.act, key(),
    )  # fmt: skip
    with transaction.atomic():
        here, nowhere = log.append([asked, gone])
    assert here == Committed(1)
    assert code_of(nowhere) == "not_found"


def test_what_the_house_does_has_no_author(room: Room, wren: Member) -> None:
    restrict(
        member_id=wren.pk, kind=Restriction.Kind.MUTE, scope=room.tag, by_id=None, reason="",
        at=clock.now() - timedelta(hours=1), until=clock.now() - timedelta(minutes=1),
    )  # fmt: skip
    outcome = submit(Command(rooms.opened(room), None, acts.Unmute(wren.public_id))).result()
    assert outcome == Committed(1)
    [event] = events(room)
    assert event["by"] is None
    assert event["key"] is None

"""Keeping order: mute, unmute, remove; who may do it to whom; what it does to the floor and to what is written next."""

from __future__ import annotations

from datetime import timedelta

import pytest

from community.groups.models import JoinRequest, Membership
from community.live.clock import clock
from community.live.domain import Committed, Unchanged
from community.live.frames import stamp
from community.members.models import Member
from moderation.sanctions.actions import lift
from moderation.sanctions.models import Restriction
from sessions.rooms.models import Hand, Room, Turn
from tests.factories import GroupFactory, MemberFactory, MembershipFactory, RoomFactory
from tests.live_client import act, code_of, do, event, events, may_open, say, state_of, types, write
from tests.live_fixtures import SetClock

pytestmark = pytest.mark.django_db


def mute(room: Room, member: Member, minutes: int | None = 10, reason: str = "") -> dict[str, object]:
    return act(room, "member.mute", member.public_id, {"minutes": minutes, "reason": reason})


# --- muting ------------------------------------------------------------------------------------------------------


def test_a_muted_member_reads_and_does_not_write(room: Room, wren: Member, fern: Member) -> None:
    do(room, fern, say(room, "Welcome."))
    writes = [
        say(room),
        act(room, "hand.raise"),
        act(room, "reaction.set", 1, {"kind": "heard", "on": True}),
    ]
    for frame in writes:
        assert code_of(do(room, wren, frame)) == ""
    do(room, fern, mute(room, wren))
    for frame in (
        say(room),
        act(room, "hand.raise"),
        act(room, "reaction.set", 1, {"kind": "heard", "on": False}),
    ):
        assert code_of(do(room, wren, frame)) == "muted"
    assert may_open(wren, room)
    assert code_of(do(room, fern, say(room))) == ""


def test_a_mute_is_a_restriction_with_the_room_as_its_scope(
    room: Room, wren: Member, fern: Member, set_clock: SetClock
) -> None:
    do(room, fern, mute(room, wren, 10, "Shouting"))
    until = set_clock.at + timedelta(minutes=10)
    [row] = Restriction.objects.all()
    assert (row.member, row.kind, row.scope, row.by, row.reason, row.until) == (
        wren, Restriction.Kind.MUTE, room.tag, fern, "Shouting", until,
    )  # fmt: skip
    assert event(room, 1)["data"] == {"member": wren.public_id, "until": stamp(until)}
    state = state_of(room, wren)
    assert (state["muted"], state["muted_until"], state["can"]) == (True, stamp(until), [])
    assert state_of(room, fern)["muted"] is False


def test_a_mute_tells_the_room_nothing_of_the_reason(room: Room, wren: Member, fern: Member) -> None:
    do(room, fern, mute(room, wren, 10, "A private matter"))
    assert "private" not in str(events(room))


def test_a_mute_counts_in_its_room_only(room: Room, wren: Member, fern: Member) -> None:
    other = RoomFactory(group=room.group)
    do(room, fern, mute(room, wren))
    assert code_of(do(other, wren, say(other))) == ""
    assert code_of(do(room, wren, say(room))) == "muted"


def test_a_mute_ends_by_itself_at_its_time(
    room: Room, wren: Member, fern: Member, set_clock: SetClock
) -> None:
    do(room, fern, mute(room, wren, 10))
    set_clock.forward(10 * 60 - 1)
    assert code_of(do(room, wren, say(room))) == "muted"
    set_clock.forward(1)
    assert code_of(do(room, wren, say(room))) == ""


def test_a_mute_without_an_end_stands_until_it_is_lifted(
    room: Room, wren: Member, fern: Member, set_clock: SetClock
) -> None:
    do(room, fern, mute(room, wren, None))
    assert event(room, 1)["data"]["until"] is None
    set_clock.forward(365 * 24 * 3600)
    assert code_of(do(room, wren, say(room))) == "muted"
    assert do(room, fern, mute(room, wren, None)) == Unchanged()
    assert do(room, fern, act(room, "member.unmute", wren.public_id)) == Committed(2)
    assert code_of(do(room, wren, say(room))) == ""
    assert do(room, fern, act(room, "member.unmute", wren.public_id)) == Unchanged()


def test_a_second_mute_replaces_the_first(
    room: Room, wren: Member, fern: Member, set_clock: SetClock
) -> None:
    do(room, fern, mute(room, wren, 60))
    do(room, fern, mute(room, wren, 5))
    assert Restriction.objects.standing().count() == 1
    set_clock.forward(5 * 60)
    assert code_of(do(room, wren, say(room))) == ""
    assert Restriction.objects.count() == 2


def test_a_mute_takes_the_member_off_the_floor(
    room: Room, wren: Member, juniper: Member, fern: Member, alder: Member
) -> None:
    do(room, juniper, act(room, "hand.raise"))
    do(room, alder, act(room, "turn.grant", wren.public_id, 60))
    do(room, wren, act(room, "hand.raise"))
    do(room, fern, mute(room, wren))
    assert types(room)[-3:] == ["turn.ended", "hand.lowered", "member.muted"]
    assert not Turn.objects.exists()
    assert [hand.member for hand in Hand.objects.all()] == [juniper]


def test_what_follows_a_mute_in_the_same_batch_obeys_it(room: Room, wren: Member, fern: Member) -> None:
    before, _, after = write(room, (wren, say(room)), (fern, mute(room, wren)), (wren, say(room)))
    assert (code_of(before), code_of(after)) == ("", "muted")


# --- removing ----------------------------------------------------------------------------------------------------


def test_a_removed_member_is_out_of_every_room_of_the_group(room: Room, wren: Member, fern: Member) -> None:
    sister, elsewhere = RoomFactory(group=room.group), RoomFactory(group=GroupFactory())
    for place in (room, sister, elsewhere):
        assert code_of(do(place, wren, say(place))) == ""
        assert may_open(wren, place)
    do(room, fern, act(room, "member.remove", wren.public_id, {"reason": "rule 1"}))
    for place in (room, sister):
        assert code_of(do(place, wren, say(place))) == "not_found"
        assert not may_open(wren, place)
    assert code_of(do(elsewhere, wren, say(elsewhere))) == ""
    assert not Membership.objects.filter(member=wren, group=room.group).exists()


def test_a_removal_stands_also_where_anyone_may_come_in(room: Room, fern: Member) -> None:
    visitor = MemberFactory()
    assert room.group.joining == "open"
    assert code_of(do(room, visitor, say(room))) == ""
    do(room, fern, act(room, "member.remove", visitor.public_id))
    assert code_of(do(room, visitor, say(room))) == "not_found"
    lift(
        member_id=visitor.pk, kind=Restriction.Kind.REMOVAL, scope=room.group.tag, by_id=None, at=clock.now()
    )
    assert code_of(do(room, visitor, say(room))) == ""


def test_a_removal_empties_the_floor_of_every_room_of_the_group_and_says_so_there(
    room: Room, wren: Member, fern: Member, alder: Member
) -> None:
    sister = RoomFactory(group=room.group)
    do(room, wren, act(room, "hand.raise"))
    do(sister, alder, act(sister, "turn.grant", wren.public_id, 60))
    do(room, fern, act(room, "member.remove", wren.public_id))
    assert types(room) == ["hand.raised", "hand.lowered", "member.removed"]
    assert types(sister) == ["turn.granted", "turn.ended", "member.removed"]
    assert not Hand.objects.exists()
    assert not Turn.objects.exists()


def test_a_removal_drops_an_open_request_to_join(room: Room, fern: Member) -> None:
    visitor = MemberFactory()
    JoinRequest.objects.create(group=room.group, member=visitor)
    do(room, fern, act(room, "member.remove", visitor.public_id))
    assert not JoinRequest.objects.exists()


def test_what_follows_a_removal_in_the_same_batch_is_not_found(
    room: Room, wren: Member, fern: Member
) -> None:
    kept = say(room)
    outcomes = write(
        room,
        (wren, kept),
        (fern, act(room, "member.remove", wren.public_id)),
        (wren, say(room)),
        (wren, kept | {}),
    )
    assert [code_of(outcome) for outcome in outcomes[:3]] == ["", "", "not_found"]


# --- who may, to whom --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("op", ["member.mute", "member.remove"])
@pytest.mark.parametrize(
    ("by", "to", "code"),
    [
        ("fern", "wren", ""),
        ("alder", "wren", ""),
        ("alder", "fern", ""),
        ("wren", "juniper", "denied"),
        ("wren", "fern", "denied"),
        ("fern", "fern", "denied"),
        ("fern", "second_fern", "denied"),
        ("fern", "alder", "denied"),
        ("alder", "alder", "denied"),
        ("alder", "second_alder", "denied"),
    ],
)
def test_moderators_act_on_members_and_facilitators_on_moderators(
    room: Room,
    wren: Member,
    juniper: Member,
    fern: Member,
    alder: Member,
    op: str,
    by: str,
    to: str,
    code: str,
) -> None:
    people = {
        "wren": wren, "juniper": juniper, "fern": fern, "alder": alder,
        "second_fern": MembershipFactory(group=room.group, role="moderator").member,
        "second_alder": MembershipFactory(group=room.group, role="facilitator").member,
    }  # fmt: skip
    assert code_of(do(room, people[by], act(room, op, people[to].public_id, {"minutes": 5}))) == code
    assert (event(room, 1)["data"]["member"] == people[to].public_id) if not code else events(room) == []


def test_who_keeps_order_elsewhere_has_no_say_here(room: Room, wren: Member) -> None:
    elsewhere = MembershipFactory(role="facilitator").member
    assert code_of(do(room, elsewhere, say(room, "control"))) == ""
    for op in ("member.mute", "member.remove", "turn.grant"):
        value = 60 if op == "turn.grant" else {"minutes": 5}
        assert code_of(do(room, elsewhere, act(room, op, wren.public_id, value))) == "denied"


def test_nobody_who_is_not_here_is_muted_or_removed(room: Room, fern: Member) -> None:
    room.group.joining = "closed"
    room.group.save()
    outsider = MemberFactory()
    for target in (outsider.public_id, "nobody"):
        for op in ("member.mute", "member.remove"):
            assert code_of(do(room, fern, act(room, op, target, {"minutes": 5}))) == "not_found"

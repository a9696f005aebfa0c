"""Removing someone from a group: the restriction, the row, the floor and the rooms' logs in one transaction."""

from __future__ import annotations

import threading

import pytest
from django.db import connections, transaction
from django.utils import timezone

from community.groups import removal
from community.groups.access import group_for, groups_for
from community.groups.actions import leave_group
from community.groups.models import JoinRequest, Membership
from community.groups.removal import remove_member
from community.live.domain import Outcome
from community.members.models import Member
from moderation.sanctions.models import Restriction
from sessions.rooms.models import Hand, Room, Turn
from tests.factories import MembershipFactory, RoomFactory
from tests.live_client import act, code_of, do, events, may_open, say, types
from tests.live_fixtures import WAIT, SetHook, Stop

pytestmark = pytest.mark.django_db


@pytest.fixture
def room(db: None) -> Room:
    return RoomFactory(group__joining="closed")


@pytest.fixture
def wren(room: Room) -> Member:
    return MembershipFactory(group=room.group).member


@pytest.fixture
def alder(room: Room) -> Member:
    return MembershipFactory(group=room.group, role=Membership.Role.FACILITATOR).member


def remove(room: Room, member: Member, by: Member) -> None:
    remove_member(group=room.group, member=member, by=by, reason="rule 1", at=timezone.now())


def test_a_removal_leaves_no_membership_no_request_and_one_restriction(
    room: Room, wren: Member, alder: Member
) -> None:
    JoinRequest.objects.create(group=room.group, member=wren)
    assert may_open(wren, room)
    remove(room, wren, alder)
    assert not Membership.objects.filter(member=wren).exists()
    assert not JoinRequest.objects.exists()
    [row] = Restriction.objects.all()
    assert (row.member, row.kind, row.scope, row.by, row.reason, row.until) == (
        wren, Restriction.Kind.REMOVAL, room.group.tag, alder, "rule 1", None,
    )  # fmt: skip
    assert not may_open(wren, room)
    assert may_open(alder, room)


def test_the_group_is_out_of_sight_for_who_was_removed_also_when_it_is_listed(
    room: Room, wren: Member, alder: Member
) -> None:
    stranger = MembershipFactory().member
    assert group_for(stranger, room.group.slug) == room.group
    remove(room, wren, alder)
    assert room.group not in groups_for(wren)
    assert room.group in groups_for(stranger)


def test_every_room_of_the_group_says_so_and_forgets_the_hand_and_the_turn(
    room: Room, wren: Member, alder: Member
) -> None:
    sister, elsewhere = RoomFactory(group=room.group), RoomFactory()
    for place in (room, elsewhere):
        do(place, wren, act(place, "hand.raise"))
    do(sister, alder, act(sister, "turn.grant", wren.public_id, 60))
    remove(room, wren, alder)
    assert types(room) == ["hand.raised", "hand.lowered", "member.removed"]
    assert types(sister) == ["turn.granted", "turn.ended", "member.removed"]
    assert types(elsewhere) == ["hand.raised"]
    assert [hand.room for hand in Hand.objects.all()] == [elsewhere]
    assert not Turn.objects.exists()
    assert events(room)[-1]["data"] == {"member": wren.public_id}
    assert events(room)[-1]["by"] is None


def test_who_leaves_of_their_own_will_leaves_the_floors_and_is_not_said_to_be_removed(
    room: Room, wren: Member, alder: Member
) -> None:
    sister = RoomFactory(group=room.group)
    do(room, wren, act(room, "hand.raise"))
    do(room, alder, act(room, "hand.raise"))
    do(sister, alder, act(sister, "turn.grant", wren.public_id, 60))
    do(sister, wren, act(sister, "hand.raise"))
    assert leave_group(group=room.group, member=wren)
    assert types(room) == ["hand.raised", "hand.raised", "hand.lowered"]
    assert types(sister) == ["turn.granted", "hand.raised", "turn.ended", "hand.lowered"]
    assert [hand.member for hand in Hand.objects.all()] == [alder]
    assert not Turn.objects.exists()
    assert not may_open(wren, room)
    assert not Restriction.objects.exists()
    assert not leave_group(group=room.group, member=wren)


@pytest.mark.django_db(transaction=True)
def test_a_removal_is_whole_or_not_at_all(
    room: Room, wren: Member, alder: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(removal, "_told", [*removal._told, fails])
        with pytest.raises(ConnectionError):
            remove(room, wren, alder)
    assert Membership.objects.filter(member=wren).exists()
    assert not Restriction.objects.exists()
    assert events(room) == []
    remove(room, wren, alder)
    assert types(room) == ["member.removed"]


@pytest.mark.django_db(transaction=True)
def test_words_that_waited_for_a_removal_are_refused(
    room: Room, wren: Member, alder: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The removal holds the locks of the group's logs from its first statement on."""
    assert code_of(do(room, wren, say(room, "before"))) == ""
    inside = Stop()
    outcomes: list[Outcome] = []
    monkeypatch.setattr(removal, "_told", [*removal._told, lambda group, member, at: inside()])

    def run(work: object, *args: object) -> threading.Thread:
        def body() -> None:
            outcomes.append(work(*args))  # type: ignore[operator]
            connections.close_all()

        thread = threading.Thread(target=body)
        thread.start()
        return thread

    removing = run(remove, room, wren, alder)
    inside.await_reached()
    saying = run(do, room, wren, say(room, "too late"))
    inside.go.set()
    for thread in (removing, saying):
        thread.join(WAIT)
    assert [code_of(outcome) for outcome in outcomes if outcome is not None] == ["not_found"]
    assert types(room) == ["message.posted", "member.removed"]


@pytest.mark.django_db(transaction=True)
def test_words_that_hold_the_lock_first_stand_and_the_removal_follows(
    room: Room, wren: Member, alder: Member, failpoint: SetHook
) -> None:
    holding = Stop(lambda commands: commands[0].author is not None)
    failpoint("log.locked", holding)
    outcomes: list[Outcome] = []

    def speak() -> None:
        outcomes.append(do(room, wren, say(room, "just in time")))
        connections.close_all()

    def cut() -> None:
        remove(room, wren, alder)
        connections.close_all()

    saying = threading.Thread(target=speak)
    saying.start()
    holding.await_reached()
    removing = threading.Thread(target=cut)
    removing.start()
    holding.go.set()
    for thread in (saying, removing):
        thread.join(WAIT)
    assert [code_of(outcome) for outcome in outcomes] == [""]
    assert types(room) == ["message.posted", "member.removed"]
    with transaction.atomic():
        assert code_of(do(room, wren, say(room, "after"))) == "not_found"

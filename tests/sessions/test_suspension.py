"""A suspension in the rooms: whoever is kept out of the whole place holds up nobody who waits for the floor."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from community.members import suspension
from community.members.models import Member
from sessions.rooms.models import Hand, Room, Turn
from tests.factories import RoomFactory
from tests.live_client import act, code_of, do, events, types, write

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def suspend(member: Member) -> None:
    suspension.suspend(member=member, by=None, reason="rule 2", at=NOON)


def test_who_has_the_floor_gives_it_up_and_who_waits_moves_up(
    room: Room, wren: Member, juniper: Member, alder: Member
) -> None:
    write(room, *[(member, act(room, "hand.raise")) for member in (wren, juniper)])
    do(room, alder, act(room, "turn.grant", wren.public_id))
    assert Turn.objects.get(room=room).member == wren
    suspend(wren)
    assert not Turn.objects.filter(room=room).exists()
    assert [hand.member for hand in Hand.objects.filter(room=room)] == [juniper]
    assert types(room)[-1] == "turn.ended"
    assert events(room)[-1]["data"] == {"member": wren.public_id, "why": "chair"}


def test_hands_go_down_in_every_room(room: Room, wren: Member, juniper: Member) -> None:
    other = RoomFactory(group=room.group)
    for each in (room, other):
        write(each, *[(member, act(each, "hand.raise")) for member in (wren, juniper)])
    suspend(wren)
    for each in (room, other):
        assert [hand.member for hand in Hand.objects.filter(room=each)] == [juniper]
        assert types(each)[-1] == "hand.lowered"


def test_a_room_in_which_they_waited_for_nothing_is_told_nothing(room: Room, wren: Member) -> None:
    suspend(wren)
    assert events(room) == []


def test_no_hand_goes_up_afterwards(room: Room, wren: Member) -> None:
    assert code_of(do(room, wren, act(room, "hand.raise"))) == ""
    do(room, wren, act(room, "hand.lower"))
    suspend(wren)
    assert code_of(do(room, wren, act(room, "hand.raise"))) == "not_found"

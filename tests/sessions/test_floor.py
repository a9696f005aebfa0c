"""The floor: raised hands in order, one turn at a time, phases that say who may write."""

from __future__ import annotations

from datetime import timedelta

import pytest

from community.live.domain import Committed, Unchanged
from community.live.frames import stamp
from community.members.models import Member
from sessions.rooms.models import Hand, Room, Turn
from sessions.rooms.phases import PHASES, Writes
from tests.factories import GroupFactory, MemberFactory, RoomFactory
from tests.live_client import act, code_of, do, event, events, say, state_of, types, write
from tests.live_fixtures import SetClock

pytestmark = pytest.mark.django_db


def queue(room: Room) -> list[Member]:
    return [hand.member for hand in Hand.objects.filter(room=room).select_related("member")]


def holder(room: Room) -> Member | None:
    turn = Turn.objects.filter(room=room).select_related("member").first()
    return turn.member if turn else None


# --- hands -------------------------------------------------------------------------------------------------------


def test_hands_wait_in_the_order_in_which_they_were_raised(
    room: Room, wren: Member, juniper: Member, alder: Member
) -> None:
    write(room, *[(member, act(room, "hand.raise")) for member in (juniper, alder, wren)])
    assert queue(room) == [juniper, alder, wren]
    assert state_of(room, wren)["queue"] == [juniper.public_id, alder.public_id, wren.public_id]
    do(room, juniper, act(room, "hand.lower"))
    do(room, juniper, act(room, "hand.raise"))
    assert queue(room) == [alder, wren, juniper]


def test_only_the_chair_raises_and_lowers_for_others(
    room: Room, wren: Member, juniper: Member, fern: Member, alder: Member
) -> None:
    for member in (juniper, fern):
        assert code_of(do(room, member, act(room, "hand.raise", wren.public_id))) == "denied"
    assert do(room, alder, act(room, "hand.raise", wren.public_id)) == Committed(1)
    assert queue(room) == [wren]
    for member in (juniper, fern):
        assert code_of(do(room, member, act(room, "hand.lower", wren.public_id))) == "denied"
    assert do(room, alder, act(room, "hand.lower", wren.public_id)) == Committed(2)
    assert queue(room) == []


def test_the_chair_cannot_raise_the_hand_of_someone_who_may_not_enter(room: Room, alder: Member) -> None:
    room.group.joining = "closed"
    room.group.save()
    outsider = MemberFactory()
    assert code_of(do(room, alder, act(room, "hand.raise", outsider.public_id))) == "not_found"
    assert code_of(do(room, alder, act(room, "hand.raise", "nobody"))) == "not_found"


def test_rooms_do_not_share_a_floor(room: Room, wren: Member) -> None:
    other = RoomFactory(group=GroupFactory())
    do(room, wren, act(room, "hand.raise"))
    assert queue(other) == []
    assert do(other, wren, act(other, "hand.raise")) == Committed(1)


# --- turns -------------------------------------------------------------------------------------------------------


def test_a_granted_turn_takes_the_hand_down_and_has_an_end(
    room: Room, wren: Member, alder: Member, set_clock: SetClock
) -> None:
    do(room, wren, act(room, "hand.raise"))
    assert do(room, alder, act(room, "turn.grant", wren.public_id, 90)) == Committed(3)
    assert types(room) == ["hand.raised", "hand.lowered", "turn.granted"]
    until = stamp(set_clock.at + timedelta(seconds=90))
    assert event(room, 3)["data"] == {"member": wren.public_id, "until": until}
    assert (holder(room), queue(room)) == (wren, [])
    assert state_of(room, alder)["turn"] == {"member": wren.public_id, "until": until}


def test_a_turn_given_on_ends_the_one_before(
    room: Room, wren: Member, juniper: Member, alder: Member
) -> None:
    do(room, alder, act(room, "turn.grant", wren.public_id, 90))
    do(room, alder, act(room, "turn.grant", juniper.public_id, 90))
    assert [(event["type"], event["data"]["member"]) for event in events(room)] == [
        ("turn.granted", wren.public_id),
        ("turn.ended", wren.public_id),
        ("turn.granted", juniper.public_id),
    ]
    assert event(room, 2)["data"]["why"] == "chair"
    assert holder(room) == juniper
    assert do(room, alder, act(room, "turn.grant", juniper.public_id, 90)) == Unchanged()


def test_only_the_chair_grants_and_extends(
    room: Room, wren: Member, juniper: Member, fern: Member, alder: Member
) -> None:
    for member in (juniper, fern):
        assert code_of(do(room, member, act(room, "turn.grant", wren.public_id, 60))) == "denied"
    do(room, alder, act(room, "turn.grant", wren.public_id, 60))
    for member in (wren, juniper, fern):
        assert code_of(do(room, member, act(room, "turn.extend", wren.public_id, 60))) == "denied"
    assert do(room, alder, act(room, "turn.extend", wren.public_id, 60)) == Committed(2)


def test_an_extension_adds_to_what_is_left_or_to_now(
    room: Room, wren: Member, alder: Member, set_clock: SetClock
) -> None:
    start = set_clock.at
    do(room, alder, act(room, "turn.grant", wren.public_id, 60))
    do(room, alder, act(room, "turn.extend", None, 30))
    assert event(room, 2)["data"] == {"member": wren.public_id, "until": stamp(start + timedelta(seconds=90))}
    set_clock.forward(200)
    do(room, alder, act(room, "turn.extend", wren.public_id, 30))
    assert event(room, 3)["data"]["until"] == stamp(start + timedelta(seconds=230))


def test_nothing_is_extended_when_nobody_or_someone_else_has_the_floor(
    room: Room, wren: Member, juniper: Member, alder: Member
) -> None:
    assert code_of(do(room, alder, act(room, "turn.extend", wren.public_id, 30))) == "denied"
    do(room, alder, act(room, "turn.grant", juniper.public_id, 60))
    assert code_of(do(room, alder, act(room, "turn.extend", wren.public_id, 30))) == "denied"
    assert do(room, alder, act(room, "turn.extend", juniper.public_id, 30)) == Committed(2)


def test_a_turn_is_ended_by_who_has_it_or_by_the_chair(
    room: Room, wren: Member, juniper: Member, fern: Member, alder: Member
) -> None:
    do(room, alder, act(room, "turn.grant", wren.public_id, 60))
    for member in (juniper, fern):
        assert code_of(do(room, member, act(room, "turn.end", wren.public_id))) == "denied"
        assert code_of(do(room, member, act(room, "turn.end"))) == "denied"
    assert do(room, wren, act(room, "turn.end")) == Committed(2)
    assert event(room, 2)["data"] == {"member": wren.public_id, "why": "done"}
    do(room, alder, act(room, "turn.grant", wren.public_id, 60))
    do(room, alder, act(room, "turn.end", wren.public_id))
    assert event(room, 4)["data"] == {"member": wren.public_id, "why": "chair"}
    assert holder(room) is None
    assert do(room, alder, act(room, "turn.end")) == Unchanged()


def test_a_turn_that_has_passed_on_is_not_ended_by_a_late_request(
    room: Room, wren: Member, juniper: Member, alder: Member
) -> None:
    do(room, alder, act(room, "turn.grant", wren.public_id, 60))
    do(room, alder, act(room, "turn.grant", juniper.public_id, 60))
    assert do(room, alder, act(room, "turn.end", wren.public_id)) == Unchanged()
    assert do(room, wren, act(room, "turn.end", wren.public_id)) == Unchanged()
    assert holder(room) == juniper


def test_a_turn_is_granted_to_no_one_who_is_muted_or_may_not_enter(
    room: Room, wren: Member, fern: Member, alder: Member
) -> None:
    assert do(room, alder, act(room, "turn.grant", wren.public_id, 60)) == Committed(1)
    do(room, fern, act(room, "member.mute", wren.public_id, {"minutes": 5}))
    assert holder(room) is None
    assert code_of(do(room, alder, act(room, "turn.grant", wren.public_id, 60))) == "denied"
    assert code_of(do(room, alder, act(room, "turn.grant", "nobody", 60))) == "not_found"


# --- phases ------------------------------------------------------------------------------------------------------


def test_only_the_chair_sets_the_phase(room: Room, wren: Member, fern: Member, alder: Member) -> None:
    for member in (wren, fern):
        assert code_of(do(room, member, act(room, "phase.set", None, "sharing"))) == "denied"
    assert do(room, alder, act(room, "phase.set", None, "sharing")) == Committed(1)
    assert event(room, 1)["data"] == {"phase": "sharing", "writes": "turn", "crosstalk": False}
    assert do(room, alder, act(room, "phase.set", None, {"phase": "sharing"})) == Unchanged()


@pytest.mark.parametrize("phase", [phase for phase in PHASES.values() if phase.name != "open"], ids=str)
def test_each_phase_lets_write_whom_it_says(
    room: Room, wren: Member, juniper: Member, alder: Member, phase: object
) -> None:
    assert isinstance(phase, type(PHASES["open"]))
    assert isinstance(do(room, wren, say(room)), Committed)
    do(room, alder, act(room, "phase.set", None, phase.name))
    if phase.writes != Writes.NONE:
        do(room, alder, act(room, "turn.grant", juniper.public_id, 60))
    expected = {
        Writes.ALL: ("", "", ""),
        Writes.TURN: ("not_your_turn", "", ""),
        Writes.HOSTS: ("denied", "denied", ""),
        Writes.NONE: ("closed", "closed", "closed"),
    }[phase.writes]
    assert tuple(code_of(do(room, member, say(room))) for member in (wren, juniper, alder)) == expected


def test_in_a_sharing_round_nobody_writes_before_the_floor_is_given(
    room: Room, wren: Member, alder: Member
) -> None:
    do(room, alder, act(room, "phase.set", None, "sharing"))
    assert code_of(do(room, wren, say(room))) == "not_your_turn"
    do(room, alder, act(room, "turn.grant", wren.public_id, 60))
    assert code_of(do(room, wren, say(room))) == ""
    do(room, wren, act(room, "turn.end"))
    assert code_of(do(room, wren, say(room))) == "not_your_turn"


def test_a_turn_that_runs_over_cuts_nobody_off(
    room: Room, wren: Member, alder: Member, set_clock: SetClock
) -> None:
    do(room, alder, act(room, "phase.set", None, "sharing"))
    do(room, alder, act(room, "turn.grant", wren.public_id, 60))
    set_clock.forward(600)
    assert isinstance(do(room, wren, say(room, "I am almost done.")), Committed)


def test_closing_a_room_clears_its_floor_and_says_so(
    room: Room, wren: Member, juniper: Member, alder: Member
) -> None:
    do(room, alder, act(room, "phase.set", None, "sharing"))
    do(room, alder, act(room, "turn.grant", wren.public_id, 60))
    do(room, juniper, act(room, "hand.raise"))
    do(room, alder, act(room, "phase.set", None, "closed"))
    assert types(room)[3:] == ["turn.ended", "hand.lowered", "session.closed", "phase.changed"]
    assert (holder(room), queue(room)) == (None, [])
    for frame in (act(room, "hand.raise"), act(room, "reaction.set", 1, {"kind": "heard", "on": True})):
        assert code_of(do(room, juniper, frame)) == "closed"
    assert code_of(do(room, alder, act(room, "turn.grant", wren.public_id, 60))) == "closed"
    do(room, alder, act(room, "phase.set", None, "open"))
    assert types(room)[-2:] == ["session.opened", "phase.changed"]
    assert code_of(do(room, juniper, act(room, "hand.raise"))) == ""


def test_a_phase_and_a_message_in_one_batch_are_taken_in_order(
    room: Room, wren: Member, alder: Member
) -> None:
    before, _, after = write(
        room, (wren, say(room)), (alder, act(room, "phase.set", None, "opening")), (wren, say(room))
    )
    assert (code_of(before), code_of(after)) == ("", "denied")

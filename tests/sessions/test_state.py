"""`state` is as of `head`: an old state and the events since then are the new state, whatever people did in between."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from community.live.domain import Committed, Unchanged
from community.live.models import Event
from community.members.models import Member
from sessions.rooms.models import ReadPosition, Room
from sessions.rooms.phases import PHASES
from tests.factories import MemberFactory, MembershipFactory, RoomFactory
from tests.live_client import Frame, act, code_of, do, events, may_open, say, state_of, write

pytestmark = pytest.mark.django_db

FOLLOWED = ("phase", "writes", "crosstalk", "step", "queue", "turn", "muted", "muted_until", "can")
WHEN_NOT_MUTED = ("write", "react", "raise")


def followed(state: Frame) -> Frame:
    return {name: copy.deepcopy(state[name]) for name in FOLLOWED}


def apply(state: Frame, event: Frame, me: str) -> Frame:
    """What a client makes of an event, by PROTOCOL.md alone."""
    data = event["data"]
    match event["type"]:
        case "hand.raised":
            state["queue"].append(data["member"])
        case "hand.lowered":
            state["queue"].remove(data["member"])
        case "hand.moved":
            assert sorted(state["queue"]) == sorted(data["queue"])
            state["queue"] = data["queue"]
        case "turn.granted" | "turn.extended":
            state["turn"] = {"member": data["member"], "until": data["until"]}
        case "turn.ended":
            assert state["turn"] is not None
            assert state["turn"]["member"] == data["member"]
            state["turn"] = None
        case "phase.changed":
            state |= {name: data.get(name) for name in ("phase", "writes", "crosstalk", "step")}
        case "member.muted" if data["member"] == me:
            state |= {"muted": True, "muted_until": data["until"]}
            state["can"] = [word for word in state["can"] if word not in WHEN_NOT_MUTED]
        case "member.unmuted" if data["member"] == me:
            state |= {"muted": False, "muted_until": None}
            state["can"] = [*WHEN_NOT_MUTED, *state["can"]]
    return state


@dataclass
class Company:
    """A room and its sister, and six people; the last one comes from outside and may enter since the group is open."""

    rooms: list[Room]
    people: list[Member]

    @classmethod
    def gather(cls) -> Company:
        room = RoomFactory(steps=STEPS)
        roles = ["facilitator", "facilitator", "moderator", "member", "member"]
        people = [MembershipFactory(group=room.group, role=role).member for role in roles]
        return cls([room, RoomFactory(group=room.group)], [*people, MemberFactory()])

    @property
    def observers(self) -> list[Member]:
        """A facilitator, a member and the guest: whose screens are compared."""
        return [self.people[place] for place in (0, 3, 5)]


PEOPLE = st.integers(0, 5)
MEMBER_OPS = (
    "hand.raise",
    "hand.lower",
    "turn.grant",
    "turn.extend",
    "turn.end",
    "member.mute",
    "member.unmute",
)
STEPS = [
    {"phase": phase, "title": title, "minutes": 5, "writes": writes, "crosstalk": True, "turn_seconds": None}
    for phase, title, writes in (
        ("opening", "Welcome", "hosts"), ("sharing", "Round one", "turn"), ("sharing", "Round two", "all")
    )
]  # fmt: skip
PLACES = {1: "first", 2: "later", 3: "last"}
VALUES: dict[str, Any] = {"turn.grant": 60, "turn.extend": 30, "member.mute": {"minutes": 10}}
doings = (
    st.tuples(PEOPLE, st.sampled_from(MEMBER_OPS), st.none() | PEOPLE)
    | st.tuples(PEOPLE, st.sampled_from(["hand.raise", "hand.raise", "turn.end", "say"]), st.none())
    | st.tuples(PEOPLE, st.just("member.remove"), PEOPLE)
    | st.tuples(st.integers(0, 1), st.just("phase.set"), st.sampled_from(sorted(PHASES)))
    | st.tuples(st.integers(0, 1), st.just("to the second round"), st.none())
    | st.tuples(st.integers(0, 3), st.just("hand.move"), PEOPLE)
)
batches = st.lists(st.tuples(st.integers(0, 3), st.lists(doings, min_size=1, max_size=6)), max_size=5)


def frame_of(company: Company, room: Room, doing: tuple[int, str, Any]) -> tuple[Member, Frame] | None:
    by, op, about = doing
    member = company.people[by]
    if op == "say":
        return member, say(room)
    if op == "phase.set":
        return member, act(room, op, None, about)
    if op == "to the second round":
        return member, act(room, "phase.set", None, {"phase": "sharing", "step": 2})
    if op == "hand.move":
        place = PLACES.get(about, "first")
        return member, act(room, op, company.people[about].public_id, place)
    needs_target = op in {"turn.grant", "member.mute", "member.unmute", "member.remove"}
    if about is None and needs_target:
        return None
    target = None if about is None else company.people[about].public_id
    return member, act(room, op, target, VALUES.get(op))


@given(before=batches, after=batches)
@settings(max_examples=20, suppress_health_check=list(HealthCheck))
def test_an_old_state_and_the_events_since_then_are_the_new_state(
    before: list[Any], after: list[Any]
) -> None:
    with transaction.atomic():
        company = Company.gather()

        def go(batches: list[Any]) -> None:
            for place, doings in batches:
                room = company.rooms[place == 3]
                asked = [found for doing in doings if (found := frame_of(company, room, doing))]
                for outcome in write(room, *asked):
                    assert isinstance(outcome, Committed | Unchanged) or code_of(outcome) in {
                        "denied", "muted", "not_your_turn", "closed", "not_found", "bad_frame",
                    }  # fmt: skip

        go(before)
        stale = {
            (room.pk, one.pk): (len(events(room)), followed(state_of(room, one)))
            for room in company.rooms
            for one in company.observers
            if may_open(one, room)
        }
        go(after)
        for room in company.rooms:
            happened = events(room)
            assert [event["seq"] for event in happened] == list(range(1, len(happened) + 1))
            for one in company.observers:
                if may_open(one, room):
                    head, state = stale[room.pk, one.pk]
                    for event in happened[head:]:
                        state = apply(state, event, one.public_id)
                    assert state == followed(state_of(room, one))
        transaction.set_rollback(True)


def test_the_state_names_who_keeps_the_room_who_wrote_and_who_waits(
    room: Room, wren: Member, juniper: Member, fern: Member, alder: Member
) -> None:
    quiet = MembershipFactory(group=room.group).member
    do(room, wren, say(room))
    do(room, juniper, act(room, "hand.raise"))
    assert state_of(room, wren)["members"] == {
        wren.public_id: {"handle": "Wren", "role": "member"},
        juniper.public_id: {"handle": "Juniper", "role": "member"},
        fern.public_id: {"handle": "Fern", "role": "moderator"},
        alder.public_id: {"handle": "Alder", "role": "facilitator"},
    }
    assert quiet.public_id in state_of(room, quiet)["members"]


def test_the_state_says_what_each_may_do(room: Room, wren: Member, fern: Member, alder: Member) -> None:
    said = {one.handle: set(state_of(room, one)["can"]) for one in (wren, fern, alder)}
    assert said == {
        "Wren": {"write", "react", "raise"},
        "Fern": {"write", "react", "raise", "moderate"},
        "Alder": {"write", "react", "raise", "moderate", "chair"},
    }


def test_the_state_carries_ones_own_read_position(room: Room, wren: Member, juniper: Member) -> None:
    assert state_of(room, wren)["read"] == 0
    ReadPosition.objects.create(room=room, member=wren, seq=7)
    assert state_of(room, wren)["read"] == 7
    assert state_of(room, juniper)["read"] == 0


def test_the_state_says_nothing_of_a_person_but_handle_and_role(
    room: Room, wren: Member, alder: Member
) -> None:
    text = str(state_of(room, wren))
    for secret in (wren.email, alder.email, wren.password):
        assert secret not in text
    assert all(set(person) == {"handle", "role"} for person in state_of(room, wren)["members"].values())


def test_the_state_costs_as_many_queries_however_long_the_queue(
    room: Room, wren: Member, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(15) as few:
        state_of(room, wren)
    people = MemberFactory.create_batch(20)
    write(room, *[(one, act(room, "hand.raise")) for one in people], *[(one, say(room)) for one in people])
    with django_assert_max_num_queries(len(few)):
        assert len(state_of(room, wren)["queue"]) == 20
    assert Event.objects.filter(log=room.log).count() == 40

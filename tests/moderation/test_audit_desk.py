"""What stewards do at the desk is on record: who, what, to whom or to which group, and none of the words."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from community.desk import actions as desk
from community.desk.models import Training
from community.groups import keeping as groups
from community.groups.models import Group, Membership
from community.members.models import Member
from moderation.audit.chain import digest_of
from moderation.audit.models import AuditEntry
from moderation.audit.verbs import Verb
from moderation.audit.verify import verify
from moderation.audit.words import last
from moderation.sanctions.models import EVERYWHERE
from sessions.rooms import keeping as rooms
from sessions.rooms.models import Room
from tests.desk import client_of
from tests.factories import MemberFactory, RoomFactory

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 4, 19, 0, tzinfo=UTC)
WORD = "zyzzyva"
NOTE = f"{WORD} for moderators"


@dataclass
class House:
    """One group with one room, Marigold who is a steward, and Wren. All names and notes are planted."""

    marigold: Member
    wren: Member
    room: Room

    @property
    def group(self) -> Group:
        return self.room.group


@pytest.fixture
def house(db: None) -> House:
    return House(
        MemberFactory(role="steward", handle=f"{WORD} Marigold"),
        MemberFactory(handle=f"{WORD} Wren", email=f"{WORD}@porchlight.example"),
        RoomFactory(name=f"{WORD} room", group__name=f"{WORD} circle"),
    )


def make_group(house: House) -> object:
    values = {
        "name": f"{WORD} evening",
        "about": NOTE,
        "joining": "closed",
        "listed": False,
        "audience": "family",
    }
    return groups.make_group(values=values, by=house.marigold, at=AT)


def close(house: House) -> object:
    return groups.close_group(group=house.group, by=house.marigold, at=AT)


def close_room(house: House) -> object:
    return rooms.close_room(room=house.room, by=house.marigold, at=AT)


def train(house: House) -> Training:
    return desk.note_training(
        member=house.wren, group=house.group, note=NOTE, trained_on=date(2026, 3, 1), expires_on=date(2028, 3, 1),
        by=house.marigold, at=AT,
    )  # fmt: skip


def end_sign_ins(house: House) -> object:
    for _ in range(2):
        client_of(house.wren)
    return desk.end_all_sign_ins(member=house.wren, by=house.marigold, at=AT)


@dataclass(frozen=True)
class Case:
    """`about` is whom or what the entry concerns: Wren, the steward, a group or a room; `where` is the tag it bears."""

    verb: Verb
    does: Callable[[House], object]
    about: str
    where: str
    facts: dict[str, Any] = field(default_factory=dict)


CASES = [
    Case(
        Verb.ADDRESS_SHOWN, lambda h: desk.show_address(member=h.wren, by=h.marigold, at=AT), "wren", EVERYWHERE
    ),
    Case(
        Verb.ADDRESS_FOUND,
        lambda h: desk.find_by_address(address=f"{WORD}@Porchlight.example", by=h.marigold, at=AT),
        "wren", EVERYWHERE,
    ),
    Case(Verb.SIGN_INS_ENDED, end_sign_ins, "wren", EVERYWHERE, {"sign_ins_ended": 2}),
    Case(Verb.TRAINING_NOTED, train, "wren", "group", {"until": "2028-03-01"}),
    Case(
        Verb.TRAINING_WITHDRAWN,
        lambda h: desk.withdraw_training(training=train(h), by=h.marigold, at=AT),
        "wren", "group",
    ),
    Case(
        Verb.AUDIT_EXPORTED,
        lambda h: desk.record_export(rows=7, narrowed_by=["verb", "person"], by=h.marigold, at=AT),
        "marigold", EVERYWHERE, {"rows": 7, "narrowed_by": ["person", "verb"]},
    ),
    Case(
        Verb.GROUP_MEMBER_ADDED,
        lambda h: groups.put_in_group(
            group=h.group, member=h.wren, role=Membership.Role.MODERATOR, by=h.marigold, at=AT
        ),
        "wren", "group", {"as": "moderator"},
    ),
    Case(Verb.GROUP_MADE, make_group, "newest group", "newest group", {"joining": "closed", "listed": False}),
    Case(
        Verb.GROUP_CHANGED,
        lambda h: groups.change_group(
            group=h.group, values={"name": f"{WORD} again", "about": h.group.about}, by=h.marigold, at=AT
        ),
        "group", "group", {"fields": ["name"]},
    ),
    Case(Verb.GROUP_CLOSED, close, "group", "group"),
    Case(
        Verb.GROUP_REOPENED,
        lambda h: [close(h), groups.open_group_again(group=h.group, by=h.marigold, at=AT)],
        "group", "group",
    ),
    Case(
        Verb.ROOM_MADE,
        lambda h: rooms.make_room(group=h.group, values={"name": f"{WORD} two"}, by=h.marigold, at=AT),
        "newest room", "group",
    ),
    Case(
        Verb.ROOM_CHANGED,
        lambda h: rooms.change_room(room=h.room, values={"about": NOTE}, by=h.marigold, at=AT),
        "room", "group", {"fields": ["about"]},
    ),
    Case(Verb.ROOM_CLOSED, close_room, "room", "group"),
    Case(
        Verb.ROOM_REOPENED,
        lambda h: [close_room(h), rooms.open_room_again(room=h.room, by=h.marigold, at=AT)],
        "room", "group",
    ),
]  # fmt: skip
NAMES = [case.verb.value for case in CASES]


def known(house: House, what: str) -> tuple[str, int]:
    match what:
        case "wren" | "marigold":
            return "member", getattr(house, what).pk
        case "group" | "room":
            return what, getattr(house, what).pk
        case "newest group":
            return "group", Group.objects.latest("pk").pk
        case _:
            return "room", Room.objects.latest("pk").pk


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_an_act_is_on_record_with_who_what_about_whom_and_where(house: House, case: Case) -> None:
    assert not AuditEntry.objects.exists()
    case.does(house)
    [row] = AuditEntry.objects.filter(verb=case.verb)
    assert (row.actor, row.at) == (house.marigold.pk, AT)
    assert (row.subject_kind, row.subject_id) == known(house, case.about)
    assert row.scope == (
        EVERYWHERE if case.where == EVERYWHERE else ":".join(map(str, known(house, case.where)))
    )
    facts = json.loads(row.facts)
    assert {name: facts[name] for name in case.facts} == case.facts
    if "note" in facts:
        assert facts["note"] == digest_of(NOTE, facts["note"].split(":")[1])
    assert verify() == []
    names = 1 if case.about == "marigold" else 2
    assert str(last(1)[0]).count(WORD) >= names, "read back with the names of today"


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_no_names_no_notes_and_no_addresses_are_on_record(house: House, case: Case) -> None:
    case.does(house)
    told = str(list(AuditEntry.objects.values_list())).lower()
    assert case.verb.value in told
    for planted in (WORD, "@", "porchlight.example"):
        assert planted not in told


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_the_head_of_the_log_is_locked_after_everything_else(house: House, case: Case) -> None:
    with CaptureQueriesContext(connection) as captured:
        case.does(house)
    statements = [query["sql"] for query in captured]
    first = next(place for place, sql in enumerate(statements) if "audit_" in sql)
    written = [sql for sql in statements[first:] if sql.startswith(("INSERT", "UPDATE", "DELETE"))]
    if case.verb in {Verb.GROUP_REOPENED, Verb.ROOM_REOPENED, Verb.TRAINING_WITHDRAWN}:
        return  # two acts, one after the other
    assert [sql for sql in written if "audit_" not in sql] == []


def test_what_changed_nothing_is_not_on_record(house: House) -> None:
    desk.find_by_address(address="nobody@porchlight.example", by=house.marigold, at=AT)
    desk.end_all_sign_ins(member=house.wren, by=house.marigold, at=AT)
    groups.change_group(group=house.group, values={"name": house.group.name}, by=house.marigold, at=AT)
    groups.open_group_again(group=house.group, by=house.marigold, at=AT)
    rooms.change_room(room=house.room, values={"name": house.room.name}, by=house.marigold, at=AT)
    rooms.open_room_again(room=house.room, by=house.marigold, at=AT)
    assert not AuditEntry.objects.exists()
    close(house)
    close(house)
    assert AuditEntry.objects.count() == 1


def test_nobody_ends_their_own_sign_ins_here(house: House) -> None:
    with pytest.raises(desk.Oneself):
        desk.end_all_sign_ins(member=house.marigold, by=house.marigold, at=AT)
    assert not AuditEntry.objects.exists()

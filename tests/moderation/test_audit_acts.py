"""Every act of moderation and stewardship is on record: who, what, to whom, where. Nothing that was said is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from community.groups import actions as groups
from community.groups.models import Group, JoinRequest, Membership
from community.members import suspension
from community.members.models import Member
from community.members.signin.actions import change_password
from moderation.audit.chain import digest_of
from moderation.audit.models import AuditEntry
from moderation.audit.verbs import Verb
from moderation.audit.verify import verify
from moderation.sanctions.actions import lift, restrict
from moderation.sanctions.models import EVERYWHERE, Restriction
from sessions.rooms.jobs import end_spent_mutes
from sessions.rooms.models import Room
from tests.factories import GroupFactory, MemberFactory, MembershipFactory, RoomFactory
from tests.live_client import act, code_of, do, key, say, sign_in, write
from tests.live_fixtures import SetClock

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 4, 19, 0, tzinfo=UTC)
WORDS = "Zyzzyva"
REASON = f"{WORDS} told me why in confidence"


@dataclass
class House:
    """Alder chairs, Fern keeps order, Wren is a member who has said one thing. All have planted names."""

    group: Group
    room: Room
    wren: Member
    fern: Member
    alder: Member

    @classmethod
    def build(cls) -> House:
        room = RoomFactory(group=GroupFactory(name=f"{WORDS} circle"), name=f"{WORDS} room")

        def person(handle: str, role: str) -> Member:
            name = f"{WORDS} {handle}"
            made = MemberFactory(handle=name, email=f"{WORDS}-{handle}@porchlight.example".lower())
            return MembershipFactory(group=room.group, member=made, role=role).member

        house = cls(
            room.group,
            room,
            person("Wren", "member"),
            person("Fern", "moderator"),
            person("Alder", "facilitator"),
        )
        do(room, house.wren, say(room, f"{WORDS} is what I say"))
        return house

    def membership(self, member: Member) -> Membership:
        return self.group.memberships.get(member=member)


@pytest.fixture
def house(db: None) -> House:
    return House.build()


def hide(house: House) -> object:
    return do(house.room, house.fern, act(house.room, "message.hide", 1, REASON))


def mute(house: House) -> object:
    value = {"minutes": 10, "reason": REASON}
    return do(house.room, house.fern, act(house.room, "member.mute", house.wren.public_id, value))


def ask(house: House) -> JoinRequest:
    visitor = MemberFactory()
    return JoinRequest.objects.create(group=house.group, member=visitor, words=REASON)


def answer(house: House, given: JoinRequest.Answer) -> None:
    groups.answer_request(request=ask(house), by=house.fern, answer=given, at=AT)


def suspend(house: House) -> Restriction:
    until = AT + timedelta(days=3)
    return suspension.suspend(member=house.wren, by=house.alder, reason=REASON, at=AT, until=until)


def remove_and_let_back(house: House) -> None:
    groups.remove_member(group=house.group, member=house.wren, by=house.fern, reason=REASON, at=AT)
    lift(
        member_id=house.wren.pk,
        kind=Restriction.Kind.REMOVAL,
        scope=house.group.tag,
        by_id=house.alder.pk,
        at=AT,
    )


def let_mute_run_out(house: House) -> None:
    restrict(
        member_id=house.wren.pk, kind=Restriction.Kind.MUTE, scope=house.room.tag, by_id=house.fern.pk, reason=REASON,
        at=AT, until=AT + timedelta(minutes=1),
    )  # fmt: skip
    end_spent_mutes(AT + timedelta(minutes=2))


def take_password_by_link(house: House) -> None:
    sign_in(house.wren)
    change_password(member=house.wren, password=f"{WORDS} a new password")


def add(house: House) -> None:
    call_command(
        "add_member", email="zyzzyva-new@porchlight.example", handle=f"{WORDS} New", role="steward",
        groups=[f"{house.group.slug}:moderator"],
    )  # fmt: skip


@dataclass(frozen=True)
class Case:
    """What must stand in the newest entry (or in that with this verb) after the act. Names are those of the house."""

    verb: Verb
    does: Callable[[House], object]
    actor: str | None
    scope: str
    subject: str | int = "wren"
    facts: dict[str, Any] = field(default_factory=dict)
    reason: bool = False


CASES = [
    Case(Verb.MESSAGE_HIDDEN, hide, "fern", "room", 1, {"author": "wren"}, reason=True),
    Case(
        Verb.MESSAGE_RESTORED,
        lambda house: [hide(house), do(house.room, house.alder, act(house.room, "message.restore", 1, REASON))],
        "alder", "room", 1, {"author": "wren"}, reason=True,
    ),
    Case(Verb.MEMBER_MUTED, mute, "fern", "room", reason=True),
    Case(
        Verb.MEMBER_UNMUTED,
        lambda house: [
            mute(house), do(house.room, house.alder, act(house.room, "member.unmute", house.wren.public_id)),
        ],
        "alder", "room",
    ),
    Case(Verb.MEMBER_UNMUTED, let_mute_run_out, None, "room"),
    Case(
        Verb.GROUP_MEMBER_REMOVED,
        lambda house: do(
            house.room, house.fern, act(house.room, "member.remove", house.wren.public_id, {"reason": REASON})
        ),
        "fern", "group", facts={"until": None}, reason=True,
    ),
    Case(
        Verb.GROUP_MEMBER_REMOVED,
        lambda house: groups.remove_member(
            group=house.group, member=house.wren, by=house.alder, reason=REASON, at=AT
        ),
        "alder", "group", reason=True,
    ),
    Case(Verb.GROUP_REMOVAL_LIFTED, remove_and_let_back, "alder", "group"),
    Case(
        Verb.GROUP_REQUEST_ANSWERED, lambda house: answer(house, JoinRequest.Answer.WELCOME),
        "fern", "group", "visitor", {"answer": "welcome"},
    ),
    Case(
        Verb.GROUP_REQUEST_ANSWERED, lambda house: answer(house, JoinRequest.Answer.NOT_NOW),
        "fern", "group", "visitor", {"answer": "not_now"},
    ),
    Case(
        Verb.ROLE_CHANGED,
        lambda house: groups.set_role(
            membership=house.membership(house.wren), role=Membership.Role.MODERATOR, by=house.alder, at=AT
        ),
        "alder", "group", facts={"from": "member", "to": "moderator"},
    ),
    Case(
        Verb.MEMBER_SUSPENDED, suspend, "alder", EVERYWHERE,
        facts={"until": "2026-03-07T19:00:00+00:00"}, reason=True,
    ),
    Case(
        Verb.SUSPENSION_LIFTED,
        lambda house: [suspend(house), suspension.lift_suspension(member=house.wren, by=house.fern, at=AT)],
        "fern", EVERYWHERE,
    ),
    Case(
        Verb.SUSPENSION_LIFTED,
        lambda house: [suspend(house), suspension.end_spent_suspensions(AT + timedelta(days=4))],
        None, EVERYWHERE,
    ),
    Case(
        Verb.PASSWORD_CHANGED,
        lambda house: change_password(member=house.wren, password=f"{WORDS} a new password", keep="here", at=AT),
        "wren", EVERYWHERE, facts={"sign_ins_ended": 0},
    ),
    Case(Verb.PASSWORD_CHANGED, take_password_by_link, None, EVERYWHERE, facts={"sign_ins_ended": 1}),
    Case(Verb.MEMBER_ADDED, add, None, EVERYWHERE, "newcomer", {"as": "steward"}),
    Case(
        Verb.MEMBER_ADDED,
        lambda house: Member.objects.create_superuser("zyzzyva-first@porchlight.example", f"{WORDS} First"),
        None, EVERYWHERE, "newcomer", {"as": "steward"},
    ),
    Case(Verb.GROUP_MEMBER_ADDED, add, None, "group", "newcomer", {"as": "moderator"}),
]  # fmt: skip
NAMES = [f"{number} {case.verb}" for number, case in enumerate(CASES)]


def test_each_thing_that_is_recorded_has_its_case_here_or_in_a_file_beside() -> None:
    told = "".join(file.read_text() for file in Path(__file__).parent.glob("test_audit_*.py"))
    assert [verb.name for verb in Verb if not re.search(rf"\bVerb\.{verb.name}\b", told)] == []


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_an_act_is_on_record_with_who_what_to_whom_and_where(house: House, case: Case) -> None:
    assert not AuditEntry.objects.exists()
    case.does(house)
    [row] = AuditEntry.objects.filter(verb=case.verb)
    scopes = {"room": house.room.tag, "group": house.group.tag}
    newest = Member.objects.order_by("-pk")[0]
    people = vars(house) | {"visitor": newest, "newcomer": newest}
    assert row.actor == (people[case.actor].pk if case.actor else None)
    assert row.scope == scopes.get(case.scope, case.scope)
    on_message = isinstance(case.subject, int)
    whom = case.subject if isinstance(case.subject, int) else people[case.subject].pk
    assert (row.subject_kind, row.subject_id) == ("message" if on_message else "member", whom)
    facts = json.loads(row.facts)
    for name, value in case.facts.items():
        assert facts[name] == (people[value].pk if name == "author" else value)
    if case.reason:
        assert facts["reason"] == digest_of(REASON, facts["reason"].split(":")[1])
    assert verify() == []


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_no_words_no_names_and_no_addresses_are_on_record(house: House, case: Case) -> None:
    case.does(house)
    assert WORDS in str(
        [*Member.objects.values_list("handle"), *Restriction.objects.values_list("reason"), REASON]
    )
    told = str(list(AuditEntry.objects.values_list())).lower()
    assert case.verb in told
    for planted in (WORDS.lower(), "confidence", "@", "porchlight.example"):
        assert planted not in told


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_the_head_of_the_log_is_locked_after_everything_else(house: House, case: Case) -> None:
    """Only the rooms' own logs, which were locked first, are written after it."""
    with CaptureQueriesContext(connection) as captured:
        case.does(house)
    statements = [query["sql"] for query in captured]
    for act_of_its_own in one_transaction_each(statements):
        first = next((place for place, sql in enumerate(act_of_its_own) if "audit_" in sql), None)
        later = act_of_its_own[first:] if first is not None else []
        allowed = ("audit_", "live_", "SAVEPOINT")
        assert [sql for sql in later if not any(word in sql for word in allowed)] == []


def one_transaction_each(statements: Iterable[str]) -> Iterable[list[str]]:
    """What ran within each outermost savepoint: an act's own transaction, within that of the test."""
    depth, inside = 0, []
    for sql in statements:
        depth += sql.startswith("SAVEPOINT")
        if depth:
            inside.append(sql)
        depth -= sql.startswith("RELEASE SAVEPOINT")
        if not depth and inside:
            yield inside
            inside = []


def test_what_was_refused_or_changed_nothing_is_not_on_record(house: House) -> None:
    room, wren = house.room, house.wren
    assert code_of(do(room, wren, act(room, "member.mute", house.fern.public_id, {"minutes": 5}))) == "denied"
    assert code_of(do(room, wren, act(room, "member.remove", house.fern.public_id))) == "denied"
    assert code_of(do(room, house.fern, act(room, "message.hide", 999, REASON))) == "not_found"
    do(room, house.fern, act(room, "member.unmute", wren.public_id))
    do(room, house.fern, act(room, "message.restore", 1, REASON))
    theirs = house.membership(wren)
    groups.set_role(membership=theirs, role=Membership.Role.MEMBER, by=house.alder, at=AT)
    suspension.lift_suspension(member=wren, by=house.alder, at=AT)
    with pytest.raises(groups.OnlyFacilitator):
        groups.set_role(
            membership=house.membership(house.alder), role=Membership.Role.MEMBER, by=house.alder, at=AT
        )
    assert not AuditEntry.objects.exists()
    hide(house)
    assert AuditEntry.objects.count() == 1


def test_what_people_do_with_their_own_words_and_their_own_place_is_nobodys_business(house: House) -> None:
    do(house.room, house.wren, act(house.room, "message.hide", 1, None))
    do(house.room, house.fern, say(house.room))
    groups.leave_group(group=house.group, member=house.wren)
    groups.join_group(group=house.group, member=house.wren, at=AT)
    assert not AuditEntry.objects.exists()


def test_a_repeated_key_is_recorded_once(house: House) -> None:
    again = act(house.room, "message.hide", 1, REASON)
    for _ in range(2):
        do(house.room, house.fern, again)
    write(house.room, (house.fern, again), (house.fern, again))
    assert AuditEntry.objects.count() == 1


def test_a_second_mute_says_that_it_stands_in_place_of_another(house: House) -> None:
    mute(house)
    value = {"minutes": 60, "reason": REASON}
    do(house.room, house.fern, act(house.room, "member.mute", house.wren.public_id, value))
    rows = list(AuditEntry.objects.values_list("verb", "facts"))
    assert [verb for verb, _ in rows] == [Verb.MEMBER_MUTED] * 2
    assert [json.loads(facts)["in_place_of_another"] for _, facts in rows] == [False, True]


def test_an_act_that_fails_leaves_no_record(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(member_id: int) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("community.live.eviction.suspend", broken)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        suspend(house)
    assert not AuditEntry.objects.exists()
    assert not Restriction.objects.exists()


# --- what it costs -----------------------------------------------------------------------------------------------


def queries_on_the_log(house: House, *asked: tuple[Member, dict[str, Any]]) -> tuple[int, int]:
    with CaptureQueriesContext(connection) as captured:
        write(house.room, *asked)
    return len(captured), sum("audit_" in query["sql"] for query in captured)


def test_plain_words_do_not_touch_the_log(house: House) -> None:
    room = house.room
    others = [
        say(room), say(room, "yes", reply_to=1), act(room, "message.edit", 1, "better words"),
        act(room, "reaction.set", 1, {"kind": "heard", "on": True}), act(room, "hand.raise"),
    ]  # fmt: skip
    for frame in others:
        assert queries_on_the_log(house, (house.wren, frame))[1] == 0
    assert queries_on_the_log(house, *[(house.wren, say(room)) for _ in range(10)])[1] == 0
    assert queries_on_the_log(house, (house.fern, act(room, "message.hide", 1, REASON)))[1] > 0


def test_ten_messages_hidden_in_one_batch_cost_as_many_queries_as_one(house: House) -> None:
    room = house.room
    write(room, *[(house.wren, say(room)) for _ in range(11)])
    hides = [(house.fern, act(room, "message.hide", seq, REASON)) for seq in range(1, 12)]
    one = queries_on_the_log(house, hides[0])
    assert queries_on_the_log(house, *hides[1:]) == one
    assert one[1] == 3
    assert AuditEntry.objects.count() == 11


def test_a_mute_that_runs_out_in_a_batch_of_words_is_recorded_by_the_house(
    house: House, set_clock: SetClock
) -> None:
    mute(house)
    set_clock.forward(11 * 60)
    end_spent_mutes(set_clock.at)
    last = AuditEntry.objects.order_by("-seq")[0]
    assert (last.verb, last.actor, last.at) == (Verb.MEMBER_UNMUTED, None, set_clock.at)


def test_two_keys_of_two_keepers_are_two_acts(house: House) -> None:
    """The control of the repeated key: the second one finds nothing to hide."""
    hide_again = act(house.room, "message.hide", 1, REASON, key=key())
    write(house.room, (house.fern, act(house.room, "message.hide", 1, REASON)), (house.alder, hide_again))
    assert list(AuditEntry.objects.values_list("actor", flat=True)) == [house.fern.pk]
    write(house.room, (house.alder, act(house.room, "message.restore", 1, None)), (house.fern, hide_again))
    assert list(AuditEntry.objects.values_list("verb", flat=True))[1:] == [
        Verb.MESSAGE_RESTORED,
        Verb.MESSAGE_HIDDEN,
    ]

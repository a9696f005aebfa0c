"""What happens to a member's handle, role and account is on record: who, what, when. No name and no words are."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from community.members import leaving
from community.members.actions import update_profile
from community.members.models import Departure, Member
from community.members.naming import change_handle, require_new_handle
from community.members.roles import change_role
from moderation.audit.chain import digest_of
from moderation.audit.models import AuditEntry
from moderation.audit.verbs import Verb
from moderation.audit.verify import verify
from moderation.audit.words import last
from moderation.sanctions.models import EVERYWHERE
from tests.factories import MemberFactory

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 4, 19, 0, tzinfo=UTC)
LATER = AT + timedelta(days=30)
WORDS = "Zyzzyva"
REASON = f"{WORDS} told me why in confidence"


def fresh(member: Member) -> Member:
    return Member.objects.get(pk=member.pk)


def change_in_the_profile(wren: Member) -> None:
    wren.handle, wren.about = f"{WORDS} Lark", REASON
    update_profile(member=wren, at=AT)


def ask_to_leave(wren: Member) -> Departure:
    return leaving.ask_to_leave(member=wren, name=Departure.Name.OFF, at=AT)


@dataclass(frozen=True)
class Case:
    verb: Verb
    does: Callable[[Member, Member], object]
    actor: str | None = "wren"
    facts: dict[str, object] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)


CASES = [
    Case(
        Verb.HANDLE_CHANGED,
        lambda wren, by: change_handle(member=wren, handle=f"{WORDS} Lark", at=AT),
        digests={"was": f"{WORDS} Wren"},
    ),
    Case(Verb.HANDLE_CHANGED, lambda wren, by: change_in_the_profile(wren), digests={"was": f"{WORDS} Wren"}),
    Case(
        Verb.HANDLE_ASKED,
        lambda wren, by: require_new_handle(member=wren, by=by, reason=REASON, at=AT),
        "steward",
        digests={"reason": REASON},
    ),
    Case(
        Verb.MEMBER_ROLE_CHANGED,
        lambda wren, by: change_role(member=wren, role=Member.Role.CLINICIAN, by=by, reason=REASON, at=AT),
        "steward",
        {"from": "alumnus", "to": "clinician"},
        {"reason": REASON},
    ),
    Case(Verb.MEMBER_PAUSED, lambda wren, by: leaving.pause(member=wren, at=AT)),
    Case(
        Verb.MEMBER_CAME_BACK,
        lambda wren, by: [leaving.pause(member=wren, at=AT), leaving.come_back(member=fresh(wren), at=LATER)],
        facts={"from": "pause"},
    ),
    Case(Verb.MEMBER_LEAVING, lambda wren, by: ask_to_leave(wren), facts={"name": "off"}),
    Case(Verb.MEMBER_LEFT, lambda wren, by: [ask_to_leave(wren), leaving.finish_leaving(LATER)], None),
    Case(
        Verb.MEMBER_DIED,
        lambda wren, by: leaving.mark_as_died(member=wren, by=by, words=REASON, at=AT),
        "steward",
        digests={"words": REASON},
    ),
    Case(
        Verb.MEMBER_CAME_BACK,
        lambda wren, by: [
            leaving.mark_as_died(member=wren, by=by, words="", at=AT),
            leaving.undo_died(member=fresh(wren), by=by, at=LATER),
        ],
        "steward",
        {"from": "death"},
    ),
]
NAMES = [f"{number} {case.verb}" for number, case in enumerate(CASES)]


@pytest.fixture
def wren() -> Member:
    return MemberFactory(handle=f"{WORDS} Wren", email="zyzzyva-wren@porchlight.example")


@pytest.fixture
def steward() -> Member:
    return MemberFactory(role=Member.Role.STEWARD)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_an_act_is_on_record_with_who_what_and_to_whom(wren: Member, steward: Member, case: Case) -> None:
    assert not AuditEntry.objects.exists()
    case.does(fresh(wren), steward)
    [row] = AuditEntry.objects.filter(verb=case.verb)
    assert row.actor == {"wren": wren.pk, "steward": steward.pk, None: None}[case.actor]
    assert (row.scope, row.subject_kind, row.subject_id) == (EVERYWHERE, "member", wren.pk)
    facts = json.loads(row.facts)
    for name, value in case.facts.items():
        assert facts[name] == value
    for name, said in case.digests.items():
        assert facts[name] == digest_of(said, facts[name].split(":")[1])
    assert verify() == []
    assert Verb(case.verb).label.split("{")[0] in str(last(1)[0])


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_no_words_no_names_and_no_addresses_are_on_record(wren: Member, steward: Member, case: Case) -> None:
    case.does(fresh(wren), steward)
    told = str(list(AuditEntry.objects.values_list())).lower()
    assert case.verb in told
    for planted in (WORDS.lower(), "confidence", "@", "porchlight.example"):
        assert planted not in told


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_the_head_of_the_log_is_locked_after_everything_else(
    wren: Member, steward: Member, case: Case
) -> None:
    me = fresh(wren)
    with CaptureQueriesContext(connection) as captured:
        case.does(me, steward)
    writes = [query["sql"] for query in captured if query["sql"].split()[0] in {"INSERT", "UPDATE", "DELETE"}]
    touched = ["audit" if "audit_" in sql else "other" for sql in writes]
    # Some cases are two acts, each in a transaction of its own.
    runs = [what for place, what in enumerate(touched) if place == 0 or what != touched[place - 1]]
    acts = AuditEntry.objects.count()
    name_off = case.verb == Verb.MEMBER_LEFT  # what is taken off afterwards has its own transactions
    assert runs == ["other", "audit"] * acts + (["other"] if name_off else [])


def test_what_changes_nothing_is_not_on_record(wren: Member, steward: Member) -> None:
    change_handle(member=fresh(wren), handle=wren.handle, at=AT)
    update_profile(member=fresh(wren), at=AT)
    change_role(member=fresh(wren), role=Member.Role.ALUMNUS, by=steward, reason=REASON, at=AT)
    leaving.come_back(member=fresh(wren), at=AT)
    leaving.undo_died(member=fresh(wren), by=steward, at=AT)
    assert not AuditEntry.objects.exists()
    leaving.pause(member=fresh(wren), at=AT)
    assert AuditEntry.objects.count() == 1

"""Invitations are on record: who made, renewed or took one back, who came in by it, who asked and was answered."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from community.groups.models import Group
from community.invitations.actions import accepting, asking, making, uploading
from community.invitations.actions.making import Made, Offer
from community.invitations.actions.uploading import Defaults
from community.invitations.csvfile import read
from community.invitations.models import Invitation, SignUp, Upload
from community.members.models import Member
from moderation.audit.models import AuditEntry
from moderation.audit.verbs import Verb
from moderation.audit.verify import verify
from moderation.audit.words import last
from tests.factories import GroupFactory, MemberFactory

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 4, 19, 0, tzinfo=UTC)
WORD = "zyzzyva"
ADDRESS = f"{WORD}@porchlight.example"


@dataclass
class House:
    group: Group
    steward: Member

    def offer(self, **more: Any) -> Offer:
        return Offer(address=ADDRESS, places=[(self.group, "member")], note=WORD, **more)

    def invite(self) -> Made:
        return making.invite(offer=self.offer(), by=self.steward, at=AT)

    def ask(self) -> SignUp:
        asking.ask_to_come_in(address=ADDRESS, words=f"{WORD} told me", at=AT)
        return SignUp.objects.get()


@pytest.fixture
def house(db: None) -> House:
    group = GroupFactory(name=f"{WORD} circle")
    return House(group, MemberFactory(role="steward", handle=f"{WORD} steward"))


def accept(house: House) -> None:
    made = house.invite()
    accepting.come_in(invitation=made.invitation, address=ADDRESS, password=f"{WORD} password", at=AT)


def upload(house: House) -> None:
    defaults = Defaults(role="alumnus", groups=[house.group.pk], days=14)
    table = read(f"email\n{ADDRESS}\nother@x.example\n".encode())
    kept = uploading.keep(table=table, defaults=defaults, by=house.steward, at=AT)
    uploading.confirm(upload=kept, by=house.steward, at=AT)


@dataclass(frozen=True)
class Case:
    """`about` finds what the entry is about; `actor` is whoever did it."""

    verb: Verb
    does: Callable[[House], object]
    about: Callable[[], tuple[str, int]]
    actor: str | None
    facts: dict[str, Any]


def invitation() -> tuple[str, int]:
    return "invitation", Invitation.objects.latest("pk").pk


def newcomer() -> tuple[str, int]:
    return "member", Member.objects.latest("pk").pk


def sign_up() -> tuple[str, int]:
    return "sign_up", SignUp.objects.get().pk


CASES = [
    Case(Verb.INVITATION_MADE, House.invite, invitation, "steward", {"as": "alumnus", "uses": 1}),
    Case(
        Verb.INVITATION_RENEWED,
        lambda house: making.renew(invitation=house.invite().invitation, by=house.steward, at=AT),
        invitation, "steward", {},
    ),
    Case(
        Verb.INVITATION_REVOKED,
        lambda house: making.revoke(invitation=house.invite().invitation, by=house.steward, at=AT),
        invitation, "steward", {"spent": 0},
    ),
    Case(Verb.INVITATION_ACCEPTED, accept, newcomer, "newcomer", {"as": "alumnus"}),
    Case(Verb.GROUP_MEMBER_ADDED, accept, newcomer, "steward", {"as": "member"}),
    Case(Verb.INVITATIONS_UPLOADED, upload, lambda: ("upload", Upload.objects.get().pk), "steward", {"count": 2}),
    Case(Verb.SIGN_UP_ASKED, House.ask, sign_up, None, {}),
    Case(
        Verb.SIGN_UP_APPROVED,
        lambda house: asking.approve(sign_up=house.ask(), by=house.steward, offer=house.offer(), at=AT),
        sign_up, "steward", {},
    ),
    Case(
        Verb.SIGN_UP_DECLINED,
        lambda house: asking.decline(sign_up=house.ask(), by=house.steward, at=AT),
        sign_up, "steward", {},
    ),
]  # fmt: skip


def test_each_thing_that_is_recorded_of_invitations_has_its_case_here() -> None:
    ours = {verb for verb in Verb if verb.name.startswith(("INVITATION", "SIGN_UP"))}
    assert ours == {case.verb for case in CASES} - {Verb.GROUP_MEMBER_ADDED}


@pytest.mark.parametrize("case", CASES, ids=[case.verb.value for case in CASES])
def test_an_act_is_on_record_with_who_and_what_and_no_words(house: House, case: Case) -> None:
    case.does(house)
    [row] = AuditEntry.objects.filter(verb=case.verb)
    people = {None: None, "steward": house.steward.pk, "newcomer": newcomer()[1]}
    assert row.actor == people[case.actor]
    assert (row.subject_kind, row.subject_id) == case.about()
    facts = json.loads(row.facts)
    assert {name: facts[name] for name in case.facts} == case.facts
    told = str(list(AuditEntry.objects.values_list())).lower()
    assert WORD not in told
    assert "@" not in told
    assert verify() == []
    assert all("@" not in str(line) for line in last(10))


def test_what_was_refused_or_changed_nothing_is_not_on_record(house: House) -> None:
    made = house.invite()
    making.revoke(invitation=made.invitation, by=house.steward, at=AT)
    before = AuditEntry.objects.count()
    assert making.revoke(invitation=made.invitation, by=house.steward, at=AT) is False
    with pytest.raises(making.NoLongerStands):
        making.renew(invitation=made.invitation, by=house.steward, at=AT)
    with pytest.raises(accepting.NotOpen):
        accepting.come_in(invitation=made.invitation, address=ADDRESS, password="x" * 20, at=AT)
    house.ask()
    house.ask()
    assert AuditEntry.objects.count() == before + 1

"""What changes how someone signs in, and the way back in, are on record: who, what, whom. No address and no words."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from community.members.models import Member
from community.members.signin import recovery
from community.members.signin.actions import end_sign_ins, note_factor
from community.members.signin.models import Recovery
from community.notifications.models import Delivery
from community.notifications.payload import read_payload
from moderation.audit.models import AuditEntry
from moderation.audit.verbs import Verb
from moderation.audit.verify import verify
from moderation.sanctions.models import EVERYWHERE
from tests.factories import MemberFactory
from tests.live_client import sign_in

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 4, 19, 0, tzinfo=UTC)
READY = AT + timedelta(hours=72)
WORDS = "Zyzzyva"


@dataclass
class People:
    wren: Member
    marigold: Member


def start(people: People) -> Recovery:
    return recovery.start_recovery(
        member=people.wren, by=people.marigold, email=f"{WORDS}@new.example", how=f"{WORDS} told me", at=AT
    )


def resend(people: People) -> None:
    started = start(people)
    recovery.send_due_recoveries(READY)
    recovery.resend_recovery(recovery=started, by=people.marigold, at=READY)


def stop(people: People) -> None:
    recovery.stop_recovery(recovery=start(people), by=people.wren, at=AT)


def stop_by_mail(people: People) -> None:
    recovery.stop_recovery(recovery=start(people), by=None, at=AT)


def finish(people: People) -> None:
    start(people)
    recovery.send_due_recoveries(READY)
    sent = Delivery.objects.get(kind="recovery.ready")
    code = read_payload(sent.payload).context["code"]
    recovery.finish_recovery(code=code, password=f"{WORDS} a new password", at=READY)


@dataclass(frozen=True)
class Case:
    verb: Verb
    does: Callable[[People], Any]
    actor: str | None
    facts: dict[str, Any] = field(default_factory=dict)


CASES = [
    Case(
        Verb.SECOND_FACTOR_ADDED,
        lambda people: note_factor(member=people.wren, kind="totp", added=True, at=AT),
        "wren", {"kind": "totp"},
    ),
    Case(
        Verb.SECOND_FACTOR_REMOVED,
        lambda people: note_factor(member=people.wren, kind="webauthn", added=False, at=AT),
        "wren", {"kind": "webauthn"},
    ),
    Case(
        Verb.SIGN_INS_ENDED,
        lambda people: end_sign_ins(member=people.wren, keys=[sign_in(people.wren), sign_in(people.wren)], at=AT),
        "wren", {"sign_ins_ended": 2},
    ),
    Case(Verb.RECOVERY_STARTED, start, "marigold"),
    Case(Verb.RECOVERY_STOPPED, stop, "wren"),
    Case(Verb.RECOVERY_STOPPED, stop_by_mail, None),
    Case(Verb.RECOVERY_RESENT, resend, "marigold"),
    Case(Verb.RECOVERY_DONE, finish, "wren"),
]  # fmt: skip
NAMES = [f"{number} {case.verb}" for number, case in enumerate(CASES)]


@pytest.fixture
def people() -> People:
    return People(
        MemberFactory(handle=f"{WORDS} Wren", email=f"{WORDS}-wren@porchlight.example".lower()),
        MemberFactory(handle=f"{WORDS} Marigold", role=Member.Role.STEWARD),
    )


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_an_act_is_on_record_with_who_what_and_whom(people: People, case: Case) -> None:
    case.does(people)
    [row] = AuditEntry.objects.filter(verb=case.verb)
    assert row.actor == (getattr(people, case.actor).pk if case.actor else None)
    assert (row.subject_kind, row.subject_id, row.scope) == ("member", people.wren.pk, EVERYWHERE)
    assert json.loads(row.facts) | case.facts == json.loads(row.facts)
    assert verify() == []


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_no_words_no_names_and_no_addresses_are_on_record(people: People, case: Case) -> None:
    case.does(people)
    told = str(list(AuditEntry.objects.values_list())).lower()
    assert case.verb in told
    for planted in (WORDS.lower(), "@", "example", "told me"):
        assert planted not in told


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_the_log_is_written_after_everything_else(people: People, case: Case) -> None:
    with CaptureQueriesContext(connection) as captured:
        case.does(people)
    writes = [one["sql"] for one in captured if one["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert "audit_head" in writes[-1]


def test_what_did_not_happen_is_not_on_record(people: People) -> None:
    assert end_sign_ins(member=people.wren, keys=[sign_in(people.marigold)], at=AT) == 0
    started = start(people)
    assert recovery.stop_recovery(recovery=started, by=people.wren, at=AT)
    assert not recovery.stop_recovery(recovery=started, by=people.wren, at=AT)
    with pytest.raises(recovery.CodeSpent):
        recovery.finish_recovery(code="BCDFG-HJKLM-NPQR", password=f"{WORDS} a new password", at=AT)
    verbs = list(AuditEntry.objects.order_by("seq").values_list("verb", flat=True))
    assert verbs == [Verb.RECOVERY_STARTED, Verb.RECOVERY_STOPPED]

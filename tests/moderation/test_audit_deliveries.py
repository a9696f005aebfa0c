"""What stewards decide about mail that could not be sent is on record; whom it was for and what it said is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import transaction

from community.notifications import kinds, ledger
from community.notifications.actions import drop, notify, retry, retry_all
from community.notifications.models import Delivery
from moderation.audit.models import AuditEntry
from moderation.audit.verbs import Verb
from moderation.audit.verify import verify
from moderation.sanctions.models import EVERYWHERE
from tests.factories import MemberFactory

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def dead() -> Delivery:
    with transaction.atomic():
        context = {"subject": "Zyzzyva", "text": "Zyzzyva"}
        notify(what="a link", kind=kinds.ACCOUNT, address="zyzzyva@porch.example", context=context, at=NOON)
    (delivery,) = ledger.claim(NOON)
    ledger.failed(delivery, NOON, "SMTPDataError", for_good=True)
    delivery.refresh_from_db()
    return delivery


@pytest.mark.parametrize(
    ("verb", "act", "by_house"),
    [
        (Verb.DELIVERY_RETRIED, lambda dead, by: retry(delivery=dead, by_id=by, at=NOON), False),
        (Verb.DELIVERY_RETRIED, lambda dead, by: retry_all(at=NOON), True),
        (Verb.DELIVERY_DROPPED, lambda dead, by: drop(delivery=dead, by_id=by, at=NOON), False),
    ],
)
def test_a_decision_about_a_dead_letter_is_on_record(
    dead: Delivery, verb: Verb, act: Callable[[Delivery, int], object], by_house: bool
) -> None:
    steward = MemberFactory(role="steward")
    assert not AuditEntry.objects.exists()
    act(dead, steward.pk)
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.actor) == (verb, None if by_house else steward.pk)
    assert (entry.subject_kind, entry.subject_id, entry.scope) == ("delivery", dead.pk, EVERYWHERE)
    facts = {"kind": "account.mail", "channel": "email", "error": "SMTPDataError", "perhaps_sent": False}
    assert json.loads(entry.facts) == facts
    assert "yzzyva" not in entry.facts
    assert not list(verify([]))

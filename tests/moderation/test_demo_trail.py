"""The demo's audit log is that of a house people have lived in: years of acts of every kind, and it holds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from pytest_django import DjangoDbBlocker

from community.desk import access
from community.members.models import Departure, Member
from community.notifications.models import Delivery
from moderation.audit.models import AuditEntry
from moderation.audit.verbs import Verb
from moderation.audit.verify import verify
from moderation.audit.words import in_words
from moderation.sanctions.models import Restriction
from sessions.rooms.demo.seeding import seed_demo

NOW = datetime(2026, 11, 22, 19, 40, tzinfo=UTC)
SHOWN = {
    Verb.MEMBER_ADDED, Verb.MEMBER_SUSPENDED, Verb.SUSPENSION_LIFTED, Verb.MEMBER_MUTED, Verb.MEMBER_UNMUTED,
    Verb.GROUP_MEMBER_REMOVED, Verb.GROUP_REMOVAL_LIFTED, Verb.GROUP_REQUEST_ANSWERED, Verb.MESSAGE_HIDDEN,
    Verb.ROLE_CHANGED, Verb.MEMBER_ROLE_CHANGED, Verb.GROUP_MADE, Verb.GROUP_CHANGED, Verb.GROUP_CLOSED, Verb.ROOM_MADE,
    Verb.HOUSE_CHANGED, Verb.HOUSE_TEXT_PUBLISHED, Verb.INVITATION_MADE, Verb.INVITATION_ACCEPTED,
    Verb.INVITATION_REVOKED, Verb.TRAINING_NOTED, Verb.ADDRESS_SHOWN, Verb.DELIVERY_RETRIED, Verb.AUDIT_EXPORTED,
}  # fmt: skip


@pytest.fixture(scope="module")
def seeded(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock(), transaction.atomic():
        assert seed_demo(now=NOW)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def house(seeded: None, db: None) -> None:
    """The seeded house; what a test does to it is undone."""


def told() -> list[tuple[str, str, int | None, int, datetime]]:
    rows = AuditEntry.objects.order_by("seq")
    return list(rows.values_list("verb", "scope", "actor", "subject_id", "at"))


def test_the_trail_holds_and_is_in_the_order_of_time_over_years_and_the_last_weeks(house: None) -> None:
    assert verify() == []
    times = [at for *_, at in told()]
    assert len(times) >= 120
    assert times == sorted(times)
    assert times[-1] <= NOW
    assert NOW - times[0] > timedelta(days=1500)
    for weeks in range(1, 9, 2):
        begin = NOW - timedelta(weeks=weeks + 2)
        assert any(begin < at < begin + timedelta(weeks=2) for at in times), f"nothing {weeks} weeks ago"


def test_every_kind_of_act_is_in_it_and_by_more_than_one_keeper(house: None) -> None:
    assert {verb.value for verb in SHOWN} <= {verb for verb, *_ in told()}
    assert len({actor for _, _, actor, _, _ in told()}) >= 8


def test_every_row_reads_as_words_with_names(house: None) -> None:
    lines = in_words(AuditEntry.objects.all())
    words = [f"{line.who} {line.did} {line.where} {' '.join(line.more)}" for line in lines]
    for expected in (
        "Marigold suspended Bramble", "Marigold ended the suspension of Bramble",
        "The house ended the suspension of Osprey",
        "Marigold made the group Summer walks", "Marigold closed the group Summer walks", "Fern muted Bramble",
        "Marigold changed the role of Alder in the house", "Marigold looked at the address of Quiet Creek",
    ):  # fmt: skip
        assert any(expected in line for line in words), expected
    assert not any("{" in line or "@" in line or "example.org" in line for line in words)


def test_everybody_ends_where_they_should_be(house: None) -> None:
    """What the trail says was lifted is lifted: nobody in the demo is kept out of anything today."""
    assert not Restriction.objects.standing().exists()
    assert not Departure.objects.exists()
    assert Member.objects.filter(is_active=False).count() == 0
    assert Member.objects.get(handle="Alder").role == "alumnus"
    assert Member.objects.get(handle="Linden").role == "clinician"
    assert Restriction.objects.exclude(reason="").count() == Restriction.objects.count() >= 8


def test_only_one_mail_is_left_and_it_lies_on_the_desk(house: None) -> None:
    assert list(Delivery.objects.dead().values_list("member__handle", flat=True)) == ["Marten"]
    assert not Delivery.objects.waiting().filter(made_at__lt=NOW).exists()


def test_trainings_run_out_in_sight(house: None) -> None:
    soon = [training.member.handle for training in access.trainings_expiring(NOW.date())]
    assert soon == ["Wren", "Nine Pines", "Waxwing"]

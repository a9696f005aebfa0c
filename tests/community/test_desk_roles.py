"""Trainings at the desk: noted for whoever keeps order, running out in sight, and never taking a role by themselves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from community.desk import access, actions
from community.desk.models import Training
from community.groups.models import Group, Membership
from community.members.models import Member
from moderation.audit.models import AuditEntry
from moderation.audit.verbs import Verb
from tests.desk import client_of, steward
from tests.factories import GroupFactory, MemberFactory, MembershipFactory

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 4, 19, 0, tzinfo=UTC)
TODAY = AT.date()


@pytest.fixture
def marigold() -> Member:
    return steward()


@pytest.fixture
def desk(marigold: Member) -> Client:
    return client_of(marigold)


@pytest.fixture
def keeper() -> Member:
    return MembershipFactory(role="moderator", member__handle="Nine Pines").member


def trained(member: Member, by: Member, expires: date | None, group: Group | None = None) -> Training:
    return actions.note_training(
        member=member, group=group, note="Peer moderators, two evenings", trained_on=date(2025, 1, 10),
        expires_on=expires, by=by, at=AT,
    )  # fmt: skip


def test_a_training_is_noted_on_the_persons_page_and_on_record(
    desk: Client, keeper: Member, marigold: Member
) -> None:
    assert (
        "None is noted, though they keep order in a group."
        in desk.get(f"/desk/people/{keeper.public_id}/").text
    )
    data = {"note": "Peer moderators", "trained_on": "2026-01-10", "expires_on": "2030-01-10", "group": ""}
    desk.post(f"/desk/people/{keeper.public_id}/trainings/", data)
    page = desk.get(f"/desk/people/{keeper.public_id}/").text
    assert "Peer moderators" in page
    assert "holds until 10 January 2030" in page
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.actor, entry.subject_id) == (Verb.TRAINING_NOTED, marigold.pk, keeper.pk)
    assert "Peer" not in entry.facts


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("trained_on", "2999-01-01", "That day is still to come."),
        ("expires_on", "2026-01-10", "This is not after the day it was given."),
        ("note", "", "This field is required."),
    ],
)
def test_a_training_that_cannot_be_is_not_noted(
    desk: Client, keeper: Member, field: str, value: str, words: str
) -> None:
    data = {"note": "Peer moderators", "trained_on": "2026-01-10", "expires_on": "2027-01-10"}
    refused = desk.post(f"/desk/people/{keeper.public_id}/trainings/", data | {field: value})
    assert refused.status_code == 422
    assert words in refused.text
    assert not Training.objects.exists()


def test_what_runs_out_within_thirty_days_is_listed_the_soonest_first(
    keeper: Member, marigold: Member
) -> None:
    others = MemberFactory.create_batch(5)
    days = {keeper: 30, others[0]: -3, others[1]: 31, others[2]: 1}
    for member, left in days.items():
        trained(member, marigold, TODAY + timedelta(days=left))
    trained(others[3], marigold, None)
    gone = trained(others[4], marigold, TODAY + timedelta(days=2))
    Member.objects.filter(pk=others[4].pk).update(is_active=False)
    found = list(access.trainings_expiring(TODAY))
    assert [training.member for training in found] == [others[0], others[2], keeper]
    assert gone not in found


def test_a_newer_training_or_one_for_every_group_takes_the_place_of_one_that_runs_out(
    keeper: Member, marigold: Member
) -> None:
    group, elsewhere = GroupFactory(), GroupFactory()
    old = trained(keeper, marigold, TODAY + timedelta(days=5), group)
    trained(keeper, marigold, TODAY + timedelta(days=400), elsewhere)
    assert list(access.trainings_expiring(TODAY)) == [old]
    newer = trained(keeper, marigold, TODAY + timedelta(days=400), group)
    assert list(access.trainings_expiring(TODAY)) == []
    actions.withdraw_training(training=newer, by=marigold, at=AT)
    assert list(access.trainings_expiring(TODAY)) == [old]
    trained(keeper, marigold, None)
    assert list(access.trainings_expiring(TODAY)) == []


def test_whoever_keeps_order_with_a_training_that_ran_out_keeps_the_role_and_the_desk_says_so(
    desk: Client, keeper: Member, marigold: Member
) -> None:
    assert "No training that holds" in desk.get("/desk/roles/").text
    training = trained(keeper, marigold, timezone.localdate() + timedelta(days=60))
    assert "No training that holds" not in desk.get("/desk/roles/").text
    Training.objects.filter(pk=training.pk).update(expires_on=timezone.localdate())
    page = desk.get("/desk/roles/").text
    assert "No training that holds" in page
    assert "Expired" in page
    assert Membership.objects.get(member=keeper).role == "moderator"
    assert "One training runs out" in desk.get("/desk/").text


def test_a_training_is_withdrawn_once(desk: Client, keeper: Member, marigold: Member) -> None:
    training = trained(keeper, marigold, None)
    assert "10 January 2025" in desk.get(f"/desk/people/{keeper.public_id}/").text
    for _ in range(2):
        desk.post(f"/desk/trainings/{training.pk}/withdrawal/")
    assert "10 January 2025" not in desk.get(f"/desk/people/{keeper.public_id}/").text
    assert AuditEntry.objects.filter(verb=Verb.TRAINING_WITHDRAWN).count() == 1
    assert client_of(keeper).post(f"/desk/trainings/{training.pk}/withdrawal/").status_code == 404


def test_the_page_costs_the_same_however_many_keep_order(
    desk: Client, marigold: Member, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(8):
        membership = MembershipFactory(role="facilitator")
        trained(membership.member, marigold, timezone.localdate() + timedelta(days=3), membership.group)
    desk.get("/desk/roles/")
    with django_assert_max_num_queries(9):
        desk.get("/desk/roles/")

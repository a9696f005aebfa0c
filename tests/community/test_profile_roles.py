"""A member's role in the house: changed with a reason, and never so that nobody is left to run the place."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest
from django.db import connections
from django.test import Client

from community.live import eviction
from community.live.eviction import Eviction
from community.members.models import Member, RoleChange
from community.members.roles import LastSteward, change_role
from community.members.signin.models import SignIn
from tests.factories import MemberFactory
from tests.live_fixtures import WAIT

AT = datetime(2026, 11, 22, 19, tzinfo=UTC)
ALUMNUS, STEWARD, CLINICIAN, FAMILY = (
    Member.Role.ALUMNUS, Member.Role.STEWARD, Member.Role.CLINICIAN, Member.Role.FAMILY,
)  # fmt: skip


def give(member: Member, role: Member.Role, by: Member, reason: str = "She asked for it.") -> Member:
    return change_role(member=member, role=role, by=by, reason=reason, at=AT)


@pytest.mark.django_db
def test_a_role_is_changed_with_a_reason_that_is_kept() -> None:
    steward, member = MemberFactory(role=STEWARD), MemberFactory()
    assert give(member, CLINICIAN, steward).role == CLINICIAN
    kept = RoleChange.objects.get()
    assert (kept.member, kept.was, kept.role, kept.by) == (member, ALUMNUS, CLINICIAN, steward)
    assert kept.reason == "She asked for it."
    give(member, CLINICIAN, steward)
    assert RoleChange.objects.count() == 1


@pytest.mark.django_db
def test_the_last_steward_who_is_here_stays_one() -> None:
    steward = MemberFactory(role=STEWARD, is_superuser=True)
    MemberFactory(role=STEWARD, away_since=AT)
    MemberFactory(role=STEWARD, is_active=False)
    with pytest.raises(LastSteward):
        give(steward, ALUMNUS, steward)
    second = MemberFactory(role=STEWARD)
    give(steward, ALUMNUS, steward)
    steward.refresh_from_db()
    assert (steward.role, steward.is_superuser) == (ALUMNUS, False)
    with pytest.raises(LastSteward):
        give(second, CLINICIAN, second)


@pytest.mark.django_db(transaction=True)
def test_two_stewards_who_step_down_at_once_do_not_both() -> None:
    together = Barrier(2)

    def step_down(steward: Member) -> str:
        try:
            together.wait(WAIT)
            return str(give(steward, ALUMNUS, steward).role)
        except LastSteward:
            return "stays"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(step_down, MemberFactory.create_batch(2, role=STEWARD)))
    assert sorted(done) == ["alumnus", "stays"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("was", "role", "signed_out"),
    [
        (ALUMNUS, STEWARD, True),
        (CLINICIAN, ALUMNUS, True),
        (CLINICIAN, STEWARD, False),
        (ALUMNUS, FAMILY, False),
    ],
)
def test_who_becomes_or_ceases_to_be_staff_signs_in_anew_and_others_are_looked_at_again(
    was: Member.Role, role: Member.Role, signed_out: bool, django_capture_on_commit_callbacks: object
) -> None:
    member, steward = MemberFactory(role=was), MemberFactory(role=STEWARD)
    client = Client()
    client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/you/").status_code == 200
    heard: list[Eviction] = []
    eviction.on_eviction(heard.append)
    try:
        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
            give(member, role, steward)
    finally:
        eviction._listeners.remove(heard.append)
    assert [(one.member_id, one.code) for one in heard] == [(member.pk, "auth" if signed_out else "restart")]
    assert client.get("/you/").status_code == (302 if signed_out else 200)
    assert SignIn.objects.filter(member=member).exists() is not signed_out

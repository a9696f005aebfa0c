"""One's own page, and what others see of one."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from community.members import actions
from community.members.models import Member
from tests.factories import MemberFactory, MembershipFactory

pytestmark = pytest.mark.django_db


def as_(member: Member) -> Client:
    client = Client()
    client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    return client


def filled(**changes: Any) -> dict[str, Any]:
    return {
        "handle": "Juniper",
        "pronouns": "",
        "about": "",
        "time_zone": "America/Denver",
        "theme": "",
    } | changes


def test_people_who_share_a_group_see_each_others_profile_and_others_find_nothing() -> None:
    one = MembershipFactory(member__about="Rivers.")
    friend, stranger = MembershipFactory(group=one.group).member, MembershipFactory().member
    path = f"/members/{one.member.public_id}/"
    assert "Rivers." in as_(friend).get(path).text
    assert as_(stranger).get(path).status_code == HTTPStatus.NOT_FOUND
    assert as_(MemberFactory(role=Member.Role.STEWARD)).get(path).status_code == HTTPStatus.OK
    assert as_(one.member).get(path).status_code == HTTPStatus.OK


def test_a_profile_names_only_groups_that_both_are_in() -> None:
    shared = MembershipFactory(group__name="Night shift")
    MembershipFactory(member=shared.member, group__name="Carrying grief")
    friend = MembershipFactory(group=shared.group).member
    page = as_(friend).get(f"/members/{shared.member.public_id}/").text
    assert "Night shift" in page
    assert "Carrying grief" not in page


def test_someone_inactive_has_no_profile() -> None:
    one = MembershipFactory()
    friend = MembershipFactory(group=one.group).member
    Member.objects.filter(pk=one.member.pk).update(is_active=False)
    assert as_(friend).get(f"/members/{one.member.public_id}/").status_code == HTTPStatus.NOT_FOUND


def test_what_one_changes_about_oneself_is_kept() -> None:
    member = MemberFactory()
    page = as_(member).post(
        "/you/", filled(handle="Slow River", pronouns="they/them", theme="dark"), follow=True
    )
    member.refresh_from_db()
    assert (member.handle, member.pronouns, member.theme) == ("Slow River", "they/them", "dark")
    assert "Saved." in page.text


def test_a_handle_that_reads_the_same_is_refused_at_the_field_and_the_rest_is_kept() -> None:
    MemberFactory(handle="Slow River")
    member = MemberFactory(handle="Juniper")
    page = as_(member).post("/you/", filled(handle="slow  river", about="Nights."))
    assert page.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "Someone here already goes by that handle." in page.text
    assert 'id="id_handle_error"' in page.text
    assert "Nights." in page.text
    member.refresh_from_db()
    assert member.handle == "Juniper"


def test_two_people_who_take_the_same_handle_at_once_do_not_both_get_it() -> None:
    MemberFactory(handle="Slow River")
    member = MemberFactory()
    member.handle = "Slow River"
    with pytest.raises(actions.HandleTaken):
        actions.update_profile(member=member)


@pytest.mark.parametrize("zone", ["Denvr", "", "../etc/passwd"])
def test_no_such_time_zone(zone: str) -> None:
    member = MemberFactory()
    assert as_(member).post("/you/", filled(time_zone=zone)).status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def test_a_zone_that_is_not_on_the_list_stays_chosen() -> None:
    assert (
        '<option value="US/Mountain" selected>'
        in as_(MemberFactory(time_zone="US/Mountain")).get("/you/").text
    )


def test_one_cannot_make_oneself_a_steward() -> None:
    member = MemberFactory()
    as_(member).post("/you/", filled(role="steward", is_superuser="1", email="x@porch.example"))
    member.refresh_from_db()
    assert (member.role, member.is_superuser) == (Member.Role.ALUMNUS, False)
    assert member.handle == "Juniper"


@pytest.mark.parametrize("path", ["/you/", "/members/{}/"])
def test_pages_are_cheap(path: str, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    one = MembershipFactory()
    client = as_(MembershipFactory(group=one.group).member)
    with django_assert_max_num_queries(4):
        assert client.get(path.format(one.member.public_id)).status_code == HTTPStatus.OK

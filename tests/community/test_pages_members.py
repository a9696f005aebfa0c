"""One's own page, and what others see of one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from community.members import actions
from community.members.models import Member
from community.members.weeks import note_week
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
        "help_words": "",
        "contact_from": "groups",
    } | changes


def read_as(**changes: Any) -> dict[str, Any]:
    return {"time_zone": "America/Denver", "theme": "", "text_size": ""} | changes


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
    said = filled(
        handle="Slow River",
        pronouns="they/them",
        help_with=["rides", "nights"],
        help_words="Tax forms.",
        contact_from="keepers",
    )
    page = as_(member).post("/you/", said, follow=True)
    assert "Saved." in page.text
    member.refresh_from_db()
    assert (member.handle, member.pronouns, member.contact_from) == ("Slow River", "they/them", "keepers")
    profile = as_(member).get(f"/members/{member.public_id}/").text
    assert profile.index("Rides") < profile.index("Being awake at night") < profile.index("Tax forms.")
    assert "Finding work" not in profile
    ticked = as_(member).get("/you/").text
    assert 'value="rides"' in ticked
    assert ticked.count("checked") == 3  # two kinds of help, and who may write


def test_help_that_is_not_on_the_list_is_refused() -> None:
    member = MemberFactory()
    page = as_(member).post("/you/", filled(help_with=["<b>"]))
    assert page.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    member.refresh_from_db()
    assert member.help_with == []


def test_how_one_reads_is_kept_and_shows_on_every_page() -> None:
    member = MemberFactory()
    client = as_(member)
    plain = client.get("/groups/").text
    assert "reading.css" not in plain
    said = read_as(theme="dark", text_size="larger", less_data="on", less_motion="on")
    assert "Saved." in client.post("/you/settings/", said, follow=True).text
    page = client.get("/groups/").text
    assert 'lang="en" data-theme="dark" data-text="larger" data-still data-save-data' in page
    assert "reading.css" in page


def test_a_browser_that_asks_for_less_data_is_sent_less_on_this_device_alone() -> None:
    client = as_(MemberFactory())
    assert "data-save-data" not in client.get("/groups/").text
    assert "data-save-data" in client.get("/groups/", headers={"Save-Data": "on"}).text
    assert "data-save-data" not in client.get("/groups/").text


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
    assert (
        as_(member).post("/you/settings/", read_as(time_zone=zone)).status_code
        == HTTPStatus.UNPROCESSABLE_ENTITY
    )


def test_a_zone_that_is_not_on_the_list_stays_chosen() -> None:
    assert (
        '<option value="US/Mountain" selected>'
        in as_(MemberFactory(time_zone="US/Mountain")).get("/you/settings/").text
    )


def test_one_cannot_make_oneself_a_steward() -> None:
    member = MemberFactory()
    as_(member).post("/you/", filled(role="steward", is_superuser="1", email="x@porch.example"))
    member.refresh_from_db()
    assert (member.role, member.is_superuser) == (Member.Role.ALUMNUS, False)
    assert member.handle == "Juniper"


def test_the_pages_about_oneself_name_each_other_and_say_which_one_this_is() -> None:
    page = as_(MemberFactory()).get("/you/settings/").text
    assert '<a href="/you/settings/" aria-current="page">Reading</a>' in page
    assert '<a href="/you/">About you</a>' in page


def test_the_week_in_which_someone_was_here_is_noted_once() -> None:
    at = datetime(2026, 11, 26, 12, tzinfo=UTC)
    member = MemberFactory()
    assert note_week(member=member, at=at)
    assert not note_week(member=Member.objects.get(pk=member.pk), at=at + timedelta(days=2))
    assert note_week(member=Member.objects.get(pk=member.pk), at=at + timedelta(days=5))
    assert Member.objects.get(pk=member.pk).active_week == date(2026, 11, 30)


@pytest.mark.parametrize("path", ["/you/", "/you/settings/", "/members/{}/"])
def test_pages_are_cheap(path: str, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    one = MembershipFactory()
    client = as_(MembershipFactory(group=one.group).member)
    with django_assert_max_num_queries(6):
        assert client.get(path.format(one.member.public_id)).status_code == HTTPStatus.OK

"""What holds for every page: nothing inline, nothing told to strangers, nothing kept by the browser."""

from __future__ import annotations

import re
from unittest import mock

import pytest
from django.db import OperationalError
from django.test import Client

from community.members.models import Member
from tests.factories import GroupFactory, MemberFactory, MembershipFactory

pytestmark = pytest.mark.django_db

SIGNED_OUT = (
    "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/help/", "/exit/about/", "/offline/",
)  # fmt: skip
SIGNED_IN = ("/", "/groups/", "/you/", "/accounts/password/change/", "/accounts/logout/", "/help/")
TELLING = re.compile(r"recover|addict|sober|alumn|treatment|rehab", re.IGNORECASE)


def signed_in(member: Member | None = None) -> Client:
    client = Client()
    client.force_login(member or MemberFactory(), backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize("path", SIGNED_OUT)
def test_a_page_for_anyone_opens_and_its_title_tells_nothing(path: str) -> None:
    page = Client().get(path)
    title = re.search(r"<title>(.+)</title>", page.text)
    assert page.status_code == 200
    assert title
    assert not TELLING.search(title[1])
    assert 'class="nav"' not in page.text


@pytest.mark.parametrize("path", [*SIGNED_OUT, "/nowhere/"])
def test_help_and_exit_are_on_every_page_signed_out(path: str) -> None:
    page = Client().get(path).text
    assert 'href="/help/"' in page
    assert 'href="/exit/"' in page


@pytest.mark.parametrize("path", [*SIGNED_IN, "/nowhere/"])
def test_help_and_exit_are_on_every_page_signed_in(path: str) -> None:
    page = signed_in().get(path).text
    assert 'class="nav"' in page
    assert 'href="/help/"' in page
    assert 'href="/exit/"' in page


@pytest.mark.parametrize("path", [*SIGNED_IN, *SIGNED_OUT])
def test_nothing_is_inline_and_nothing_comes_from_elsewhere(path: str) -> None:
    page = signed_in().get(path, follow=True).text
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", page)
    assert not re.search(r"""\ssrc=["'](?!/)""", page)
    assert not re.search(r"""<link[^>]+href=["'](?!/)""", page)


@pytest.mark.parametrize("path", [*SIGNED_IN, "/nowhere/"])
def test_pages_of_someone_signed_in_are_kept_nowhere(path: str) -> None:
    assert "no-store" in signed_in().get(path)["Cache-Control"]


@pytest.mark.parametrize("path", SIGNED_IN[:-1])
def test_strangers_are_sent_to_sign_in(path: str) -> None:
    page = Client().get(path)
    assert page.status_code == 302
    assert page["Location"].startswith("/accounts/login/")


def test_a_page_prints_only_the_icons_it_uses() -> None:
    page = Client().get("/accounts/login/").text
    drawn = set(re.findall(r'href="#i-([a-z]+)"', page))
    printed = re.findall(r'<symbol id="i-([a-z]+)"', page)
    assert "lamp" in drawn
    assert sorted(drawn) == printed


def test_the_members_theme_is_on_the_page() -> None:
    assert 'data-theme="dark"' in signed_in(MemberFactory(theme="dark")).get("/").text
    assert "data-theme" not in signed_in(MemberFactory()).get("/").text


def test_a_missing_page_says_so_in_plain_words() -> None:
    page = Client().get("/nowhere/")
    assert page.status_code == 404
    assert "There is nothing here" in page.text


def test_a_form_from_an_old_page_is_refused_in_plain_words() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(MemberFactory(), backend="django.contrib.auth.backends.ModelBackend")
    page = client.post("/you/", {"handle": "Heron"}, headers={"Referer": "http://testserver/you/"})
    assert 'href="/you/">Load it again' in page.text
    assert page.status_code == 403
    assert "That didn’t go through" in page.text


def test_a_broken_page_needs_no_database_and_has_numbers_to_ring() -> None:
    client = signed_in()
    client.raise_request_exception = False
    with mock.patch("django.db.backends.utils.CursorWrapper.execute", side_effect=OperationalError):
        page = client.get("/groups/")
    assert page.status_code == 500
    assert "It broke on our side" in page.text
    assert 'href="tel:988"' in page.text


def test_health_is_the_databases_health() -> None:
    assert Client().get("/healthz").content == b"ok"
    with mock.patch("community.home.views.connection.cursor", side_effect=OperationalError):
        assert Client().get("/healthz").status_code == 503


def test_robots_are_asked_to_stay_out() -> None:
    assert "Disallow: /" in Client().get("/robots.txt").text


def test_nobody_elses_address_is_ever_on_a_page() -> None:
    me, other = (
        MemberFactory(email="me@porch.example"),
        MemberFactory(email="other@porch.example", handle="Heron"),
    )
    group = GroupFactory()
    for member in (me, other):
        MembershipFactory(group=group, member=member, role="facilitator")
    client = signed_in(me)
    for path in (
        f"/groups/{group.slug}/",
        f"/groups/{group.slug}/people/",
        f"/members/{other.public_id}/",
        f"/groups/{group.slug}/people/{other.public_id}/",
    ):
        page = client.get(path).text
        assert "Heron" in page
        assert "other@porch.example" not in page

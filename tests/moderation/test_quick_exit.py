"""Quick exit: one press, and nothing of ours is left that we can take away."""

from __future__ import annotations

from http import HTTPStatus
from unittest import mock

import pytest
from django.db import OperationalError
from django.test import Client
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks, Settings

from community.live import eviction
from community.members.signin.models import SignIn
from tests.factories import MemberFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(MemberFactory(), backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_it_signs_out_clears_and_goes_elsewhere(client: Client, settings: Settings) -> None:
    settings.PORCHLIGHT_EXIT_URL = "https://weather.example/"
    assert client.get("/").status_code == HTTPStatus.OK
    key = client.session.session_key
    page = client.get("/exit/")
    assert page.status_code == HTTPStatus.FOUND
    assert page["Location"] == "https://weather.example/"
    assert page["Clear-Site-Data"] == '"storage"'
    assert page["Referrer-Policy"] == "no-referrer"
    assert "no-store" in page["Cache-Control"]
    assert page.cookies["sessionid"].value == ""
    assert page.cookies["csrftoken"].value == ""
    assert not SignIn.objects.filter(session_key=key).exists()
    assert client.get("/").status_code == HTTPStatus.FOUND


def test_it_ends_the_open_connections_too(
    client: Client,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: list[eviction.Eviction] = []
    monkeypatch.setattr(eviction, "_listeners", [heard.append])
    key = client.session.session_key
    with django_capture_on_commit_callbacks(execute=True):
        client.get("/exit/")
    assert [one.session_key for one in heard] == [key]


def test_it_works_signed_out_and_by_post() -> None:
    stranger = Client(enforce_csrf_checks=True)
    assert stranger.get("/exit/").status_code == HTTPStatus.FOUND
    assert stranger.post("/exit/").status_code == HTTPStatus.FOUND


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_our_own_page_and_a_bookmark_sign_out(client: Client, site: str) -> None:
    client.get("/exit/", headers={"Sec-Fetch-Site": site})
    assert client.get("/").status_code == HTTPStatus.FOUND


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_can_send_one_away_but_not_sign_one_out(client: Client, site: str) -> None:
    page = client.get("/exit/", headers={"Sec-Fetch-Site": site})
    assert page.status_code == HTTPStatus.FOUND
    assert "Clear-Site-Data" not in page
    assert client.get("/").status_code == HTTPStatus.OK


def test_a_browser_that_fetches_ahead_does_not_sign_out(client: Client) -> None:
    page = client.get("/exit/", headers={"Sec-Purpose": "prefetch;prerender"})
    assert page.status_code == HTTPStatus.NO_CONTENT
    client.head("/exit/")
    assert client.get("/").status_code == HTTPStatus.OK


def test_it_waits_for_no_database(client: Client) -> None:
    with mock.patch("moderation.crisis.views.logout", side_effect=OperationalError):
        page = client.get("/exit/")
    assert page.status_code == HTTPStatus.FOUND
    assert page.cookies["sessionid"].value == ""


def test_what_it_cannot_do_is_said() -> None:
    assert "history stays" in Client().get("/exit/about/").text

"""The frame of the steward's desk: who may see it, its sections, and what waits on its first page."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.test import Client

from community.house import desk
from community.house.desk import Section, Waiting
from community.members.models import Member
from tests.factories import MemberFactory, MembershipFactory

pytestmark = pytest.mark.django_db


def client_of(member: Member) -> Client:
    client = Client()
    client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def steward() -> Client:
    return client_of(MemberFactory(role="steward", handle="Marigold"))


@pytest.fixture
def nothing_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "_attention", {})


def test_a_steward_sees_the_desk_and_the_way_to_it(steward: Client) -> None:
    assert steward.get("/desk/").status_code == 200
    assert 'href="/desk/"' in steward.get("/").text


@pytest.mark.parametrize("role", [role for role in Member.Role.values if role != Member.Role.STEWARD])
def test_for_everybody_else_there_is_no_desk(role: str) -> None:
    keeper = MembershipFactory(role="facilitator", member=MemberFactory(role=role)).member
    client = client_of(keeper)
    assert client.get("/desk/").status_code == 404
    home = client.get("/")
    assert home.status_code == 200
    assert "/desk/" not in home.text


def test_whoever_is_signed_out_goes_to_sign_in_and_learns_nothing(client: Client) -> None:
    answer = client.get("/desk/")
    assert answer.status_code == 302
    assert answer["Location"] == "/accounts/login/?next=/desk/"


def test_each_section_is_in_the_navigation_and_opens(steward: Client) -> None:
    page = steward.get("/desk/").text
    for section in desk.sections():
        assert f">{section.name}</a>" in page
    assert '<a href="/desk/" aria-current="page">' in page


def test_the_navigation_says_where_one_is(steward: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "_sections", {})
    desk.register(Section("Second", "groups:all", 20))
    desk.register(Section("First", "desk:home", 10))
    page = steward.get("/desk/").text
    assert page.index(">First</a>") < page.index(">Second</a>")
    assert page.count("aria-current") == 2  # in the bar, and in the desk's own navigation


def test_nothing_waiting_is_said_in_words(steward: Client, nothing_registered: None) -> None:
    assert "Nothing waits for you just now." in steward.get("/desk/").text


def test_what_waits_is_on_the_first_page_the_urgent_first(steward: Client, nothing_registered: None) -> None:
    asked: list[datetime] = []

    def later(at: datetime) -> list[Waiting]:
        asked.append(at)
        return [Waiting("Two people ask to be let in", "/groups/")]

    def sooner(at: datetime) -> list[Waiting]:
        return [Waiting("One mail did not go out", "/desk/", "Since Monday", urgent=True)]

    desk.register_attention(later, order=1)
    desk.register_attention(sooner, order=2)
    page = steward.get("/desk/").text
    assert page.index("One mail did not go out") < page.index("Two people ask to be let in")
    assert "Since Monday" in page
    assert "Look first" in page
    assert len(asked) == 1

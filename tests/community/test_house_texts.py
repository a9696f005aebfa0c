"""The house's texts: read by those who live by them, agreed to by version, and what changed shown word by word."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus

import pytest
from django.db import OperationalError
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import DjangoAssertNumQueries

from community.house import access, actions, kept
from community.house.actions import PublishedMeanwhile
from community.house.changes import Kind, Part, between, near
from community.house.models import House, HouseText
from community.members.models import Member
from tests.factories import MemberFactory

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
RULES = HouseText.Kind.RULES


def publish(raw: str, **more: object) -> HouseText:
    return actions.publish_text(kind=RULES, raw=raw, by_id=None, at=NOW, **more)  # type: ignore[arg-type]


# --- what changed --------------------------------------------------------------------------------------------------


def test_what_changed_is_shown_by_words() -> None:
    assert between("Be kind.\nListen well.\n", "Be kind.\nListen to others well.\n") == [
        Part(Kind.SAME, "Be kind.\nListen"),
        Part(Kind.ADDED, " to others"),
        Part(Kind.SAME, " well.\n"),
    ]
    assert between("no shouting", "no lending") == [
        Part(Kind.SAME, "no "), Part(Kind.REMOVED, "shouting"), Part(Kind.ADDED, "lending"),
    ]  # fmt: skip
    assert between("same", "same") == [Part(Kind.SAME, "same")]


def test_what_stayed_is_left_out_but_for_the_paragraphs_next_to_a_change() -> None:
    old = "One.\n\nTwo.\n\nThree.\n\nFour.\n\nFive."
    shown = near(between(old, old.replace("Four", "4")))
    assert [(part.kind, part.text) for part in shown] == [
        (Kind.LEFT_OUT, ""), (Kind.SAME, "Three.\n\n"), (Kind.REMOVED, "Four."), (Kind.ADDED, "4."),
        (Kind.SAME, "\n\nFive."),
    ]  # fmt: skip


TEXTS = st.text(st.sampled_from("ab \n"), max_size=60)


@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_out_of_the_difference(old: str, new: str) -> None:
    parts = between(old, new)
    assert "".join(part.text for part in parts if part.kind != Kind.REMOVED) == new
    assert "".join(part.text for part in parts if part.kind != Kind.ADDED) == old


# --- versions ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_version_says_what_it_changed_and_follows_the_one_its_writer_saw() -> None:
    first = publish("Be kind.", note="The first.", after=0)
    with pytest.raises(PublishedMeanwhile) as refused:
        publish("Be stern.", after=0)
    assert refused.value.version == 1
    second = publish("Be kinder.", note="Kinder.", after=first.version)
    assert [(text.version, text.note) for text in access.versions(RULES)] == [
        (2, "Kinder."),
        (1, "The first."),
    ]
    assert access.version_and_before(RULES, 2) == (second, first)
    assert access.version_and_before(RULES, 1) == (first, None)


# --- the pages -----------------------------------------------------------------------------------------------------


def signed_in(member: Member) -> Client:
    client = Client()
    client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.django_db
def test_only_who_is_signed_in_reads_what_the_place_is_for() -> None:
    publish("We meet after treatment.")
    for path in ("/house/rules/", "/house/privacy/", "/house/rules/changes/1/"):
        away = Client().get(path)
        assert (away.status_code, away["Location"]) == (HTTPStatus.FOUND, f"/accounts/login/?next={path}")
    page = signed_in(MemberFactory()).get("/house/rules/").text
    assert "We meet after treatment." in page
    assert "<title>House rules</title>" in page


@pytest.mark.django_db
def test_before_anything_is_published_the_page_says_so() -> None:
    page = signed_in(MemberFactory()).get("/house/privacy/")
    assert page.status_code == HTTPStatus.OK
    assert "Nothing stands here yet" in page.text


@pytest.mark.django_db
def test_one_agrees_to_the_version_that_one_has_read(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    publish("Be kind.")
    member = MemberFactory()
    client = signed_in(member)
    client.post("/house/rules/agreement/", {"version": "1"})
    assert access.agreed_to(member.pk, RULES) == 1
    publish("Be kinder.")
    assert "You agreed to version 1." in client.get("/house/rules/").text
    late = client.post("/house/rules/agreement/", {"version": "1"}, follow=True)
    assert "newer version" in late.text
    assert access.agreed_to(member.pk, RULES) == 1
    client.post("/house/rules/agreement/", {"version": "2"})
    assert "You agreed to this version." in client.get("/house/rules/").text
    with django_assert_max_num_queries(5):  # who it is, the text, what was agreed to
        client.get("/house/rules/")


@pytest.mark.django_db
def test_changes_are_marked_and_what_was_written_stays_words() -> None:
    publish("Listen.")
    publish("Listen <b>well</b>.")
    client = signed_in(MemberFactory())
    page = client.get("/house/rules/changes/2/").text
    assert '<ins><span class="vh">Added: </span>Listen &lt;b&gt;well&lt;/b&gt;.' in page
    assert '<del><span class="vh">Removed: </span>Listen.' in page
    assert client.get("/house/rules/changes/3/").status_code == HTTPStatus.NOT_FOUND
    assert client.get("/house/other/").status_code == HTTPStatus.NOT_FOUND


# --- how old what is read may be -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_another_process_reads_a_change_within_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = 100.0
    monkeypatch.setattr(kept, "monotonic", lambda: seconds)
    access.remember(House())
    House.objects.create(name="The Landing")  # as another process does: nobody tells this one
    seconds += 4.9
    assert access.house().name == "Porchlight"
    seconds += 0.2
    assert access.house().name == "The Landing"


def test_while_the_database_is_away_what_was_known_stands_and_one_request_in_five_seconds_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []
    seconds = 100.0

    def away(**which: object) -> object:
        asked.append(seconds)
        raise OperationalError("the server is not there")

    monkeypatch.setattr(kept, "monotonic", lambda: seconds)
    monkeypatch.setattr(kept.Kept, "away_until", 0.0)
    monkeypatch.setattr(House.objects, "filter", away)
    access.remember(House(name="The Landing"))
    for _ in range(3):
        seconds += 6
        assert [access.house().name for _ in range(3)] == ["The Landing"] * 3
    assert asked == [106.0, 112.0, 118.0]

"""The pages of one's own certificates: asking, agreeing, downloading, revoking; and nobody else's."""

from __future__ import annotations

import io
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pypdf import PdfReader
from pytest_django import DjangoAssertNumQueries

from community.members.models import Member
from sessions.attendance import actions, consent
from sessions.attendance.models import Certificate
from sessions.meetings import actions as meetings
from sessions.meetings.models import Meeting
from tests.attendance.holding import HOUR, a_certificate, a_meeting, was_there
from tests.factories import MemberFactory
from tests.meetings.holding import circle

pytestmark = pytest.mark.django_db
MINE = "/sessions/attendance/"
ASKED = {
    "name": "Łucja Ñandú", "purpose": "for my employer", "days": "30", "version": str(consent.CURRENT), "consent": "on",
}  # fmt: skip


@pytest.fixture
def wren() -> Member:
    return MemberFactory(handle="Wren")


def signed_in(member: Member) -> Client:
    client = Client()
    client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    return client


def ask(meeting: Meeting) -> str:
    return f"{MINE}meetings/{meeting.pk}/"


def test_whoever_was_there_asks_agrees_and_has_it(wren: Member) -> None:
    client, meeting = signed_in(wren), a_meeting()
    was_there(wren, meeting, (0, 57))
    assert ask(meeting) in client.get(MINE).text
    page = client.get(ask(meeting)).text
    assert "57 of 60 minutes" in page
    for words in consent.words(consent.CURRENT):
        assert words in page
    answer = client.post(ask(meeting), ASKED, follow=True)
    made = Certificate.objects.get(member=wren)
    assert answer.redirect_chain == [(f"{MINE}{made.pk}/", 302)]
    for words in (
        made.code,
        "Łucja Ñandú",
        "for my employer",
        "Nobody has checked it yet",
        "57 of its 60 minutes",
    ):
        assert words in answer.text
    paper = client.get(f"{MINE}{made.pk}/certificate.pdf")
    assert paper["Content-Type"] == "application/pdf"
    assert paper["Content-Disposition"] == 'attachment; filename="certificate.pdf"'
    assert "no-store" in paper["Cache-Control"]
    assert made.code in PdfReader(io.BytesIO(paper.content)).pages[0].extract_text()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"consent": ""}, "Without your agreement no certificate is made."),
        ({"version": "0"}, "These words have changed."),
        ({"version": ""}, "These words have changed."),
        ({"name": " \u200b "}, "Write the name that is to be on it."),
        ({"name": "अनिल"}, "We can’t print"),
        ({"name": "W" * 81}, "at most 80 characters"),
        ({"purpose": ""}, "good for one purpose"),
        ({"purpose": "p" * 121}, "at most 120 characters"),
        ({"days": "3650"}, "not one of the available choices"),
    ],
)
def test_what_is_missing_or_wrong_is_said_at_its_field_and_nothing_is_made(
    change: dict[str, str], said: str, wren: Member
) -> None:
    client, meeting = signed_in(wren), a_meeting()
    was_there(wren, meeting)
    answer = client.post(ask(meeting), ASKED | change)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert said in answer.text
    assert not Certificate.objects.exists()
    assert client.post(ask(meeting), ASKED).status_code == HTTPStatus.FOUND


def test_below_the_threshold_the_page_says_kindly_how_long_one_was_there(wren: Member) -> None:
    client, meeting = signed_in(wren), a_meeting()
    was_there(wren, meeting, (10, 40))
    page = client.get(ask(meeting)).text
    assert "You were there for 30 of 60 minutes." in page
    assert "A certificate takes 48." in page
    assert "<form" not in page.split("<main")[1].split("</main>")[0]
    assert client.post(ask(meeting), ASKED).status_code == HTTPStatus.OK
    assert not Certificate.objects.exists()


def test_asking_twice_leads_to_the_one_that_stands(wren: Member) -> None:
    client, meeting = signed_in(wren), a_meeting()
    was_there(wren, meeting)
    client.post(ask(meeting), ASKED)
    answer = client.post(ask(meeting), ASKED | {"name": "Another"}, follow=True)
    assert "You have one for this already." in answer.text
    assert "Łucja" in answer.text
    assert Certificate.objects.count() == 1


def test_nobody_else_finds_it_nor_the_meeting_one_was_in(wren: Member) -> None:
    """Not a steward, and not whoever led the meeting."""
    meeting = a_meeting()
    was_there(wren, meeting)
    signed_in(wren).post(ask(meeting), ASKED)
    made = Certificate.objects.get()
    steward, host = MemberFactory(role=Member.Role.STEWARD), MemberFactory()
    Meeting.objects.filter(pk=meeting.pk).update(chair=host)
    places = [
        ask(meeting),
        f"{MINE}{made.pk}/",
        f"{MINE}{made.pk}/certificate.pdf",
        f"{MINE}{made.pk}/revocation/",
    ]
    for someone in (steward, host):
        client = signed_in(someone)
        assert "for my employer" not in client.get(MINE).text
        for place in places:
            assert client.get(place).status_code == HTTPStatus.NOT_FOUND, place
        assert client.post(places[-1]).status_code == HTTPStatus.NOT_FOUND
    for place in (MINE, *places):
        assert "/accounts/login/" in Client().get(place)["Location"]
    made.refresh_from_db()
    assert made.revoked_at is None
    assert [signed_in(wren).get(place).status_code for place in places] == [200, 200, 200, 302]


def test_revoked_it_says_so_and_is_printed_no_more(wren: Member) -> None:
    client, made = signed_in(wren), a_certificate(wren)
    one = f"{MINE}{made.pk}/"
    assert client.get(f"{one}revocation/").status_code == HTTPStatus.FOUND
    assert "Revoke this certificate" in client.get(one).text
    page = client.post(f"{one}revocation/", follow=True).text
    assert "Whoever checks it from now on is told that none stands." in page
    assert "Revoke this certificate" not in page
    assert made.code not in page
    assert client.get(f"{one}certificate.pdf").status_code == HTTPStatus.NOT_FOUND
    assert "Revoked on" in client.get(MINE).text


@pytest.mark.parametrize(
    ("looked", "said"),
    [
        (0, "Nobody has checked it yet"),
        (1, "Looked at once, on"),
        (2, "Looked at twice, last on"),
        (3, "Looked at 3 times, last on"),
    ],
)
def test_its_owner_sees_how_often_it_was_looked_at(looked: int, said: str, wren: Member) -> None:
    made = a_certificate(wren)
    for _ in range(looked):
        actions.check(typed=made.code, at=timezone.now())
    assert said in signed_in(wren).get(MINE).text
    assert said in signed_in(wren).get(f"{MINE}{made.pk}/").text


def test_your_pages_lead_to_them(wren: Member) -> None:
    assert f'href="{MINE}"' in signed_in(wren).get("/you/").text


def test_the_list_takes_as_many_queries_for_many_as_for_one(
    wren: Member, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = signed_in(wren)
    a_certificate(wren)
    with django_assert_max_num_queries(9) as few:
        client.get(MINE)
    for _ in range(4):
        a_certificate(wren)
    with django_assert_max_num_queries(len(few)):
        page = client.get(MINE).text
    assert page.count("for my probation officer") == 5
    assert page.count(f"{MINE}meetings/") == 5


# --- on the meeting's own page ----------------------------------------------------------------------------------------


def over(**fields: Any) -> tuple[Any, Meeting, Member]:
    """A circle that a person came to, and that has ended an hour ago by the real clock."""
    held = circle()
    meeting, juniper = held.opened(), held.person("Juniper")
    meetings.arrive(meeting=meeting, member=juniper, at=held.at)
    now = timezone.now()
    times = {"opens_at": now - 3 * HOUR, "starts_at": now - 2 * HOUR, "ends_at": now - HOUR, "closes_at": now}
    Meeting.objects.filter(pk=meeting.pk).update(**times | fields)
    meeting.refresh_from_db()
    return held, meeting, juniper


def door(held: Any, member: Member) -> str:
    return signed_in(member).get(f"/sessions/meetings/{held.one.pk}/").text


def test_the_door_of_a_meeting_that_is_over_leads_there() -> None:
    held, meeting, juniper = over()
    other = held.person("Osprey")
    was_there(juniper, meeting)
    meetings.close(meeting=meeting, by=held.alder, at=timezone.now())
    assert ask(meeting) in door(held, juniper)
    assert ask(meeting) not in door(held, other)


def test_while_it_goes_on_the_door_says_nothing_of_it() -> None:
    now = timezone.now()
    held, meeting, juniper = over(ends_at=now + HOUR, closes_at=now + 2 * HOUR)
    was_there(juniper, meeting, (0, 50))
    page = door(held, juniper)
    assert "confirmed" not in page
    Meeting.objects.filter(pk=meeting.pk).update(ends_at=now - timedelta(minutes=1))
    assert ask(meeting) in door(held, juniper)


def test_of_a_meeting_elsewhere_the_door_says_that_nothing_is_known() -> None:
    held, meeting, juniper = over(engine=Meeting.Engine.LINK)
    was_there(juniper, meeting)
    page = door(held, juniper)
    assert "Who was there isn’t known here" in page
    assert ask(meeting) not in page
    assert signed_in(juniper).get(ask(meeting)).status_code == HTTPStatus.NOT_FOUND

"""The audit log at the desk: in words, narrowed, a page at a time; a copy of it that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from community.desk import trail
from community.desk.trail import Asked
from community.groups.models import Group
from community.members.models import Member
from moderation.audit import jobs, triggers
from moderation.audit.actions import Subject, record
from moderation.audit.models import AuditEntry, AuditLook
from moderation.audit.verbs import Verb
from moderation.audit.verify import verify
from moderation.sanctions.models import EVERYWHERE
from tests.desk import client_of, steward
from tests.factories import GroupFactory, MemberFactory, MembershipFactory, RoomFactory

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 4, 19, 0, tzinfo=UTC)


@pytest.fixture
def marigold() -> Member:
    return steward()


@pytest.fixture
def desk(marigold: Member) -> Client:
    return client_of(marigold, confirmed=True)


@pytest.fixture
def wren() -> Member:
    return MemberFactory(handle="Wren", email="wren@porchlight.example")


def put(
    verb: Verb = Verb.MEMBER_SUSPENDED, *, by: Member | None = None, about: Member | int = 1, scope: str = EVERYWHERE,
    at: datetime = AT, **facts: Any,
) -> None:  # fmt: skip
    subject = Subject("member", about.pk) if isinstance(about, Member) else Subject("message", about)
    with transaction.atomic():
        record(verb=verb, actor=by.pk if by else None, subject=subject, scope=scope, facts=facts, at=at)


def lines(client: Client, query: str = "") -> list[str]:
    page = client.get(f"/desk/audit/{query}")
    assert page.status_code == 200
    return [f"{line.who} {line.did}" for line in page.context["lines"]]


# --- reading -----------------------------------------------------------------------------------------------------


def test_every_row_is_said_in_words_with_the_names_of_today(
    desk: Client, wren: Member, marigold: Member
) -> None:
    group = GroupFactory(name="Evening Steps")
    put(by=marigold, about=wren, until="2026-03-07T19:00:00+00:00", reason="sha256:ab:cd")
    change: dict[str, Any] = {"from": "member", "to": "facilitator"}
    put(Verb.ROLE_CHANGED, by=marigold, about=wren, scope=group.tag, **change)
    put(Verb.GROUP_CHANGED, by=marigold, about=wren, fields=["name", "joining"])
    Member.objects.filter(pk=wren.pk).update(handle="Jenny")
    page = desk.get("/desk/audit/").text
    for words in (
        "Marigold suspended Jenny", "reason given, until 7 March 2026, 19:00 UTC", "Evening Steps",
        "from member, to facilitator", "fields name, joining",
    ):  # fmt: skip
        assert words in page
    assert "Wren" not in page
    assert "@" not in page


def test_a_row_with_every_verb_can_be_read(desk: Client, wren: Member, marigold: Member) -> None:
    for verb in Verb:
        put(verb, by=marigold, about=wren)
    page = desk.get("/desk/audit/")
    assert page.status_code == 200
    said = [line.did for line in page.context["lines"]]
    assert len(said) == min(len(Verb), trail.A_PAGE)
    assert not any("{" in words or "." in words for words in said)


def test_a_person_is_what_they_did_what_was_done_to_them_and_what_was_done_to_their_messages(
    desk: Client, wren: Member, marigold: Member
) -> None:
    other = MemberFactory(handle="Heron")
    put(Verb.MEMBER_SUSPENDED, by=marigold, about=wren)
    put(Verb.MEMBER_MUTED, by=wren, about=other)
    put(Verb.MESSAGE_HIDDEN, by=marigold, about=7, author=wren.pk)
    put(Verb.MESSAGE_HIDDEN, by=marigold, about=8, author=wren.pk * 10 + 1)
    put(Verb.MEMBER_SUSPENDED, by=marigold, about=other)
    assert len(lines(desk)) == 5
    assert lines(desk, "?person=wren") == [
        "Marigold hid message 7",
        "Wren muted Heron",
        "Marigold suspended Wren",
    ]
    nobody = desk.get("/desk/audit/?person=nobody")
    assert nobody.status_code == 422
    assert "Nobody here goes by that handle." in nobody.text


def test_verb_group_and_time_narrow_it(desk: Client, wren: Member, marigold: Member) -> None:
    room = RoomFactory()
    put(Verb.MEMBER_MUTED, by=marigold, about=wren, scope=room.tag, at=AT)
    put(Verb.ROLE_CHANGED, by=marigold, about=wren, scope=room.group.tag, at=AT + timedelta(days=1))
    put(Verb.MEMBER_MUTED, by=marigold, about=wren, scope=RoomFactory().tag, at=AT + timedelta(days=2))
    muted, changed = "Marigold muted Wren", "Marigold changed the role of Wren"
    assert lines(desk) == [muted, changed, muted]
    assert lines(desk, "?verb=member.muted") == [muted, muted]
    assert lines(desk, f"?group={room.group.slug}") == [changed, muted]
    assert lines(desk, "?since=2026-03-05") == [muted, changed]
    assert lines(desk, "?until=2026-03-05") == [changed, muted]
    assert lines(desk, f"?verb=member.muted&group={room.group.slug}&since=2026-03-04&until=2026-03-04") == [
        muted
    ]


def test_a_day_is_the_readers_day(wren: Member, marigold: Member) -> None:
    """Ten in the evening in Denver is the next day already in UTC."""
    Member.objects.filter(pk=marigold.pk).update(time_zone="America/Denver")
    desk = client_of(Member.objects.get(pk=marigold.pk))
    put(by=marigold, about=wren, at=datetime(2026, 3, 5, 5, 0, tzinfo=UTC))
    assert len(lines(desk, "?since=2026-03-04&until=2026-03-04")) == 1
    assert lines(desk, "?since=2026-03-05") == []


def test_older_pages_follow_without_a_gap_also_while_the_log_grows(
    desk: Client, wren: Member, marigold: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "A_PAGE", 4)
    for _ in range(10):
        put(by=marigold, about=wren)
    seen: list[int] = []
    query = ""
    for _ in range(3):
        page = desk.get(f"/desk/audit/?{query}")
        seen += [line.seq for line in page.context["lines"]]
        query = page.context["older"]
        put(by=marigold, about=wren)
    assert seen == list(range(10, 0, -1))
    assert query == ""


def test_reading_costs_the_same_however_long_the_page_and_however_many_names(
    desk: Client, marigold: Member, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    room = RoomFactory()
    for person in MemberFactory.create_batch(20):
        put(by=person, about=person, scope=room.tag)
        put(by=person, about=3, scope=room.group.tag, author=person.pk)
    desk.get("/desk/audit/")
    with django_assert_max_num_queries(9):
        desk.get("/desk/audit/")


# --- is it as it was written -------------------------------------------------------------------------------------


def test_the_last_look_at_the_log_stands_on_the_page(desk: Client, wren: Member, marigold: Member) -> None:
    assert "Not checked yet." in desk.get("/desk/audit/").text
    put(by=marigold, about=wren)
    jobs.look_and_set_down(timezone.now())
    page = desk.get("/desk/audit/").text
    assert "As it was written." in page
    assert "1 row checked" in page
    assert "audit log" not in desk.get("/desk/").text.lower().split('id="waits"')[1]


def test_a_log_that_was_changed_waits_for_a_steward_before_all_else(
    desk: Client, wren: Member, marigold: Member
) -> None:
    for _ in range(3):
        put(by=marigold, about=wren)
    triggers.take_down(transaction.get_connection())
    AuditEntry.objects.filter(seq=2).update(actor=None)
    triggers.stand(transaction.get_connection())
    jobs.look_and_set_down(timezone.now())
    page = desk.get("/desk/audit/").text
    assert "The log is not as it was written." in page
    assert "Row 2 does not say what it said when it was written." in page
    first = desk.get("/desk/").context["waiting"][0]
    assert (first.words, first.urgent) == ("The audit log is not as it was written", True)


def test_a_log_that_nobody_has_looked_at_for_days_waits_too(desk: Client) -> None:
    look = AuditLook.objects.create(at=timezone.now() - timedelta(hours=30), seq=1)
    assert "has not been checked" not in desk.get("/desk/").text
    AuditLook.objects.filter(pk=look.pk).update(at=timezone.now() - timedelta(days=3))
    assert "has not been checked" in desk.get("/desk/").text


# --- a copy ------------------------------------------------------------------------------------------------------


def copied(client: Client, **narrowed: str) -> list[dict[str, str]]:
    answer = client.post("/desk/audit/copies/", narrowed)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="record-')
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def test_a_copy_holds_what_was_narrowed_to_in_words(desk: Client, wren: Member, marigold: Member) -> None:
    put(by=marigold, about=wren, reason="sha256:ab:cd")
    put(Verb.MEMBER_MUTED, by=marigold, about=wren)
    rows = copied(desk, verb="member.suspended")
    assert rows == [
        {
            "row": "1", "time (UTC)": "2026-03-04 19:00:00", "who": "Marigold", "what": "suspended Wren", "where": "",
            "more": "reason given",
        }
    ]  # fmt: skip


def test_taking_a_copy_is_itself_on_record(desk: Client, wren: Member, marigold: Member) -> None:
    put(by=marigold, about=wren)
    assert len(copied(desk, person="Wren")) == 1
    entry = AuditEntry.objects.get(verb=Verb.AUDIT_EXPORTED)
    assert (entry.actor, entry.facts) == (marigold.pk, '{"narrowed_by":["person"],"rows":1}')
    assert verify() == []


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_a_copy_can_be_taken_for_a_formula(desk: Client, marigold: Member, start: str) -> None:
    evil = GroupFactory(name=f"{start}HYPERLINK(1)")
    named = MemberFactory(handle="Plain")
    Member.objects.filter(pk=named.pk).update(handle=f"{start}cmd|calc")
    put(by=named, about=named, scope=evil.tag)
    [row] = copied(desk)
    assert row["who"] == f"'{start}cmd|calc"
    assert row["where"] == f"'{start}HYPERLINK(1)"
    assert not any(cell.startswith(start) for cell in row.values())


def test_a_copy_asks_a_steward_to_show_that_it_is_still_them(marigold: Member, wren: Member) -> None:
    put(by=marigold, about=wren)
    answer = client_of(marigold).post("/desk/audit/copies/")
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert not AuditEntry.objects.filter(verb=Verb.AUDIT_EXPORTED).exists()


def test_for_all_others_there_is_no_log(wren: Member) -> None:
    keeper = MembershipFactory(role="facilitator").member
    for member in (wren, keeper, MemberFactory(role="clinician")):
        client = client_of(member, confirmed=True)
        assert client.get("/").status_code == 200
        assert client.get("/desk/audit/").status_code == 404
        assert client.post("/desk/audit/copies/").status_code == 404


def test_what_was_asked_says_by_what_it_was_narrowed(wren: Member) -> None:
    assert Asked().narrowed_by == []
    assert Asked(person=wren, group=Group(), verb="x").narrowed_by == ["person", "verb", "group"]

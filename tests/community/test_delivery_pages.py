"""The inbox, what a member chooses to be told, and what stewards see and decide of the ledger."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, time, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.http import Http404
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from community.members.models import Member
from community.notifications import access, kinds, ledger
from community.notifications.actions import NotDead, drop, notify, notify_all, retry
from community.notifications.kinds import Kind
from community.notifications.models import Channel, Choice, Delivery, InboxEntry, QuietHours
from moderation.audit import words
from moderation.audit.models import AuditEntry
from moderation.audit.verbs import Verb
from moderation.audit.verify import verify
from tests.factories import MemberFactory
from tests.letters import TOLD, letters

State = Delivery.State
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
BRIEF = Kind("tests.brief", "Brief things", line="Soon", useful_for=timedelta(hours=1))
URGENT = Kind("tests.urgent", "Urgent things of the tests", line="At once", urgent=True)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def its_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "_kinds", {})
    kinds.register(kinds.ACCOUNT, kinds.BUNDLE, TOLD, BRIEF, URGENT)


def seat(member: Member) -> Client:
    client = Client()
    client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    return client


def tell(member: Member, times: int = 1, *, who: str = "Wren", **more: Any) -> None:
    with transaction.atomic():
        for number in range(times):
            notify(
                what=f"{who}:{number}", kind=TOLD, member=member, context={"who": f"{who} {number}"},
                at=NOON + timedelta(minutes=number), **more,
            )  # fmt: skip
    letters(NOON + timedelta(minutes=times))


# --- the inbox ---------------------------------------------------------------------------------------------------


def test_an_inbox_shows_what_its_owner_was_told_newest_first() -> None:
    fern, wren = MemberFactory(), MemberFactory()
    assert "Nothing here" in seat(fern).get("/inbox/").text
    tell(fern, 2, who="Juniper")
    tell(wren, 1, who="Bramble")
    page = seat(fern).get("/inbox/").text
    assert page.index("Juniper 1 said something") < page.index("Juniper 0 said something")
    assert "Bramble" not in page


def test_it_goes_on_page_by_page_without_a_gap_or_a_double() -> None:
    fern = MemberFactory()
    tell(fern, access.PAGE + 4)
    InboxEntry.objects.update(at=NOON)  # the same instant: only the order of rows tells them apart
    client, seen, path = seat(fern), [], "/inbox/"
    while path:
        page = client.get(path).text
        seen += re.findall(r"Wren (\d+) said", page)
        found = re.search(r'href="(\?below=\w+)">Earlier', page)
        path = f"/inbox/{found[1]}" if found else ""
    assert seen == [str(number) for number in reversed(range(access.PAGE + 4))]


def test_a_page_below_an_entry_of_someone_else_is_not_there() -> None:
    fern, wren = MemberFactory(), MemberFactory()
    tell(fern)
    tell(wren)
    mine, other = (InboxEntry.objects.get(member=member).key for member in (fern, wren))
    assert seat(fern).get(f"/inbox/?below={mine}").status_code == 200
    assert seat(fern).get(f"/inbox/?below={other}").status_code == 404


def test_an_inbox_costs_the_same_however_full(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    fern = MemberFactory()
    tell(fern, access.PAGE + 1)
    client = seat(fern)
    client.get("/inbox/")
    with django_assert_max_num_queries(6):
        assert "Earlier" in client.get("/inbox/").text


def test_what_is_new_is_said_in_words_on_every_page_until_it_is_read() -> None:
    fern = MemberFactory()
    client = seat(fern)
    assert ">2 new<" not in client.get("/groups/").text
    tell(fern, 2, path="/groups/")
    assert ">2 new<" in client.get("/groups/").text
    key = InboxEntry.objects.order_by("pk")[0].key
    answer = client.get(f"/inbox/{key}/")
    assert answer["Location"] == "/groups/"
    assert ">1 new<" in client.get("/groups/").text
    assert client.post("/inbox/read/").status_code == 302
    page = client.get("/inbox/").text
    assert ">New<" not in page
    assert "Mark all as read" not in page
    assert not re.search(r"\d new<", page)


def test_reading_takes_a_post_and_touches_nobody_elses() -> None:
    fern, wren = MemberFactory(), MemberFactory()
    tell(fern)
    tell(wren)
    assert seat(fern).get("/inbox/read/").status_code == 405
    seat(fern).post("/inbox/read/")
    assert [entry.member for entry in InboxEntry.objects.unread()] == [wren]


def test_a_link_from_a_mail_leads_its_owner_on_and_others_nowhere_in_particular() -> None:
    fern, wren = MemberFactory(), MemberFactory()
    tell(fern, path="/groups/")
    key = InboxEntry.objects.get().key
    assert seat(wren).get(f"/inbox/{key}/")["Location"] == "/inbox/"
    assert InboxEntry.objects.unread().count() == 1
    assert Client().get(f"/inbox/{key}/")["Location"].startswith("/accounts/login/")
    assert seat(fern).get(f"/inbox/{key}/")["Location"] == "/groups/"
    assert seat(fern).get("/inbox/gone/")["Location"] == "/inbox/"


def test_what_others_wrote_is_text_in_the_inbox() -> None:
    fern = MemberFactory()
    tell(fern, who="<b>Wren {0.__class__}")
    page = seat(fern).get("/inbox/").text
    assert "&lt;b&gt;Wren {0.__class__} 0 said" in page


# --- choosing ----------------------------------------------------------------------------------------------------


def form(client: Client, **changes: str) -> dict[str, str]:
    """What the page would send as it stands, with some of it changed."""
    page = client.get("/you/notices/")
    fields = page.context["form"]
    return {field.name: field.value() or "" for field in fields} | changes


def test_a_member_chooses_and_finds_it_chosen() -> None:
    fern = MemberFactory()
    client = seat(fern)
    page = client.get("/you/notices/").text
    for kind in (TOLD, BRIEF, URGENT):
        assert kind.words in page
    assert kinds.ACCOUNT.words in page
    asked = {asked.kind.name: asked.fields for asked in client.get("/you/notices/").context["form"].asked()}
    inbox, by_mail = (field.name for field in asked[TOLD.name])
    changes = {inbox: "never", by_mail: "weekly", "quiet_from": "22:00", "quiet_to": "07:00"}
    assert client.post("/you/notices/", form(client, **changes)).status_code == 302
    chosen = set(Choice.objects.values_list("kind", "channel", "how"))
    assert chosen == {("tests.told", "inbox", "never"), ("tests.told", "email", "weekly")}
    assert (fern.quiet_hours.start, fern.quiet_hours.end) == (time(22), time(7))
    again = form(client)
    assert again | changes == again
    assert client.post("/you/notices/", again | {"quiet_from": "", "quiet_to": ""}).status_code == 302
    assert not QuietHours.objects.exists()
    assert Choice.objects.count() == 2


def test_what_is_urgent_is_not_offered_in_a_bundle() -> None:
    client = seat(MemberFactory())
    asked = {asked.kind.name: asked.fields for asked in client.get("/you/notices/").context["form"].asked()}
    urgent, told = asked[URGENT.name][1], asked[TOLD.name][1]
    assert {value for value, _ in told.field.choices} == {"at_once", "daily", "weekly", "never"}
    assert {value for value, _ in urgent.field.choices} == {"at_once", "never"}
    assert client.post("/you/notices/", form(client, **{urgent.name: "daily"})).status_code == 422


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("22:00", "", "Fill in both, or neither."),
        ("", "07:00", "Fill in both, or neither."),
        ("22:00", "22:00", "That would be the whole day."),
        ("late", "07:00", "Enter a valid time."),
    ],
)
def test_hours_that_are_none_are_refused_at_their_field(start: str, end: str, words: str) -> None:
    client = seat(MemberFactory())
    answer = client.post("/you/notices/", form(client, quiet_from=start, quiet_to=end))
    assert answer.status_code == 422
    assert words in answer.text
    assert not QuietHours.objects.exists()


def test_choosing_costs_the_same_for_everyone(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    client = seat(MemberFactory())
    client.get("/you/notices/")
    with django_assert_max_num_queries(7):
        client.get("/you/notices/")


# --- stewards ----------------------------------------------------------------------------------------------------


def bury(kind: Kind = TOLD, *, error: str = "SMTPDataError", **whom: Any) -> Delivery:
    """A dead letter: to the member, or to the address."""
    with transaction.atomic():
        notify(what="thing:1", kind=kind, context={"who": "Wren"}, at=NOON, **whom)
    (dead,) = [delivery for delivery in ledger.claim(NOON) if delivery.channel == Channel.EMAIL]
    assert ledger.failed(dead, NOON, error, for_good=True)
    dead.refresh_from_db()
    return dead


def newest() -> AuditEntry:
    return AuditEntry.objects.latest("seq")


def test_dead_letters_name_a_handle_or_nobody_and_never_an_address(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    fern = MemberFactory(handle="Fern")
    bury(member=fern)
    bury(address="someone@porch.example")
    with django_assert_num_queries(1):
        rows = [(row.to_whom, row.last_error, row.can_be_retried) for row in access.dead_letters()]
    assert sorted(rows) == [
        ("Fern", "SMTPDataError", True),
        ("Someone, by e-mail address", "SMTPDataError", True),
    ]
    with pytest.raises(Http404):
        access.dead_letter(10**9)


def test_a_dead_letter_is_tried_anew_and_that_is_on_record() -> None:
    steward, dead = MemberFactory(role="steward"), bury(address="someone@porch.example")
    assert letters(NOON + timedelta(hours=1)) == []
    retry(delivery=dead, by_id=steward.pk, at=NOON + timedelta(hours=1))
    entry = newest()
    assert (entry.verb, entry.actor, entry.subject_kind, entry.subject_id) == (
        Verb.DELIVERY_RETRIED, steward.pk, "delivery", dead.pk,
    )  # fmt: skip
    facts = {"kind": "tests.told", "channel": "email", "error": "SMTPDataError", "perhaps_sent": False}
    assert json.loads(entry.facts) == facts
    assert len(letters(NOON + timedelta(hours=1))) == 1
    with pytest.raises(NotDead):
        retry(delivery=dead, by_id=steward.pk, at=NOON + timedelta(hours=2))
    assert AuditEntry.objects.filter(verb=Verb.DELIVERY_RETRIED).count() == 1
    assert f"{dead.pk} sent again" in str(words.last(1)[0])
    assert not list(verify([]))


def test_a_dead_letter_is_given_up_wiped_and_that_is_on_record() -> None:
    steward, dead = MemberFactory(role="steward"), bury(address="someone@porch.example")
    drop(delivery=dead, by_id=steward.pk, at=NOON)
    dead.refresh_from_db()
    assert (dead.state, dead.payload) == (State.DROPPED, "")
    assert (newest().verb, newest().actor) == (Verb.DELIVERY_DROPPED, steward.pk)
    for act in (drop, retry):
        with pytest.raises(NotDead):
            act(delivery=dead, by_id=steward.pk, at=NOON)


def test_what_would_be_of_no_use_is_not_tried_anew() -> None:
    dead = bury(BRIEF, address="someone@porch.example")
    with pytest.raises(NotDead):
        retry(delivery=dead, by_id=None, at=NOON + timedelta(hours=1))
    retry(delivery=dead, by_id=None, at=NOON + timedelta(minutes=59))


def test_the_queue_is_well_until_something_is_dead_or_late(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    assert access.queue_health(NOON).is_well
    people = [MemberFactory() for _ in range(3)]
    with transaction.atomic():
        notify_all(what="t", kind=TOLD, members=people, context={"who": "Wren"}, at=NOON)
        notify_all(
            what="u",
            kind=TOLD,
            members=people,
            context={"who": "Wren"},
            due_at=NOON + timedelta(days=1),
            at=NOON,
        )
    with django_assert_num_queries(1):
        health = access.queue_health(NOON + timedelta(minutes=9))
    assert (health.waiting, health.due, health.late, health.is_well) == (12, 6, timedelta(minutes=9), True)
    assert not access.queue_health(NOON + timedelta(minutes=10)).is_well
    letters(NOON + timedelta(minutes=10))
    health = access.queue_health(NOON + timedelta(minutes=10))
    assert (health.waiting, health.due, health.late, health.sent_last_day) == (6, 0, None, 6)
    bury(address="someone@porch.example")
    health = access.queue_health(NOON + timedelta(minutes=10))
    assert (health.dead, health.is_well) == (1, False)


def run(*options: str) -> dict[str, int]:
    out = StringIO()
    call_command("deliveries", *options, stdout=out)
    lines = re.findall(r"(?m)^ *(\d+)  (.+)$", out.getvalue())
    return {label: int(count) for count, label in lines}


def test_the_command_counts_and_lets_the_dead_try_again() -> None:
    sure, unsure = bury(address="someone@porch.example"), bury(address="other@porch.example")
    Delivery.objects.filter(pk=unsure.pk).update(perhaps_sent=True)
    assert run()["could not be sent"] == 2
    after = run("--retry-dead")
    assert (after["could not be sent"], after["waiting"]) == (1, 1)
    sure.refresh_from_db()
    assert sure.state == State.WAITING
    assert run("--retry-dead", "--perhaps-sent")["could not be sent"] == 0

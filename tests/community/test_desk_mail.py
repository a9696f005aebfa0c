"""Dead letters at the desk: seen without an address, sent again, or given up; on record either way."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from community.members.models import Member
from community.notifications.models import Channel, Delivery
from community.notifications.payload import sealed_payload
from moderation.audit.models import AuditEntry
from moderation.audit.verbs import Verb
from tests.desk import client_of, steward
from tests.factories import MemberFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def marigold() -> Member:
    return steward()


@pytest.fixture
def desk(marigold: Member) -> Client:
    return client_of(marigold)


def dead_letter(member: Member, **fields: object) -> Delivery:
    now = timezone.now()
    usual = {
        "what": "account:1", "kind": "account", "channel": Channel.EMAIL, "state": Delivery.State.DEAD, "made_at": now,
        "due_at": now, "ended_at": now, "attempts": 5, "last_error": "SMTPConnectError",
        "payload": sealed_payload({"subject": "x", "text": "y"}),
    }  # fmt: skip
    return Delivery.objects.create(member=member, **usual | fields)


def test_nothing_dead_is_said_in_words(desk: Client) -> None:
    assert "Everything that was to be sent was sent." in desk.get("/desk/mail/").text


def test_a_dead_letter_is_seen_by_its_handle_and_never_by_its_address(desk: Client) -> None:
    wren = MemberFactory(handle="Wren", email="wren@porchlight.example")
    dead_letter(wren)
    dead_letter(None, address_digest="0" * 64, what="account:2")  # type: ignore[arg-type]
    page = desk.get("/desk/mail/").text
    assert "To Wren" in page
    assert "To Someone, by e-mail address" in page
    assert "SMTPConnectError" in page
    assert "wren@" not in page
    assert "2 mails could not be sent" in desk.get("/desk/").text


def test_it_is_sent_again_and_that_is_on_record(desk: Client, marigold: Member) -> None:
    letter = dead_letter(MemberFactory())
    desk.post(f"/desk/mail/{letter.pk}/retry/")
    letter.refresh_from_db()
    assert (letter.state, letter.attempts) == (Delivery.State.WAITING, 0)
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.actor) == (Verb.DELIVERY_RETRIED, marigold.pk)
    assert desk.post(f"/desk/mail/{letter.pk}/retry/").status_code == 404


def test_it_is_given_up_and_what_it_held_is_wiped(desk: Client) -> None:
    letter = dead_letter(MemberFactory())
    desk.post(f"/desk/mail/{letter.pk}/drop/")
    letter.refresh_from_db()
    assert (letter.state, letter.payload) == (Delivery.State.DROPPED, "")
    assert AuditEntry.objects.get().verb == Verb.DELIVERY_DROPPED


def test_the_queue_that_is_late_waits_for_a_steward(desk: Client) -> None:
    assert "Mail is late" not in desk.get("/desk/").text
    now = timezone.now()
    dead_letter(
        MemberFactory(), state=Delivery.State.WAITING, ended_at=None, due_at=now - timedelta(minutes=20)
    )
    assert "Mail is late" in desk.get("/desk/").text
    assert "1, the oldest for 20 min" in desk.get("/desk/mail/").text


def test_for_all_others_there_is_no_such_page_and_no_such_act() -> None:
    wren = MemberFactory()
    letter, client = dead_letter(wren), client_of(wren)
    assert client.get("/").status_code == 200
    assert client.get("/desk/mail/").status_code == 404
    for what in ("retry", "drop"):
        assert client.post(f"/desk/mail/{letter.pk}/{what}/").status_code == 404
    letter.refresh_from_db()
    assert letter.state == Delivery.State.DEAD

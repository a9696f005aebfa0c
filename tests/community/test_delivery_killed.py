"""Two workers, killed at random under a clock set by hand, before a mail server that misbehaves: each delivery is sent
once or stands as dead, and none is missing."""

from __future__ import annotations

import os
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import transaction
from django.db.models import Min

from community.notifications import ledger
from community.notifications.actions import notify, notify_all
from community.notifications.mail import message_id
from community.notifications.models import Channel, Delivery, InboxEntry
from tests.factories import MemberFactory
from tests.letters import TOLD
from tests.mail_server import MailServer, Moods
from tests.mortal_workers import POINTS
from tests.services import Service
from tests.worker_hands import Hands, workers

pytestmark = pytest.mark.django_db(transaction=True)

State = Delivery.State
SEEDS = [int(seed) for seed in os.environ.get("SEEDS", "3").split()]
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
FORTNIGHT = timedelta(days=14)
PATIENCE = 240.0
PEOPLE, THINGS, ADDRESSES = 3, 10, 10
ALL = PEOPLE * THINGS * 2 + ADDRESSES
BAD = Moods(
    refuses_for_now=0.05,
    refuses_for_good=0.03,
    hangs_up_early=0.05,
    hangs_up_over_the_mail=0.04,
    takes_it_and_hangs_up=0.04,
)


@pytest.fixture
def hands(tmp_path: Path) -> Hands:
    return Hands(tmp_path / "clock", NOON)


def tell_everybody() -> None:
    """Spread over a fortnight: things for members, by both channels, and mail to addresses."""
    people = [MemberFactory() for _ in range(PEOPLE)]
    said = {"who": "Wren"}
    with transaction.atomic():
        for number in range(THINGS):
            due = NOON + FORTNIGHT * number / THINGS
            notify_all(what=f"thing:{number}", kind=TOLD, members=people, context=said, due_at=due, at=NOON)
        for number in range(ADDRESSES):
            address, due = f"someone{number}@example.org", NOON + FORTNIGHT * number / ADDRESSES
            notify(what=f"mail:{number}", kind=TOLD, address=address, context=said, due_at=due, at=NOON)


def until_all_have_ended(hands: Hands, service: Service) -> None:
    """Let the hands go on when nothing is left to do at a moment: to the end of a dead worker's lease, or to what is
    due next."""
    ended = [*Delivery.ENDED, State.DEAD]
    deadline = time.monotonic() + PATIENCE
    quiet_since = time.monotonic()
    seen: object = None

    def deaths() -> int:
        return service.log.read_text().count("died of")

    mourned = 0

    def how_long_to_wait() -> float:
        """Whoever holds something is dead, or slow on a busy machine: that one shall have its time."""
        held = Delivery.objects.filter(lease_until__isnull=False).exists()
        return 3.0 if held and deaths() == mourned else 0.2

    def all_ended() -> bool:
        nonlocal quiet_since, seen, mourned
        now = sorted(Delivery.objects.values_list("pk", "state", "attempts", "lease_until"))
        if now != seen:
            seen, quiet_since = now, time.monotonic()
        elif time.monotonic() - quiet_since > how_long_to_wait():
            waiting = Delivery.objects.waiting().aggregate(next=Min("due_at"))["next"]
            held = Delivery.objects.exclude(state__in=ended).aggregate(next=Min("lease_until"))["next"]
            moments = [moment for moment in (waiting, held) if moment is not None]
            if moments:
                hands.set(max(hands.at, min(moments)) + timedelta(seconds=1))
            quiet_since = time.monotonic()
            mourned = deaths()
        assert time.monotonic() < deadline, "the workers get nowhere"
        return not Delivery.objects.exclude(state__in=ended).exists()

    service.wait_until(all_ended, PATIENCE)


def by_mail() -> list[Delivery]:
    return list(Delivery.objects.filter(channel=Channel.EMAIL).order_by("pk"))


def test_workers_that_are_left_alone_send_each_once(hands: Hands) -> None:
    tell_everybody()
    with MailServer() as server, workers(hands, server, seed=1, kills=0) as running:
        until_all_have_ended(hands, running)
    assert Delivery.objects.filter(state=State.SENT).count() == ALL
    assert [server.taken[message_id(delivery)] for delivery in by_mail()] == [1] * len(by_mail())
    assert InboxEntry.objects.count() == PEOPLE * THINGS
    assert hands.at >= NOON + FORTNIGHT * (THINGS - 1) / THINGS


@pytest.mark.parametrize("seed", SEEDS)
def test_workers_killed_at_random_send_each_once_or_bury_it(hands: Hands, seed: int) -> None:
    tell_everybody()
    BAD.__post_init__()
    with MailServer(BAD) as server, workers(hands, server, seed=seed, kills=30) as running:
        until_all_have_ended(hands, running)
        deaths = running.log.read_text()
    assert deaths.count("died of") >= 15, deaths
    assert len({place for place in POINTS if f"killed at {place}" in deaths}) >= 4, deaths
    assert "Traceback" not in deaths

    assert Delivery.objects.count() == ALL
    for delivery in by_mail():
        times = server.taken[message_id(delivery)]
        match delivery.state:
            case State.SENT:
                assert times == 1, delivery.pk
            case State.DEAD if delivery.perhaps_sent:
                assert times in {0, 1}, delivery.pk
            case State.DEAD:
                assert times == 0, delivery.pk
            case other:
                pytest.fail(f"{other}")
    assert set(server.taken) <= {message_id(delivery) for delivery in by_mail()}

    in_inbox = Delivery.objects.filter(channel=Channel.INBOX)
    entries = sorted(InboxEntry.objects.values_list("key", flat=True))
    assert entries == sorted(in_inbox.filter(state=State.SENT).values_list("key", flat=True))
    assert in_inbox.exclude(state=State.SENT).exclude(state=State.DEAD, perhaps_sent=False).count() == 0

    # Those who could not know are few, and nobody else is dead but by the server's no, or after many lost workers.
    dead = Delivery.objects.dead()
    assert 0 < dead.count() < ALL / 2
    certain = dead.filter(perhaps_sent=False)
    assert set(certain.values_list("last_error", flat=True)) <= {"SMTPRecipientsRefused", ledger.WORKER_LOST}
    assert certain.filter(last_error="SMTPRecipientsRefused").count() <= server.refused_for_good
    assert not re.search(r"@example|Wren", deaths)


def test_no_worker_tries_for_ever(hands: Hands) -> None:
    """A server that always says “later”: each delivery ends as dead after its attempts, and was never taken."""
    with transaction.atomic():
        notify(what="one", kind=TOLD, address="someone@example.org", context={"who": "Wren"}, at=NOON)
    with (
        MailServer(Moods(refuses_for_now=1.0)) as server,
        workers(hands, server, seed=1, kills=0) as running,
    ):
        until_all_have_ended(hands, running)
    (delivery,) = by_mail()
    assert (delivery.state, delivery.attempts) == (State.DEAD, ledger.ATTEMPTS)
    assert not server.taken
    assert not delivery.perhaps_sent
    assert timedelta(hours=12) < hands.at - NOON < timedelta(days=3)

"""A fortnight of reminders by two workers that are killed at random: each is told once, and none is missing."""

from __future__ import annotations

import os
import time
from datetime import date, timedelta
from datetime import time as clock_time
from pathlib import Path

import pytest

from community.calendar.answers import answer
from community.calendar.models import Answer, Occurrence
from community.notifications.mail import message_id
from community.notifications.models import Channel, Delivery, InboxEntry
from tests.calendar.making import NOW, make_event, member
from tests.mail_server import MailServer
from tests.services import Service
from tests.worker_hands import Hands, workers

pytestmark = pytest.mark.django_db(transaction=True)
State = Delivery.State
SEEDS = [int(seed) for seed in os.environ.get("SEEDS", "5").split()]
FORTNIGHT = timedelta(days=14)
PATIENCE = 240.0
ENDED = [*Delivery.ENDED, State.DEAD]


def promise() -> list[Occurrence]:
    """Two series over a fortnight; two people come to every date, and one of them wants no reminder of the second."""
    first = make_event(rule="FREQ=DAILY;INTERVAL=2;COUNT=6", day=date(2026, 11, 23))
    second = make_event(rule="FREQ=WEEKLY;COUNT=2", day=date(2026, 11, 25), time=clock_time(7), title="Early")
    wren, fern = member(), member()
    dates = [*first.occurrences.select_related("event"), *second.occurrences.select_related("event")]
    for one in dates:
        for person in (wren, fern):
            wanted = person == wren or one.event == first
            answer(
                occurrence=one,
                member=person,
                says=Answer.Says.YES,
                remind_minutes=60 if wanted else None,
                at=NOW,
            )
    return sorted(dates, key=lambda one: one.starts_at)


def reminders() -> list[Delivery]:
    return list(Delivery.objects.filter(kind="calendar.reminder"))


def until_told(hands: Hands, service: Service, wanted: int) -> None:
    """Wait until so many reminders were written and all have ended; the hands go on by a minute when nothing moves."""
    moved_at, seen = time.monotonic(), None

    def told() -> bool:
        nonlocal moved_at, seen
        now = sorted((row.pk, row.state, row.attempts) for row in reminders())
        if now != seen:
            moved_at, seen = time.monotonic(), now
        elif time.monotonic() - moved_at > 0.3:
            hands.set(hands.at + timedelta(minutes=1))
            moved_at = time.monotonic()
        return len(now) >= wanted and all(state in ENDED for _, state, _ in now)

    service.wait_until(told, PATIENCE)


@pytest.mark.parametrize("seed", SEEDS)
def test_each_reminder_of_a_fortnight_is_told_once_whoever_dies(tmp_path: Path, seed: int) -> None:
    dates = promise()
    hands = Hands(tmp_path / "clock", NOW)
    wanted = 0
    with MailServer() as server, workers(hands, server, seed=seed, kills=24, jobs=["remind"]) as running:
        for one in dates:
            hands.set(max(hands.at, one.starts_at - timedelta(minutes=60, seconds=-1)))
            wanted += one.answers.filter(remind_minutes__isnull=False).count() * len(Channel)
            until_told(hands, running, wanted)
            assert hands.at < one.starts_at, "told too late"
        deaths = running.log.read_text()
    assert hands.at - NOW > timedelta(days=10)
    assert deaths.count("died of") >= 5, deaths
    assert "Traceback" not in deaths
    assert len(reminders()) == wanted == (6 * 2 + 2) * 2
    by_mail = [row for row in reminders() if row.channel == Channel.EMAIL]
    for row in by_mail:
        # Of a mail in the hand of someone who died nobody can know; it is never sent a second time.
        taken = server.taken[message_id(row)]
        assert taken == 1 if row.state == State.SENT else (row.perhaps_sent and taken in {0, 1})
    assert sum(row.state == State.SENT for row in by_mail) > len(by_mail) / 2
    assert set(server.taken) <= {message_id(row) for row in by_mail}
    in_inbox = [row for row in reminders() if row.channel == Channel.INBOX]
    assert {row.state for row in in_inbox} == {State.SENT}
    keys = InboxEntry.objects.filter(kind="calendar.reminder").values_list("key", flat=True)
    assert sorted(keys) == sorted(row.key for row in in_inbox)

"""What the calendar does by the clock: dates further ahead, and reminders."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from community.calendar.kinds import REMINDER
from community.calendar.models import Answer, Event
from community.calendar.occurrences import AHEAD, expand
from community.notifications.actions import notify

# Series are carried on in good time, and not every hour.
RENEW = AHEAD - timedelta(days=30)
LONGEST_NOTICE = timedelta(days=2)


def expand_series(at: datetime) -> int:
    """Carry on the series whose dates come to an end; how many dates were added."""
    due = Event.objects.filter(Q(expanded_to__isnull=True) | Q(expanded_to__lt=at + RENEW))
    return sum(expand(event, now=at) for event in due.exclude(rule="").filter(cancelled_at__isnull=True))


def remind(at: datetime) -> int:
    """Put reminders whose time has come in the ledger; how many.

    A reminder is told once, whoever runs this and however often: the ledger knows it by the occurrence and its start.
    One whose moment passed while nothing ran is still told, as long as the occurrence has not begun.
    """
    coming = (
        Answer.objects.filter(
            remind_minutes__isnull=False,
            occurrence__starts_at__gt=at,
            occurrence__starts_at__lte=at + LONGEST_NOTICE,
            occurrence__cancelled_at__isnull=True,
            occurrence__event__cancelled_at__isnull=True,
            member__is_active=True,
            member__away_since__isnull=True,
        )
        .exclude(says=Answer.Says.NO)
        .exclude(seat=Answer.Seat.WAITING)
        .exclude(reminded_for=F("occurrence__starts_at"))
        .select_related("member", "occurrence__event")
    )
    due = [
        each
        for each in coming
        if each.occurrence.starts_at - timedelta(minutes=each.remind_minutes or 0) <= at
    ]
    with transaction.atomic():
        for each in due:
            occurrence = each.occurrence
            notify(
                what=f"occurrence:{occurrence.pk}:reminder:{occurrence.starts_at:%Y%m%dT%H%M}",
                kind=REMINDER,
                member=each.member,
                context={"title": occurrence.name, "when": "soon"},
                path=f"/calendar/{occurrence.pk}/",
                useful_until=occurrence.starts_at + timedelta(minutes=10),
                at=at,
            )
            Answer.objects.filter(pk=each.pk).update(reminded_for=occurrence.starts_at)
    return len(due)

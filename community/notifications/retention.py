"""What the ledger and the inbox let go of."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from community.notifications.models import Delivery, InboxEntry

# As long as a repeat of the same thing is thinkable: the row is what keeps it from being told twice.
ENDED_KEPT = timedelta(days=30)
DEAD_KEPT = timedelta(days=180)
DEAD_PAYLOAD_KEPT = timedelta(days=7)
READ_KEPT = timedelta(days=90)
UNREAD_KEPT = timedelta(days=365)
AT_ONCE = 500


def forget_told(at: datetime) -> int:
    """Wipe what dead deliveries held for too long or to no use, delete old rows and entries; how many."""
    useless = Q(useful_until__lte=at) | Q(ended_at__lte=at - DEAD_PAYLOAD_KEPT)
    Delivery.objects.dead().filter(useless).exclude(payload="").update(payload="")
    ended = Q(state__in=Delivery.ENDED, ended_at__lte=at - ENDED_KEPT)
    dead = Q(state=Delivery.State.DEAD, ended_at__lte=at - DEAD_KEPT)
    entries = Q(read_at__lte=at - READ_KEPT) | Q(at__lte=at - UNREAD_KEPT)
    return _delete(Delivery.objects.filter(ended | dead)) + _delete(InboxEntry.objects.filter(entries))


@transaction.atomic
def _delete(rows: QuerySet[Any]) -> int:
    """A part of them, so that none waits long for the table."""
    some = list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    return rows.model._default_manager.filter(pk__in=some).delete()[0] if some else 0

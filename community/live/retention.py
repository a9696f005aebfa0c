"""What a log lets go: events past their time, and after a restore every cursor."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from django.db import transaction

from community.live import log
from community.live.models import Event, Log


@transaction.atomic
def purge(log_id: int, before: datetime) -> int:
    """Forget the events committed before a time: `min_seq` rises over them, and every ring drops them; how many."""
    at = log.lock([log_id])[log_id]
    kept = (
        Event.objects.filter(log_id=log_id, at__gte=before)
        .order_by("seq")
        .values_list("seq", flat=True)
        .first()
    )
    min_seq = at.last_seq + 1 if kept is None else kept
    if min_seq <= at.min_seq:
        return 0
    Event.objects.filter(log_id=log_id, seq__lt=min_seq).delete()
    Log.objects.filter(pk=log_id).update(min_seq=min_seq)
    transaction.on_commit(
        lambda: log.publish([log.Commit(log_id, at.last_seq + 1, min_seq=min_seq)]), robust=True
    )
    return min_seq - at.min_seq


def rotate_epochs() -> int:
    """Give every log a new epoch, after a restore: no cursor from before is trusted; how many."""
    logs = list(Log.objects.all())
    for each in logs:
        each.epoch = uuid4()
    return Log.objects.bulk_update(logs, ["epoch"], batch_size=200)

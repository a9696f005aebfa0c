"""Taking a name off what someone said: the events keep their ids and their words."""

from __future__ import annotations

import orjson
from django.db import transaction

from community.live import frames
from community.live.models import Event, Log, Revision

AT_ONCE = 200


def rename(public_id: str, handle: str) -> int:
    """Put another handle wherever the logs say that this member said or did something; how many events changed.

    A log at a time, in short transactions, and again without harm. Rings forget the old name as they move on; readers
    that know a newer name show that.
    """
    return sum(
        _rename_in(pk, public_id, handle) for pk in Log.objects.order_by("pk").values_list("pk", flat=True)
    )


def _rename_in(log_id: int, public_id: str, handle: str) -> int:
    old = f'"by":{{"id":"{public_id}","handle":'
    changed = 0
    events = Event.objects.filter(log_id=log_id, payload__contains=old).order_by("seq")
    for number in _portions(list(events.values_list("pk", flat=True))):
        with transaction.atomic():
            rows = list(Event.objects.select_for_update().filter(pk__in=number))
            for row in rows:
                row.payload = _renamed(row.payload, handle)
            Event.objects.bulk_update(rows, ["payload"])
        changed += len(rows)
    revisions = list(Revision.objects.filter(event__log_id=log_id, payload__contains=old))
    for revision in revisions:
        revision.payload = _renamed(revision.payload, handle)
    Revision.objects.bulk_update(revisions, ["payload"], batch_size=AT_ONCE)
    return changed


def _renamed(payload: str, handle: str) -> str:
    body = orjson.loads(payload)
    body["by"]["handle"] = handle
    return frames.encode(body)


def _portions(ids: list[int]) -> list[list[int]]:
    return [ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE)]

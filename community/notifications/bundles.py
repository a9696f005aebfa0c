"""Several things in one mail, for those who want mail once a day or once a week."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from community.notifications.kinds import BUNDLE
from community.notifications.models import Channel, Delivery
from community.notifications.payload import sealed_payload

State = Delivery.State


def bundle_due(at: datetime) -> int:
    """One mail for each member whose gathered things are due; how many. Safe to run twice, and at once."""
    due = Delivery.objects.filter(state=State.GATHERED, due_at__lte=at)
    people = due.order_by("member_id").values_list("member_id", flat=True).distinct()
    return sum(_bundle(member_id, at) for member_id in list(people) if member_id is not None)


@transaction.atomic
def _bundle(member_id: int, at: datetime) -> bool:
    gathered = Delivery.objects.filter(state=State.GATHERED, due_at__lte=at, member_id=member_id)
    rows = list(gathered.select_for_update().order_by("pk").only("pk", "useful_until", "due_at"))
    useless = [row.pk for row in rows if row.useful_until is not None and row.useful_until <= at]
    kept = [row for row in rows if row.pk not in useless]
    Delivery.objects.filter(pk__in=useless, state=State.GATHERED).update(
        state=State.DROPPED, payload="", ended_at=at, last_error="TooLate"
    )
    if not kept:
        return False
    bundle = Delivery.objects.create(
        what=f"bundle:{kept[0].pk}",
        member_id=member_id,
        kind=BUNDLE.name,
        channel=Channel.EMAIL,
        payload=sealed_payload({"count": str(len(kept))}),
        due_at=at,
        made_at=at,
    )
    Delivery.objects.filter(pk__in=[row.pk for row in kept], state=State.GATHERED).update(
        state=State.BUNDLED, payload="", ended_at=at, bundle=bundle
    )
    return True

"""How a delivery's state changes. Each change is one conditional UPDATE: who comes second changes nothing.

Each has a transaction of its own, for on SQLite those wait their turn in one queue.

`waiting → leased → sending → sent`, and from there `dead`; a delivery whose worker is lost goes back to `waiting` as
long as nothing of it can have left the house, else it is `dead` and marked as perhaps sent.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from community.live import failpoints
from community.notifications.models import Delivery

State = Delivery.State

LEASE = timedelta(minutes=3)
BATCH = 10
ATTEMPTS = 14
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=4)
WORKER_LOST = "WorkerLost"
USELESS = "TooLate"

# Whoever was only slow may still say what became of what it held.
HELD_OR_LOST = (State.LEASED, State.SENDING, State.DEAD)

Chance = Callable[[], float]


def claim(at: datetime, *, count: int = BATCH) -> list[Delivery]:
    """Take the deliveries that are due longest; nobody else has them while the lease lasts. Oldest first."""
    due = Delivery.objects.waiting().filter(due_at__lte=at).order_by("due_at", "pk")
    # Looked at before anything is locked, so that an idle worker writes nothing.
    if not due.exists():
        return []
    token = secrets.token_hex(16)
    with transaction.atomic():
        free = list(due.select_for_update(skip_locked=True).values_list("pk", flat=True)[:count])
        failpoints.reach("delivery.claiming", free=free)
        Delivery.objects.waiting().filter(pk__in=free, due_at__lte=at).update(
            state=State.LEASED, lease_by=token, lease_until=at + LEASE, attempts=F("attempts") + 1
        )
    mine = Delivery.objects.filter(lease_by=token, state=State.LEASED)
    return list(mine.select_related("member", "member__quiet_hours").order_by("due_at", "pk"))


def hand_over(delivery: Delivery, at: datetime) -> bool:
    """From here on it may have left the house. False when the lease ran out before."""
    return _change(delivery, State.LEASED, Q(lease_until__gt=at), state=State.SENDING, lease_until=at + LEASE)


@transaction.atomic
def mark_sent(delivery: Delivery, at: datetime) -> bool:
    """False only when a steward has meanwhile decided about it; a worker taken for lost may still say that it sent."""
    held = Delivery.objects.filter(pk=delivery.pk, lease_by=delivery.lease_by, state__in=HELD_OR_LOST)
    return bool(
        held.update(
            state=State.SENT, payload="", lease_by="", lease_until=None, ended_at=at, last_error="", perhaps_sent=False
        )
    )  # fmt: skip


def postpone(delivery: Delivery, until: datetime) -> bool:
    """Not now, and through no fault: it does not count as an attempt."""
    return _change(
        delivery, State.LEASED, state=State.WAITING, due_at=until, lease_by="", lease_until=None,
        attempts=F("attempts") - 1,
    )  # fmt: skip


def drop_unsent(delivery: Delivery, at: datetime, why: str) -> bool:
    """It would be of no use any more. If an attempt failed before, stewards shall see that: then it is dead."""
    state = State.DEAD if delivery.last_error else State.DROPPED
    return _change(
        delivery, State.LEASED, state=state, payload="", lease_by="", lease_until=None, ended_at=at,
        last_error=delivery.last_error or why,
    )  # fmt: skip


def failed(
    delivery: Delivery,
    at: datetime,
    error: str,
    *,
    for_good: bool,
    chance: Chance = random.random,
) -> bool:
    """It certainly did not leave the house: try again later, unless that can't help or was done often enough."""
    again = at + pause(delivery.attempts, chance)
    if for_good or delivery.attempts >= ATTEMPTS:
        return _bury(delivery, at, error)
    return _change(
        delivery, HELD_OR_LOST, state=State.WAITING, due_at=again, lease_by="", lease_until=None, last_error=error,
        ended_at=None, perhaps_sent=False,
    )  # fmt: skip


def unsure(delivery: Delivery, at: datetime, error: str) -> bool:
    """The connection broke when the other side may have had all of it: a steward decides, not we."""
    return _bury(delivery, at, error, perhaps_sent=True)


def pause(attempts: int, chance: Chance) -> timedelta:
    """How long to wait after so many attempts: twice as long each time, spread by ± 20 % so that none go in step."""
    doubled: int = 2 ** min(attempts - 1, 20)
    span = min(FIRST_PAUSE * doubled, LONGEST_PAUSE)
    spread: float = 0.8 + 0.4 * chance()
    return span * spread


def take_back_lost(at: datetime) -> int:
    """What lost workers held: free again where nothing can have left the house, dead where it can; how many."""
    if not Delivery.objects.lost(at).exists():
        return 0
    with transaction.atomic():
        lost = Delivery.objects.lost(at)
        perhaps = lost.filter(state=State.SENDING).update(
            state=State.DEAD, lease_until=None, ended_at=at, last_error=WORKER_LOST, perhaps_sent=True
        )
        worn = lost.filter(state=State.LEASED, attempts__gte=ATTEMPTS).update(
            state=State.DEAD, lease_until=None, ended_at=at, last_error=WORKER_LOST
        )
        free = lost.filter(state=State.LEASED).update(
            state=State.WAITING, due_at=at, lease_by="", lease_until=None
        )
    return perhaps + worn + free


def _bury(delivery: Delivery, at: datetime, error: str, *, perhaps_sent: bool = False) -> bool:
    """`lease_by` stays: a worker that was taken for lost may still come and say what became of it."""
    return _change(
        delivery, HELD_OR_LOST, state=State.DEAD, lease_until=None, ended_at=at, last_error=error,
        perhaps_sent=perhaps_sent,
    )  # fmt: skip


@transaction.atomic
def _change(delivery: Delivery, held: State | tuple[State, ...], *and_if: Q, **changes: object) -> bool:
    """Change a delivery that this worker holds; False when it holds it no longer."""
    states = held if isinstance(held, tuple) else (held,)
    mine = Delivery.objects.filter(*and_if, pk=delivery.pk, lease_by=delivery.lease_by, state__in=states)
    return bool(mine.update(**changes))

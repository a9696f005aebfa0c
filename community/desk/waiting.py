"""What of the desk's own matters waits for a steward."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse

from community.desk import access, trail
from community.house.desk import Waiting
from community.notifications.access import queue_health


def counted(number: int, one: str, more: str) -> str:
    return f"{one if number == 1 else more}".format(number)


def the_log(at: datetime) -> Iterator[Waiting]:
    look = trail.last_look()
    if look is not None and look.found:
        yield Waiting(
            "The audit log is not as it was written", reverse("desk:audit"), look.found, urgent=True
        )
    elif look is not None and at - look.at > trail.LOOK_OVERDUE:
        more = "It is checked daily by the worker. Is that running?"
        yield Waiting("The audit log has not been checked for days", reverse("desk:audit"), more, urgent=True)


def the_mail(at: datetime) -> Iterator[Waiting]:
    queue = queue_health(at)
    if queue.dead:
        words = counted(queue.dead, "One mail could not be sent", "{} mails could not be sent")
        yield Waiting(words, reverse("desk:mail"), "Send it again, or give it up.", urgent=True)
    if not queue.is_well and not queue.dead:
        yield Waiting("Mail is late", reverse("desk:mail"), "Is the worker running?", urgent=True)


def requests_to_join(at: datetime) -> Iterator[Waiting]:
    if number := access.requests_waiting():
        words = counted(number, "One person asks to join a group", "{} people ask to join a group")
        yield Waiting(words, reverse("desk:groups"), "Whoever keeps the group answers; look if nobody does.")


def groups_alone(at: datetime) -> Iterator[Waiting]:
    for group in access.groups_without_keeper():
        yield Waiting(
            f"Nobody keeps {group.name}",
            reverse("desk:group", args=[group.slug]),
            "Choose a facilitator for it.",
        )


def trainings(at: datetime) -> Iterator[Waiting]:
    today = at.date()
    soon = list(access.trainings_expiring(today))
    expired = sum(one.expires_on is not None and one.expires_on <= today for one in soon)
    if soon:
        words = counted(len(soon), "One training runs out", "{} trainings run out")
        more = counted(expired, "One has already.", "{} have already.") if expired else "Within thirty days."
        yield Waiting(words, reverse("desk:roles"), more)

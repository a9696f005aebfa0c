"""Reading the ledger: a member their own inbox, stewards how the mail goes. No address ever comes out of here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.db.models import Count, Min, Q, QuerySet
from django.http import Http404

from community.notifications.kinds import Kind, kind_named
from community.notifications.links import read_off_token
from community.notifications.models import Choice, Delivery, InboxEntry, QuietHours
from community.sealed import Unreadable

PAGE = 30
SHOWN_MAX = 99
State = Delivery.State


@dataclass(frozen=True, slots=True)
class InboxPage:
    """`older`: the key below which the next page begins, empty on the last one."""

    entries: list[InboxEntry]
    older: str

    @property
    def new(self) -> bool:
        return any(entry.read_at is None for entry in self.entries)


def inbox_page(member_id: int, *, below: str = "") -> InboxPage:
    """A page of the member's inbox, newest first; `below` is the key of the entry it goes on after. Raises Http404."""
    mine = InboxEntry.objects.filter(member_id=member_id)
    last = None
    if below and (last := mine.filter(key=below).first()) is None:
        raise Http404
    entries = list(mine.before(last)[: PAGE + 1])
    more = len(entries) > PAGE
    return InboxPage(entries[:PAGE], entries[PAGE - 1].key if more else "")


def inbox_entry(member_id: int, key: str) -> InboxEntry | None:
    """The member's own entry; None when it is gone, or was never put there."""
    return InboxEntry.objects.filter(member_id=member_id, key=key).first()


def unread_count(member_id: int) -> int:
    """How many entries are new, counted as far as is shown."""
    return InboxEntry.objects.unread().filter(member_id=member_id)[: SHOWN_MAX + 1].count()


def choices_of(member_id: int) -> dict[tuple[str, str], str]:
    """{(kind's name, channel): how}, where the member chose otherwise than at once."""
    chosen = Choice.objects.filter(member_id=member_id)
    return {(choice.kind, choice.channel): choice.how for choice in chosen}


def quiet_hours_of(member_id: int) -> QuietHours | None:
    return QuietHours.objects.filter(member_id=member_id).first()


def way_out(token: str) -> tuple[int, Kind]:
    """Whose mails of which kind the link in one of them turns off. Raises Http404."""
    try:
        member_id, name = read_off_token(token)
        kind = kind_named(name)
    except (Unreadable, KeyError):
        raise Http404 from None
    if not kind.switchable or not get_user_model().objects.filter(pk=member_id).exists():
        raise Http404
    return member_id, kind


def dead_letters() -> QuerySet[Delivery]:
    """What could not be sent, newest first; for stewards. `to_whom`, `last_error`, `perhaps_sent`, `can_be_retried`."""
    return Delivery.objects.dead().select_related("member").order_by("-ended_at", "-pk")


def dead_letter(number: int) -> Delivery:
    """Raises Http404."""
    found = dead_letters().filter(pk=number).first()
    if found is None:
        raise Http404
    return found


@dataclass(frozen=True, slots=True)
class QueueHealth:
    """`late` is for how long the delivery that is due longest has been waiting; None when none is due."""

    waiting: int
    due: int
    late: timedelta | None
    being_sent: int
    dead: int
    sent_last_day: int

    @property
    def is_well(self) -> bool:
        return self.dead == 0 and (self.late is None or self.late < timedelta(minutes=10))


def queue_health(at: datetime) -> QueueHealth:
    """How the mail goes, in one query."""
    waiting = Q(state__in=(State.WAITING, State.GATHERED))
    due = Q(state=State.WAITING, due_at__lte=at)
    counts = Delivery.objects.aggregate(
        waiting=Count("pk", filter=waiting),
        due=Count("pk", filter=due),
        longest=Min("due_at", filter=due),
        being_sent=Count("pk", filter=Q(state__in=(State.LEASED, State.SENDING))),
        dead=Count("pk", filter=Q(state=State.DEAD)),
        sent_last_day=Count("pk", filter=Q(state=State.SENT, ended_at__gt=at - timedelta(days=1))),
    )
    longest = counts.pop("longest")
    return QueueHealth(late=None if longest is None else at - longest, **counts)


def counts_by_state() -> dict[str, int]:
    return dict(Delivery.objects.order_by("state").values_list("state").annotate(Count("pk")))

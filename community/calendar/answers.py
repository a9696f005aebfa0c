"""Saying whether one comes; seats, the waiting list, and who moves up."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from community.calendar.kinds import MOVED_UP
from community.calendar.models import Answer, Feed, Host, Occurrence
from community.members.models import Member
from community.notifications.actions import notify

REMIND = (None, 10, 60, 24 * 60)


class TooLate(Exception):
    """It is over or cancelled: there is nothing to say any more."""


@transaction.atomic
def answer(
    *, occurrence: Occurrence, member: Member, says: Answer.Says, remind_minutes: int | None, at: datetime
) -> Answer:
    """Say whether one comes. Who has a seat keeps it; who comes to a full one waits, in the order in which they asked.

    Seats are counted while the occurrence's row is locked, so the last one goes to one person. Raises TooLate.
    """
    held = Occurrence.objects.select_for_update(of=("self",)).select_related("event").get(pk=occurrence.pk)
    if held.gone or held.ends_at <= at:
        raise TooLate
    given = Answer.objects.filter(occurrence=held, member=member).first()
    seat: str
    seat, queued_at = Answer.Seat.NONE, None
    if says == Answer.Says.YES:
        seat, queued_at = (given.seat, given.queued_at) if given and given.seat else _seat(held, at)
    given, _ = Answer.objects.update_or_create(
        occurrence=held,
        member=member,
        defaults={
            "says": says,
            "seat": seat,
            "queued_at": queued_at,
            "remind_minutes": remind_minutes if says != Answer.Says.NO else None,
            "at": at,
        },
    )
    fill_seats(occurrence=held, at=at)
    return given


def _seat(occurrence: Occurrence, at: datetime) -> tuple[Answer.Seat, datetime | None]:
    capacity = occurrence.event.capacity
    if capacity is None or seats_taken(occurrence) < capacity:
        return Answer.Seat.TAKEN, None
    return Answer.Seat.WAITING, at


def seats_taken(occurrence: Occurrence) -> int:
    return Answer.objects.filter(occurrence=occurrence, seat=Answer.Seat.TAKEN).count()


def fill_seats(*, occurrence: Occurrence, at: datetime) -> list[Answer]:
    """Give free seats to those who wait longest, and tell them. The caller holds the occurrence's row."""
    waiting = (
        Answer.objects.filter(occurrence=occurrence, seat=Answer.Seat.WAITING)
        .filter(member__is_active=True, member__away_since__isnull=True)
        .select_related("member")
        .order_by("queued_at", "pk")
    )
    capacity = occurrence.event.capacity
    free = None if capacity is None else max(0, capacity - seats_taken(occurrence))
    moved_up = list(waiting if free is None else waiting[:free])
    for each in moved_up:
        Answer.objects.filter(pk=each.pk).update(seat=Answer.Seat.TAKEN, queued_at=None)
        notify(
            what=f"occurrence:{occurrence.pk}:seat:{each.pk}:{at:%Y%m%dT%H%M%S}",
            kind=MOVED_UP,
            member=each.member,
            context={"title": occurrence.name},
            path=f"/calendar/{occurrence.pk}/",
            useful_until=occurrence.ends_at,
            at=at,
        )
    return moved_up


def give_up_places(member: Member, at: datetime) -> None:
    """What the calendar does when someone is gone for good: their seats go to those who wait, their feed ends."""
    ahead = Answer.objects.filter(member=member, occurrence__ends_at__gt=at)
    places = sorted(ahead.values_list("occurrence", flat=True))
    held = Occurrence.objects.select_for_update(of=("self",)).select_related("event").filter(pk__in=places)
    for occurrence in held.order_by("pk"):
        Answer.objects.filter(occurrence=occurrence, member=member).delete()
        if not occurrence.gone:
            fill_seats(occurrence=occurrence, at=at)
    Host.objects.filter(member=member).delete()
    Feed.objects.filter(member=member).delete()


def place_in_line(given: Answer) -> int:
    """1 for who is next; 0 for who doesn't wait."""
    if given.seat != Answer.Seat.WAITING:
        return 0
    line = Answer.objects.filter(occurrence=given.occurrence_id, seat=Answer.Seat.WAITING)
    ahead = line.filter(queued_at__lt=given.queued_at) | line.filter(
        queued_at=given.queued_at, pk__lt=given.pk
    )
    return ahead.count() + 1

"""Opening and closing times; booking, moving and cancelling; naming mentors.

Bookings are on record for nobody else: they are between two people, whom the calendar tells of every change.
Whatever is decided about two people waits for the lock on both.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from itertools import pairwise

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from community.calendar.actions import cancel_all, change_all, schedule
from community.calendar.answers import answer
from community.calendar.models import Answer, Event, Kind
from community.groups.models import Group, Membership
from community.live import eviction, log
from community.members.blocks.actions import lock_both
from community.members.models import Member
from community.notifications.actions import notify
from moderation.audit.actions import Subject, record, trail
from moderation.audit.verbs import Verb
from moderation.sanctions.models import EVERYWHERE
from sessions.bookings import access
from sessions.bookings.access import Way
from sessions.bookings.kinds import BOOKED
from sessions.bookings.models import Booking, Hours, Mentor, Slot
from sessions.bookings.slots import Span, said, spans_of, wall_of

TITLE = "One to one"
SLOTS_MAX = 500
KEEPER_REMINDED = 60
NOTES_KEPT = timedelta(days=30)
ENDED = "ended"


class NoTimes(Exception):
    """Nothing fits in: too short, or all of it is past."""


class TooManyTimes(Exception):
    """More times at once than anybody looks through."""


class OpenAlready(Exception):
    """Some of it lies on times that the keeper has opened before; carries the first."""

    def __init__(self, starts_at: datetime) -> None:
        super().__init__(starts_at)
        self.starts_at = starts_at


class NotNow(Exception):
    """The time can't be booked; carries the way it stands."""

    def __init__(self, way: Way) -> None:
        super().__init__(way.value)
        self.way = way


class TooLate(Exception):
    """It has begun, or was cancelled."""


@transaction.atomic
def open_hours(*, hours: Hours, at: datetime) -> int:
    """Open the times of hours that are validated and not saved yet; how many.

    Raises BadRule, NoTimes, TooManyTimes, OpenAlready.
    """
    Member.objects.select_for_update(no_key=True).get(pk=hours.keeper_id)
    spans = list(spans_of(hours, after=at))
    if not spans:
        raise NoTimes
    if len(spans) > SLOTS_MAX:
        raise TooManyTimes
    _refuse_overlap(hours, spans)
    hours.made_at = at
    hours.save()
    Slot.objects.bulk_create(
        [
            Slot(hours=hours, keeper_id=hours.keeper_id, starts_at=span.starts_at, ends_at=span.ends_at)
            for span in spans
        ],
        batch_size=500,
    )
    return len(spans)


def _refuse_overlap(hours: Hours, spans: list[Span]) -> None:
    """Raises OpenAlready."""
    held = Slot.objects.filter(
        keeper=hours.keeper_id,
        closed_at__isnull=True,
        starts_at__lt=spans[-1].ends_at,
        ends_at__gt=spans[0].starts_at,
    )
    old = [Span(*row) for row in held.values_list("starts_at", "ends_at")]
    both = sorted([*spans, *old], key=lambda span: (span.starts_at, span.ends_at))
    for before, then in pairwise(both):
        if then.starts_at < before.ends_at:
            raise OpenAlready(then.starts_at)


@transaction.atomic
def close_slot(*, slot: Slot, at: datetime) -> bool:
    """Take a free time back; False when it is booked, or was closed."""
    return _close(Slot.objects.filter(pk=slot.pk), slot.keeper_id, at) == 1


@transaction.atomic
def close_rest(*, hours: Hours, at: datetime) -> int:
    """Take back what is still free and ahead of these hours; how many. What is booked stays booked."""
    return _close(hours.slots.filter(starts_at__gt=at), hours.keeper_id, at)


def _close(slots: QuerySet[Slot], keeper_id: int, at: datetime) -> int:
    Member.objects.select_for_update(no_key=True).get(pk=keeper_id)
    standing = Booking.objects.filter(ended_at__isnull=True).values("slot")
    return slots.filter(closed_at__isnull=True).exclude(pk__in=standing).update(closed_at=at)


@transaction.atomic
@trail()
def book(*, slot: Slot, member: Member, note: str, remind_minutes: int | None, at: datetime) -> Booking:
    """Take a free time. Of those who ask for it at once one gets it. Raises NotNow."""
    lock_both(member, slot.keeper)
    way = access.way_to(member, slot, at)
    if way is not Way.OPEN:
        raise NotNow(way)
    event = _put_in_the_calendar(slot, member, at)
    booking = Booking.objects.create(slot=slot, member=member, event=event, note=note or None, at=at)
    occurrence = event.occurrences.get()
    for person, remind in ((member, remind_minutes), (slot.keeper, KEEPER_REMINDED)):
        answer(occurrence=occurrence, member=person, says=Answer.Says.YES, remind_minutes=remind, at=at)
    notify(
        what=f"booking:{booking.pk}",
        kind=BOOKED,
        member=slot.keeper,
        context={"when": said(slot.starts_at, slot.keeper.time_zone)},
        path=reverse("bookings:booking", args=[booking.pk]),
        useful_until=slot.starts_at,
        at=at,
    )
    return booking


def _put_in_the_calendar(slot: Slot, member: Member, at: datetime) -> Event:
    """Under a name that says nothing, for the people of a group of two."""
    group = Group.objects.create(
        kind=Group.Kind.MEETING,
        slug=f"one-to-one-{secrets.token_hex(10)}",
        name=TITLE,
        joining=Group.Joining.CLOSED,
        listed=False,
        created_at=at,
    )
    Membership.objects.bulk_create(
        [
            Membership(group=group, member=slot.keeper, role=Membership.Role.FACILITATOR, joined_at=at),
            Membership(group=group, member=member, joined_at=at),
        ]
    )
    event = Event(
        title=TITLE, kind=one_to_one(), audience=Event.Audience.GROUP, group=group, here=True, **_time_of(slot)
    )  # fmt: skip
    return schedule(event=event, hosts=[slot.keeper], by=slot.keeper, at=at)


def _time_of(slot: Slot) -> dict[str, object]:
    zone = slot.hours.zone
    wall = wall_of(slot.starts_at, zone)
    minutes = int((slot.ends_at - slot.starts_at).total_seconds() // 60)
    return {"day": wall.date(), "time": wall.time(), "minutes": minutes, "zone": zone}


def one_to_one() -> Kind:
    """The kind that came with the calendar; made anew in a house that has renamed it."""
    kind, _ = Kind.objects.get_or_create(slug="one-to-one", defaults={"name": TITLE, "order": 60})
    return kind


@transaction.atomic
@trail()
def move(*, booking: Booking, to: Slot, at: datetime) -> Booking:
    """Take another free time of the same person instead; both are told. Raises NotNow, TooLate."""
    lock_both(booking.member, booking.slot.keeper)
    held = Booking.objects.select_related("slot__keeper", "member", "event").get(pk=booking.pk)
    if not held.stands or held.slot.starts_at <= at:
        raise TooLate
    if to.pk == held.slot_id:
        return held
    way = access.way_to(held.member, to, at, moving=held)
    if way is not Way.OPEN or to.keeper_id != held.slot.keeper_id:
        raise NotNow(way if way is not Way.OPEN else Way.TAKEN)
    Booking.objects.filter(pk=held.pk).update(slot=to)
    change_all(event=held.event, changes=_time_of(to), hosts=[to.keeper], by=held.member, at=at)
    held.refresh_from_db()
    return held


@transaction.atomic
@trail()
def cancel(*, booking: Booking, by: Member, because: str = "", close: bool = False, at: datetime) -> bool:
    """Give a time up, until it begins; both are told, and the time is free again unless it is closed with it.

    False when it was cancelled already. Raises TooLate.
    """
    tag = f"group:{booking.event.group_id}"
    log.lock(log.tagged(tag))
    lock_both(booking.member, booking.slot.keeper)
    held = Booking.objects.select_related("slot", "event").get(pk=booking.pk)
    if not held.stands:
        return False
    if held.slot.starts_at <= at:
        raise TooLate
    Booking.objects.filter(pk=held.pk).update(ended_at=at, ended_by=by, note=None)
    cancel_all(event=held.event, because=because, by=by, at=at)
    if close:
        Slot.objects.filter(pk=held.slot_id).update(closed_at=at)
    Membership.objects.filter(group=held.event.group_id).delete()
    for member_id in (held.member_id, held.slot.keeper_id):
        eviction.evict(member_id, tag, ENDED)
    return True


# --- what others do has it end ---------------------------------------------------------------------------------------


def cancel_all_of(member: Member, at: datetime) -> None:
    """When someone is suspended, or gone for good: whoever had a time with them is told, and their own are closed."""
    ahead = list(access.bookings_of(member, at).filter(slot__starts_at__gt=at))
    log.lock([pk for booking in ahead for pk in log.tagged(f"group:{booking.event.group_id}")])
    for booking in ahead:
        cancel(booking=booking, by=member, at=at)
    Slot.objects.filter(keeper=member, starts_at__gt=at, closed_at__isnull=True).update(closed_at=at)


def cancel_between(by: Member, whom: Member, at: datetime) -> None:
    """When someone blocks the other: what is ahead is cancelled, and no room of the two stands open any more."""
    both = list(access.between(by, whom))
    groups = [booking.event.group for booking in both if booking.event.group is not None]
    log.lock([pk for group in groups for pk in log.tagged(group.tag)])
    for booking in both:
        if booking.stands and booking.slot.starts_at > at:
            cancel(booking=booking, by=by, at=at)
    gone = Membership.objects.filter(group__in=groups)
    for member_id, group in [(row.member_id, row.group) for row in gone.select_related("group")]:
        eviction.evict(member_id, group.tag, ENDED)
    gone.delete()


def cancel_left_hanging(at: datetime) -> int:
    """Cancel what is ahead with people who paused, or are about to leave; how many."""
    hanging = list(access.left_hanging(at))
    for booking in hanging:
        by = booking.slot.keeper if booking.member.is_here else booking.member
        cancel(booking=booking, by=by, at=at)
    return len(hanging)


def forget_notes(at: datetime) -> int:
    """Clear what was written with times that are long over; how many."""
    spent = Booking.objects.filter(note__isnull=False)
    over = spent.filter(slot__ends_at__lte=at - NOTES_KEPT)
    return Booking.objects.filter(pk__in=over.values("pk")).update(note=None)


# --- mentors ---------------------------------------------------------------------------------------------------------


@transaction.atomic
@trail()
def name_mentor(*, member: Member, by: Member, at: datetime) -> Mentor:
    """Let a member open times for their groups. A second naming returns the first."""
    mentor, made = Mentor.objects.get_or_create(member=member, defaults={"named_by": by, "at": at})
    if made:
        _record(Verb.MENTOR_NAMED, member, by, at)
    return mentor


@transaction.atomic
@trail()
def end_mentor(*, mentor: Mentor, by: Member, at: datetime) -> bool:
    """Nothing of theirs can be booked any more; what is booked stays. False when it had ended."""
    gone, _ = Mentor.objects.filter(pk=mentor.pk).delete()
    if gone:
        _record(Verb.MENTOR_ENDED, mentor.member, by, at)
    return bool(gone)


def _record(verb: Verb, member: Member, by: Member, at: datetime) -> None:
    record(verb=verb, actor=by.pk, subject=Subject("member", member.pk), scope=EVERYWHERE, facts={}, at=at)

"""Who may open times, who finds which of them free, and whose a booking is: the only place that decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from django.core.exceptions import PermissionDenied
from django.db.models import Count, Exists, Min, OuterRef, Prefetch, Q, QuerySet
from django.http import Http404

from community.calendar.models import Answer, Host, Occurrence
from community.groups.access import groups_for
from community.groups.models import Group, Membership
from community.members.access import profiles_for
from community.members.blocks.models import Block
from community.members.models import Member, here
from sessions.bookings.models import Booking, Hours, Mentor, Slot

STAFF = (Member.Role.STEWARD, Member.Role.CLINICIAN)
AT_ONE_TIME = 2


class Way(Enum):
    """Whether a member may book a time; if not, why, in words for them."""

    OPEN = ""
    TAKEN = "That time has just gone. Choose another one."
    WITH_THEM = "You have a time with them already. You can move it, or cancel it."
    ENOUGH = "You have two times booked. When one of them is over, you can book the next."
    BUSY = "You have something else at that time."


# --- who keeps hours -------------------------------------------------------------------------------------------------


def facilitating() -> QuerySet[Membership]:
    return Membership.objects.filter(role=Membership.Role.FACILITATOR, group__kind=Group.Kind.GROUP)


def keepers() -> QuerySet[Member]:
    """Who may open times: clinicians, stewards, facilitators, and mentors."""
    leads = Exists(facilitating().filter(member=OuterRef("pk")))
    mentors = Exists(Mentor.objects.filter(member=OuterRef("pk")))
    return Member.objects.here().filter(Q(role__in=STAFF) | Q(leads) | Q(mentors))


def may_keep_hours(member: Member) -> bool:
    return keepers().filter(pk=member.pk).exists()


def require_keeper(member: Member) -> None:
    """Raises Http404: whoever keeps no hours doesn't know of the pages for it."""
    if not may_keep_hours(member):
        raise Http404


def groups_to_open_for(member: Member) -> QuerySet[Group]:
    """Staff for every group, others for their own."""
    groups = groups_for(member).filter(closed_at__isnull=True)
    return groups if member.role in STAFF else groups.of(member)


def may_open_to_all(member: Member) -> bool:
    """Mentors are known in their groups, and are there for those."""
    return member.role in STAFF or facilitating().filter(member=member).exists()


# --- slots -----------------------------------------------------------------------------------------------------------


def busy(who: str) -> Exists:
    """Whether the member that `who` names on a slot's row holds something then, or said that they come to it.

    What lasts whole days takes nobody's hours.
    """
    then = Occurrence.objects.filter(
        starts_at__lt=OuterRef("ends_at"),
        ends_at__gt=OuterRef("starts_at"),
        cancelled_at__isnull=True,
        event__cancelled_at__isnull=True,
        event__time__isnull=False,
    )
    return Exists(then.filter(_takes_part(OuterRef(OuterRef(who)))))


def _takes_part(member: Member | OuterRef) -> Q:
    hosts = Host.objects.filter(event=OuterRef("event"), member=member)
    comes = Answer.objects.filter(occurrence=OuterRef("pk"), member=member, says=Answer.Says.YES)
    return Q(Exists(hosts)) | Q(Exists(comes))


def in_the_way(member: Member, slot: Slot, *, but: Booking | None = None) -> Occurrence | None:
    """What the member has at the time of a slot; not counting a booking that is about to move."""
    then = Occurrence.objects.filter(
        _takes_part(member),
        starts_at__lt=slot.ends_at,
        ends_at__gt=slot.starts_at,
        cancelled_at__isnull=True,
        event__cancelled_at__isnull=True,
        event__time__isnull=False,
    )
    if but is not None:
        then = then.exclude(event=but.event_id)
    return then.select_related("event").order_by("starts_at", "pk").first()


def slots_meant_for(member: Member) -> QuerySet[Slot]:
    """Also those that are taken: of people who may keep hours there, and with whom no block stands between."""
    mine = groups_for(member).of(member).filter(closed_at__isnull=True).values("pk")
    there = Membership.objects.filter(group=OuterRef("hours__group"), member=OuterRef("keeper"))
    meant = Q(hours__group__in=mine) & (Q(Exists(there)) | Q(keeper__role__in=STAFF))
    if member.role != Member.Role.FAMILY:
        meant |= Q(hours__group__isnull=True)
    return (
        Slot.objects.filter(meant, keeper__in=keepers())
        .exclude(keeper=member)
        .exclude(keeper__in=Block.objects.filter(by=member).values("whom"))
        .exclude(keeper__in=Block.objects.filter(whom=member).values("by"))
        .order_by("starts_at", "pk")
    )


def slots_for(member: Member, at: datetime) -> QuerySet[Slot]:
    """The free ones: ahead, not closed, not taken, and their keeper has nothing else then."""
    taken = Booking.objects.filter(slot=OuterRef("pk"), ended_at__isnull=True)
    ahead = slots_meant_for(member).filter(closed_at__isnull=True, starts_at__gt=at)
    return ahead.exclude(Exists(taken)).exclude(busy("keeper"))


@dataclass(frozen=True, slots=True)
class WithTimes:
    """Someone with free times: how many, and the first."""

    person: Member
    first: datetime
    count: int


def people_with_times(member: Member, at: datetime) -> list[WithTimes]:
    """Who is free soonest comes first; two queries."""
    counted = (
        slots_for(member, at).order_by().values("keeper").annotate(first=Min("starts_at"), count=Count("pk"))
    )
    rows = sorted(counted, key=lambda row: (row["first"], row["keeper"]))
    people = Member.objects.in_bulk([row["keeper"] for row in rows])
    return [WithTimes(people[row["keeper"]], row["first"], row["count"]) for row in rows]


def person_for(member: Member, public_id: str, at: datetime) -> Member:
    """Someone with whom the member may find times, be there none left: they see free ones, have booked one, or see
    their profile. Raises Http404."""
    person = Member.objects.here().filter(public_id=public_id).exclude(pk=member.pk).first()
    if person is None:
        raise Http404
    known = (
        slots_with(member, person, at).exists()
        or booked_with(member, person, at).exists()
        or profiles_for(member).filter(pk=person.pk).exists()
    )
    if not known:
        raise Http404
    return person


def slots_with(member: Member, person: Member, at: datetime) -> QuerySet[Slot]:
    return slots_for(member, at).filter(keeper=person).select_related("hours__group")


def slot_for(member: Member, pk: int) -> Slot:
    """A time that is meant for the member, be it free or just taken. Raises Http404."""
    found = slots_meant_for(member).filter(pk=pk).select_related("keeper", "hours").first()
    if found is None:
        raise Http404
    return found


def way_to(member: Member, slot: Slot, at: datetime, *, moving: Booking | None = None) -> Way:
    """Whether the member may book this time. What counts is counted while both people's rows are locked."""
    if not slots_for(member, at).filter(pk=slot.pk).exists():
        return Way.TAKEN
    ahead = bookings_ahead(at).filter(member=member)
    if moving is None and ahead.filter(slot__keeper=slot.keeper_id).exists():
        return Way.WITH_THEM
    if moving is None and ahead.count() >= AT_ONE_TIME:
        return Way.ENOUGH
    return Way.BUSY if in_the_way(member, slot, but=moving) else Way.OPEN


# --- bookings --------------------------------------------------------------------------------------------------------


def bookings_ahead(at: datetime) -> QuerySet[Booking]:
    """Those that stand and are not over."""
    return Booking.objects.filter(ended_at__isnull=True, slot__ends_at__gt=at)


def booked_with(member: Member, person: Member, at: datetime) -> QuerySet[Booking]:
    return bookings_ahead(at).filter(member=member, slot__keeper=person)


def bookings_of(member: Member, at: datetime) -> QuerySet[Booking]:
    """What the member has booked, and what others have booked with them."""
    mine = bookings_ahead(at).filter(Q(member=member) | Q(slot__keeper=member))
    return mine.select_related("slot__keeper", "member", "event").order_by("slot__starts_at", "pk")


def booking_for(member: Member, pk: int) -> Booking:
    """For the two whose it is. Raises Http404."""
    mine = Booking.objects.filter(Q(member=member) | Q(slot__keeper=member))
    found = mine.select_related("slot__keeper", "slot__hours", "member", "event").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def booking_to_move(member: Member, pk: int) -> Booking:
    """Whoever booked it moves it; the other cancels. Raises Http404, PermissionDenied."""
    booking = booking_for(member, pk)
    if booking.member_id != member.pk:
        raise PermissionDenied
    return booking


def occurrence_of(booking: Booking) -> Occurrence:
    return booking.event.occurrences.select_related("event").get()


def other_than(member: Member, booking: Booking) -> Member:
    return booking.member if booking.slot.keeper_id == member.pk else booking.slot.keeper


def booking_behind(event_id: int) -> Booking | None:
    return Booking.objects.filter(event=event_id).first()


def left_hanging(at: datetime) -> QuerySet[Booking]:
    """Bookings ahead of which one of the two isn't here any more: paused, suspended, or gone."""
    ahead = Booking.objects.filter(ended_at__isnull=True, slot__starts_at__gt=at)
    away = ~here("member__") | ~here("slot__keeper__")
    return ahead.filter(away).select_related("member", "slot__keeper", "event")


def between(one: Member, other: Member) -> QuerySet[Booking]:
    """All that the two have ever agreed on."""
    either = Q(member=one, slot__keeper=other) | Q(member=other, slot__keeper=one)
    return Booking.objects.filter(either).select_related("member", "slot__keeper", "event__group")


# --- the keeper's own ------------------------------------------------------------------------------------------------


def own_slots(keeper: Member, at: datetime) -> QuerySet[Slot]:
    """Times of one's own that are ahead, each with its standing booking in `.booked`; two queries."""
    standing = Booking.objects.filter(ended_at__isnull=True).select_related("member")
    return (
        Slot.objects.filter(keeper=keeper, ends_at__gt=at, closed_at__isnull=True)
        .select_related("hours__group")
        .prefetch_related(Prefetch("bookings", standing, to_attr="booked"))
        .annotate(elsewhere=busy("keeper"))
        .order_by("starts_at", "pk")
    )


def own_hours(keeper: Member, at: datetime) -> QuerySet[Hours]:
    """What one has opened, as far as some of it is ahead and not closed; `count` and `taken` count its times."""
    ahead = Q(slots__closed_at__isnull=True, slots__starts_at__gt=at)
    standing = Booking.objects.filter(slot=OuterRef("slots"), ended_at__isnull=True)
    taken = Count("slots", filter=ahead & Q(Exists(standing)))
    return (
        Hours.objects.filter(keeper=keeper)
        .select_related("group")
        .annotate(count=Count("slots", filter=ahead), taken=taken)
        .filter(count__gt=0)
        .order_by("day", "starts", "pk")
    )


def hours_to_close(keeper: Member, pk: int) -> Hours:
    """Raises Http404."""
    found = Hours.objects.filter(keeper=keeper, pk=pk).select_related("group").first()
    if found is None:
        raise Http404
    return found


def slot_to_close(keeper: Member, pk: int) -> Slot:
    """Raises Http404."""
    found = Slot.objects.filter(keeper=keeper, pk=pk).first()
    if found is None:
        raise Http404
    return found


# --- mentors ---------------------------------------------------------------------------------------------------------


def mentors_for(member: Member) -> QuerySet[Mentor]:
    """Those whom the member may name: for stewards everyone, for facilitators the people of their groups.

    Raises Http404 for everyone else.
    """
    return Mentor.objects.filter(here("member__"), member__in=people_to_name(member)).select_related(
        "member", "named_by"
    )


def people_to_name(member: Member) -> QuerySet[Member]:
    """Raises Http404."""
    people = Member.objects.here().exclude(pk=member.pk).exclude(role=Member.Role.FAMILY)
    if member.role == Member.Role.STEWARD:
        return people
    if not may_name_mentors(member):
        raise Http404
    led = facilitating().filter(member=member).values("group")
    return people.filter(memberships__group__in=led).distinct()


def may_name_mentors(member: Member) -> bool:
    return member.role == Member.Role.STEWARD or facilitating().filter(member=member).exists()


def mentor_to_end(member: Member, public_id: str) -> Mentor:
    """Raises Http404."""
    found = mentors_for(member).filter(member__public_id=public_id).first()
    if found is None:
        raise Http404
    return found

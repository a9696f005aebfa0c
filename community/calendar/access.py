"""Who may know of an event, schedule one, and change it: the only place that decides."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import Http404

from community.calendar.models import Answer, Event, Host, Occurrence
from community.groups.access import groups_for
from community.groups.models import Group, Membership
from community.members.models import Member

KEEPS_A_CALENDAR = {Member.Role.STEWARD, Member.Role.CLINICIAN}


def events_for(member: Member) -> QuerySet[Event]:
    if member.role == Member.Role.STEWARD:
        return Event.objects.all()
    open_to = [Event.Audience.FAMILY, Event.Audience.PUBLIC]
    if member.role != Member.Role.FAMILY:
        open_to.append(Event.Audience.ALUMNI)
    mine = groups_for(member).of(member).values("pk")
    hosting = Host.objects.filter(member=member).values("event_id")
    for_groups = Q(audience=Event.Audience.GROUP, group_id__in=mine)
    return Event.objects.filter(Q(audience__in=open_to) | for_groups | Q(pk__in=hosting))


def occurrences_for(member: Member) -> QuerySet[Occurrence]:
    """With all that a line of the calendar shows, in three queries however many there are."""
    hosts = Host.objects.select_related("member")
    mine = Answer.objects.filter(member=member)
    return (
        Occurrence.objects.filter(event__in=events_for(member))
        .select_related("event", "event__kind", "event__group")
        .prefetch_related(
            Prefetch("event__hosts", hosts, to_attr="people"), Prefetch("answers", mine, to_attr="own")
        )
        .annotate(taken=Count("answers", filter=Q(answers__seat=Answer.Seat.TAKEN)))
    )


def occurrence_for(member: Member, pk: int) -> Occurrence:
    """Raises Http404."""
    found = occurrences_for(member).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def occurrence_to_keep(member: Member, pk: int) -> Occurrence:
    """An occurrence that the member may change. Raises Http404, PermissionDenied."""
    occurrence = occurrence_for(member, pk)
    if not keeps(member, occurrence.event):
        raise PermissionDenied
    return occurrence


def keeps(member: Member, event: Event) -> bool:
    """Its hosts, the facilitators of its group, whoever made it, and the stewards."""
    if member.role == Member.Role.STEWARD:
        return True
    if event.made_by_id == member.pk and may_schedule(member):
        return True
    if Host.objects.filter(event=event, member=member).exists():
        return True
    return event.group_id is not None and facilitated_by(member).filter(pk=event.group_id).exists()


def facilitated_by(member: Member) -> QuerySet[Group]:
    led = Membership.objects.filter(member=member, role=Membership.Role.FACILITATOR).values("group_id")
    return groups_for(member).filter(pk__in=led)


def may_schedule(member: Member) -> bool:
    return member.role in KEEPS_A_CALENDAR or facilitated_by(member).exists()


def groups_to_schedule_for(member: Member) -> QuerySet[Group]:
    return groups_for(member) if member.role in KEEPS_A_CALENDAR else facilitated_by(member)


def require_scheduler(member: Member) -> None:
    """Raises PermissionDenied."""
    if not may_schedule(member):
        raise PermissionDenied


def between(occurrences: QuerySet[Occurrence], since: datetime, until: datetime) -> QuerySet[Occurrence]:
    return occurrences.filter(ends_at__gt=since, starts_at__lt=until)


def double_booked(event: Event, since: datetime, until: datetime) -> list[tuple[Occurrence, Occurrence]]:
    """Pairs of this event's dates and others at the same time with the same host."""
    busy = list(Host.objects.filter(event=event).values_list("member_id", flat=True))
    others = list(
        between(Occurrence.objects.filter(event__hosts__member__in=busy), since, until)
        .exclude(event=event)
        .filter(cancelled_at__isnull=True, event__cancelled_at__isnull=True)
        .select_related("event")
        .distinct()
    )
    ours = between(event.occurrences.filter(cancelled_at__isnull=True), since, until)
    return [
        (mine, other)
        for mine in ours
        for other in others
        if mine.starts_at < other.ends_at and other.starts_at < mine.ends_at
    ]

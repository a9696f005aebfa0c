"""Who may know of an event, schedule one, and change it: the only place that decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import Http404

from community.calendar.doors import OPEN_BEFORE
from community.calendar.models import Answer, Event, Feed, Host, Kind, MeetingElsewhere, Occurrence, Source
from community.groups.access import groups_for
from community.groups.models import Group, Membership
from community.members.access import profiles_for
from community.members.models import Member, here

# Something that started this long ago still counts as starting now.
JUST_STARTED = timedelta(minutes=10)
SOON = timedelta(hours=3)
WEEK = timedelta(days=7)
# What `occurrences_for` fills, as the models declare it.
PEOPLE: str = "people"
OWN: str = "own"
TAKEN: str = "taken"
LOOK_AHEAD, WARNINGS = 60, 3
# Where two events can meet, and how it is called.
PLACES = {"link": "its link", "phone": "its phone number", "address": "its address"}
KEEPS_A_CALENDAR = {Member.Role.STEWARD, Member.Role.CLINICIAN}


def events_for(member: Member) -> QuerySet[Event]:
    """What is between two people is known to those two, and to no steward."""
    inside = Membership.objects.filter(member=member).values("group_id")
    hosting = Host.objects.filter(member=member).values("event_id")
    between_two = Q(group__kind=Group.Kind.MEETING)
    agreed = Answer.objects.filter(member=member, occurrence__event__group__kind=Group.Kind.MEETING)
    party = Q(group_id__in=inside) | Q(pk__in=hosting) | Q(pk__in=agreed.values("occurrence__event_id"))
    if member.role == Member.Role.STEWARD:
        return Event.objects.filter(~between_two | party)
    open_to = [Event.Audience.FAMILY, Event.Audience.PUBLIC]
    if member.role != Member.Role.FAMILY:
        open_to.append(Event.Audience.ALUMNI)
    mine = groups_for(member).of(member).values("pk")
    for_groups = Q(audience=Event.Audience.GROUP, group_id__in=mine)
    others = Q(audience__in=open_to) | for_groups | Q(pk__in=hosting)
    return Event.objects.filter((~between_two & others) | (between_two & party))


def occurrences_for(member: Member) -> QuerySet[Occurrence]:
    """With all that a line of the calendar shows, in three queries however many there are."""
    hosts = Prefetch("event__hosts", Host.objects.in_order().filter(here("member__")), to_attr=PEOPLE)
    mine = Prefetch("answers", Answer.objects.filter(member=member), to_attr=OWN)
    counted = {TAKEN: Count("answers", filter=Q(answers__seat=Answer.Seat.TAKEN))}
    return (
        Occurrence.objects.filter(event__in=events_for(member))
        .select_related("event", "event__kind", "event__group")
        .prefetch_related(hosts, mine)
        .annotate(**counted)
        .order_by("starts_at", "pk")
    )


def occurrence_for(member: Member, pk: int) -> Occurrence:
    """Raises Http404."""
    found = occurrences_for(member).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def occurrence_to_answer(member: Member, pk: int) -> Occurrence:
    """What two people agreed on is moved or cancelled, not answered. Raises Http404."""
    occurrence = occurrence_for(member, pk)
    if occurrence.event.between_two:
        raise Http404
    return occurrence


def occurrence_to_keep(member: Member, pk: int) -> Occurrence:
    """An occurrence that the member may change. Raises Http404, PermissionDenied."""
    occurrence = occurrence_for(member, pk)
    if not keeps(member, occurrence.event):
        raise PermissionDenied
    return occurrence


def keeps(member: Member, event: Event) -> bool:
    """Its hosts, the facilitators of its group, whoever made it, and the stewards; of what is between two, nobody."""
    if event.between_two:
        return False
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


def looked_for(
    occurrences: QuerySet[Occurrence], member: Member, chosen: Mapping[str, Any], now: datetime
) -> QuerySet[Occurrence]:
    """By kind, by group, one's own, and what is on now or starts soon."""
    if chosen["kind"]:
        occurrences = occurrences.filter(event__kind=chosen["kind"])
    if chosen["group"]:
        occurrences = occurrences.filter(event__group=chosen["group"])
    if chosen["mine"]:
        coming = Answer.objects.filter(occurrence=OuterRef("pk"), member=member).exclude(says=Answer.Says.NO)
        hosting = Host.objects.filter(event=OuterRef("event"), member=member)
        occurrences = occurrences.filter(Q(Exists(coming)) | Q(Exists(hosting)))
    if chosen["now"]:
        on_or_just_begun = Q(ends_at__gt=now) | Q(starts_at__gte=now - JUST_STARTED)
        occurrences = occurrences.filter(on_or_just_begun, starts_at__lte=now + SOON)
    return occurrences


def next_dates(member: Member, one: Occurrence) -> QuerySet[Occurrence]:
    """The three dates of the series after this one."""
    return occurrences_for(member).filter(event_id=one.event_id, starts_at__gt=one.starts_at)[:3]


def soon_for(member: Member, now: datetime, *, most: int) -> list[Occurrence]:
    """What is on or comes next within a week, one date an event."""
    ahead = occurrences_for(member).filter(
        ends_at__gt=now,
        starts_at__lt=now + WEEK,
        cancelled_at__isnull=True,
        event__cancelled_at__isnull=True,
    )
    found: dict[int, Occurrence] = {}
    for one in ahead[:LOOK_AHEAD]:
        found.setdefault(one.event_id, one)
    on = sum(one.starts_at <= now + OPEN_BEFORE for one in found.values())
    return list(found.values())[: on + most]


def who_comes(member: Member, one: Occurrence) -> QuerySet[Answer]:
    """For its keepers; others see only a number."""
    answers = Answer.objects.filter(here("member__"), occurrence=one).exclude(says=Answer.Says.NO)
    if not keeps(member, one.event):
        return answers.none()
    return answers.select_related("member").order_by("-says", "queued_at", "pk")


def people_to_host_with(member: Member) -> QuerySet[Member]:
    """Those whom one shares a group with."""
    return profiles_for(member)


def feed_of(member: Member) -> Feed | None:
    return Feed.objects.filter(member=member).first()


@dataclass(frozen=True, slots=True)
class Clash:
    """Two dates at one time, and what they share: "a host", or a place. `known` is whether the reader may know of the
    other one."""

    mine: Occurrence
    other: Occurrence
    shares: str
    known: bool


def double_booked(event: Event, now: datetime, *, reader: Member) -> list[Clash]:
    """The next few of this event's dates that lie at the time of another event with one of its hosts, or at its place.

    Three queries.
    """
    standing = event.occurrences.filter(cancelled_at__isnull=True, ends_at__gt=now)
    ours = list(standing.order_by("starts_at")[:LOOK_AHEAD])
    if not ours:
        return []
    around = between(
        Occurrence.objects.filter(cancelled_at__isnull=True),
        ours[0].starts_at,
        max(one.ends_at for one in ours),
    )
    sharing = _sharing(event, around, reader)
    found = list(
        around.filter(event__in=sharing).select_related("event").order_by("starts_at", "pk")
        if sharing
        else ()
    )
    clashes = [
        next(
            (
                Clash(one, other, *sharing[other.event_id])
                for other in found
                if one.starts_at < other.ends_at and other.starts_at < one.ends_at
            ),
            None,
        )
        for one in ours
    ]
    return [clash for clash in clashes if clash is not None][:WARNINGS]


def _sharing(event: Event, around: QuerySet[Occurrence], reader: Member) -> dict[int, tuple[str, bool]]:
    """Other events with a date in the time looked at, by primary key: what they share with this one, if anything."""
    places = {name: _bare(getattr(event, name)) for name in PLACES if _bare(getattr(event, name))}
    held = Q(held=True)
    for name in places:
        held |= ~Q(**{name: ""})
    others = (
        Event.objects.filter(Exists(around.filter(event=OuterRef("pk"))), cancelled_at__isnull=True)
        .exclude(pk=event.pk)
        .annotate(
            held=Exists(Host.objects.filter(event=OuterRef("pk"), member__in=event.hosts.values("member"))),
            known=Exists(events_for(reader).filter(pk=OuterRef("pk"))),
        )
        .filter(held)
        .values("pk", "held", "known", *PLACES)
    )
    found = {}
    for other in others:
        same = [PLACES[name] for name, place in places.items() if _bare(other[name]) == place]
        if other["held"] or same:
            found[other["pk"]] = ("a host" if other["held"] else same[0], other["known"])
    return found


def _bare(place: str) -> str:
    """A place as it is compared: without case and spaces."""
    return "".join(place.casefold().split())


def kinds_in_use() -> QuerySet[Kind]:
    """With how many events are of each; what two people have booked is not counted, and keeps its kind in use."""
    told = Count("events", filter=~Q(events__group__kind=Group.Kind.MEETING))
    used = Exists(Event.objects.filter(kind=OuterRef("pk")))
    return Kind.objects.annotate(count=told, used=used).order_by("order", "name")


def usual_kind() -> Kind:
    """What an event is when nothing says it, as in a file. Raises Kind.DoesNotExist for a calendar without kinds."""
    return Kind.objects.filter(slug="group-session").first() or Kind.objects.earliest("order")


def public_meetings() -> QuerySet[Event]:
    """What the house has put on the public list."""
    return Event.objects.filter(audience=Event.Audience.PUBLIC, cancelled_at__isnull=True).order_by(
        "day", "time", "pk"
    )


def meetings_elsewhere() -> QuerySet[MeetingElsewhere]:
    return MeetingElsewhere.objects.select_related("source")


def sources_for(member: Member) -> QuerySet[Source]:
    """For stewards, who alone take in and let go what others hold."""
    if member.role != Member.Role.STEWARD:
        raise Http404
    return Source.objects.annotate(count=Count("meetings"))

"""Who comes in to a meeting, who holds it, and how its door stands: the only place that decides."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils import timezone

from community.calendar.access import occurrence_for
from community.calendar.models import Answer, Event, Host, Occurrence
from community.groups.access import Standing
from community.groups.models import Membership
from community.house.access import house
from community.members.models import Member, here
from moderation.sanctions.models import Restriction
from sessions.meetings.models import Arrival, Entry, HelpCall, Meeting
from sessions.rooms.models import Room, Stay

FACILITATOR, MODERATOR = Membership.Role.FACILITATOR, Membership.Role.MODERATOR
STAYS_OPEN = timedelta(minutes=30)
# Whoever was not seen at the door for so long has gone again.
AT_THE_DOOR = timedelta(minutes=2)
WHOLE = ("occurrence__event__group", "group", "room__group", "chair")


class Door(Enum):
    """How the door of a meeting stands for one person. `MAY_ENTER`: whoever comes now is let in, or waits in line."""

    NOT_YET = "not_yet"
    WAITING = "waiting"
    MAY_ENTER = "may_enter"
    IN = "in"
    TURNED_AWAY = "turned_away"
    OVER = "over"
    CANCELLED = "cancelled"


class Part(StrEnum):
    """What someone is in a meeting. A facilitator of the event's group, or who steps in, is as a co-host."""

    HOST = "host"
    COHOST = "cohost"
    GREETER = "greeter"
    KEEPER = "keeper"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Visit:
    """A meeting as one person finds it. `meeting` is None until a little before it starts."""

    occurrence: Occurrence
    meeting: Meeting | None
    part: Part
    arrival: Arrival | None
    state: Door
    place_in_line: int = 0
    waiting: int = 0
    no_host: bool = False
    may_step_in: bool = False

    @property
    def chairs(self) -> bool:
        return self.part in {Part.HOST, Part.COHOST}

    @property
    def greets(self) -> bool:
        return self.part != Part.PERSON


def meeting_for(member: Member, pk: int, at: datetime | None = None) -> Visit:
    """The meeting of an occurrence that the member may know of. Raises Http404."""
    at = at or timezone.now()
    occurrence = occurrence_for(member, pk)
    event = occurrence.event
    if not (event.here or event.link):
        raise Http404
    meeting = Meeting.objects.select_related(*WHOLE).filter(occurrence=occurrence).first()
    role = _role_in(member, meeting, event)
    part = _part(member, event, role)
    if meeting is None:
        return Visit(occurrence, None, part, None, _before_it_is_made(occurrence, at))
    arrival = Arrival.objects.filter(meeting=meeting, member=member).first()
    state = _state(member, occurrence, meeting, arrival, role)
    open_now = state in {Door.WAITING, Door.MAY_ENTER, Door.IN}
    no_host = open_now and meeting.no_host_at is not None and meeting.chair_id is None
    return Visit(
        occurrence,
        meeting,
        part,
        arrival,
        state,
        place_in_line=place_in_line(arrival) if state is Door.WAITING and arrival else 0,
        waiting=lobby_line(meeting).count() if open_now else 0,
        no_host=no_host,
        may_step_in=no_host and may_step_in(member, meeting, at),
    )


def _before_it_is_made(occurrence: Occurrence, at: datetime) -> Door:
    if occurrence.gone:
        return Door.CANCELLED
    return Door.NOT_YET if at < occurrence.ends_at else Door.OVER


def _state(
    member: Member, occurrence: Occurrence, meeting: Meeting, arrival: Arrival | None, role: str | None
) -> Door:
    if occurrence.gone:
        return Door.CANCELLED
    if meeting.closed_at is not None:
        return Door.OVER
    if meeting.opened_at is None:
        return Door.NOT_YET
    if barred(member, meeting) or (arrival is not None and arrival.turned_away_at is not None):
        return Door.TURNED_AWAY
    if role is not None:
        return Door.IN
    if arrival is not None and arrival.admitted_at is None:
        return Door.WAITING
    return Door.MAY_ENTER


def _role_in(member: Member, meeting: Meeting | None, event: Event) -> str | None:
    """In the group of those who are let in; before there is a meeting, an hour that is booked has one already."""
    group = meeting.group_id if meeting else event.group_id if event.between_two else None
    return Membership.objects.filter(member=member, group=group).values_list("role", flat=True).first()


def _part(member: Member, event: Event, role: str | None) -> Part:
    hosting = Host.objects.filter(event=event, member=member).values_list("role", flat=True).first()
    if hosting is not None:
        return Part(hosting) if role != FACILITATOR or hosting != Host.Role.GREETER else Part.COHOST
    keeping = role
    if keeping is None and event.group_id is not None:
        mine = Membership.objects.filter(member=member, group=event.group_id)
        keeping = mine.values_list("role", flat=True).first()
    match keeping:
        case Membership.Role.FACILITATOR:
            return Part.COHOST
        case Membership.Role.MODERATOR:
            return Part.KEEPER
        case _:
            return Part.PERSON


def doors_of(occurrences: Collection[Occurrence]) -> Mapping[int, str]:
    """The page of the door, for dates that are held here or behind a link. No queries."""
    return {
        one.pk: reverse("meetings:door", args=[one.pk])
        for one in occurrences
        if one.event.here or one.event.link
    }


def ended_early(places: Collection[int]) -> set[int]:
    """Those of the occurrences whose meeting was closed. One query."""
    closed = Meeting.objects.filter(occurrence__in=places, closed_at__isnull=False)
    return {place for place in closed.values_list("occurrence", flat=True) if place is not None}


def planned_with(engine: str, at: datetime) -> bool:
    """Whether anything to come is held by this engine."""
    ahead = Occurrence.objects.filter(
        ends_at__gt=at, cancelled_at__isnull=True, event__cancelled_at__isnull=True
    )
    here = Q(event__here=True)
    held = here if engine == Meeting.Engine.TEXT else ~here & ~Q(event__link="")
    return ahead.filter(held).exists()


def links_of(room: Room, member: Member, standing: Standing) -> dict[str, str | None] | None:
    """From a meeting's room to its other pages; None for a room that is no meeting's. Two queries at most."""
    meeting = Meeting.objects.select_related("occurrence").filter(room=room).first()
    if meeting is None or meeting.occurrence is None:
        return None
    place = [meeting.occurrence_id]
    greets = Host.objects.filter(event=meeting.occurrence.event_id, member=member, role=Host.Role.GREETER)
    holds = standing.keeps_order or greets.exists()
    return {
        "chair": reverse("meetings:chair", args=place) if holds else None,
        "help": reverse("meetings:help", args=place) if meeting.closed_at is None else None,
        "door": reverse("meetings:door", args=place),
        "name": meeting.occurrence.name,
    }


# --- coming in -----------------------------------------------------------------------------------------------------


def barred(member: Member, meeting: Meeting) -> bool:
    """Whether they were removed from the meeting, or from the group whose meeting it is."""
    return bool(barred_among([member.pk], meeting))


def barred_among(member_ids: Collection[int], meeting: Meeting) -> set[int]:
    scopes = [meeting.group.tag]
    if meeting.occurrence is not None and meeting.occurrence.event.group is not None:
        scopes.append(meeting.occurrence.event.group.tag)
    removals = Restriction.objects.in_force(timezone.now()).filter(
        member_id__in=member_ids, kind=Restriction.Kind.REMOVAL, scope__in=scopes
    )
    return set(removals.values_list("member_id", flat=True))


def comes_straight_in(member: Member, meeting: Meeting) -> bool:
    """Whether nobody has to let them in: who is in already; where entry is open, whom it is for and who has a seat."""
    if Membership.objects.filter(member=member, group=meeting.group_id).exists():
        return True
    if meeting.entry != Entry.OPEN or meeting.occurrence is None:
        return False
    event = meeting.occurrence.event
    # A steward may know of every event; that alone opens no door.
    if event.audience == Event.Audience.GROUP and not _belongs(member, event):
        return False
    if event.capacity is None:
        return True
    seat = Answer.objects.filter(occurrence=meeting.occurrence_id, member=member, seat=Answer.Seat.TAKEN)
    return seat.exists()


def _belongs(member: Member, event: Event) -> bool:
    return Membership.objects.filter(member=member, group=event.group_id).exists()


def lobby_line(meeting: Meeting) -> QuerySet[Arrival]:
    """Who waits, first come first; who has paused or was suspended meanwhile waits no more."""
    waiting = Arrival.objects.filter(
        here("member__"), meeting=meeting, admitted_at__isnull=True, turned_away_at__isnull=True
    )
    return waiting.order_by("came_at", "pk")


def lobby_of(meeting: Meeting) -> list[Arrival]:
    return list(lobby_line(meeting).select_related("member"))


def turned_away_from(meeting: Meeting) -> list[Arrival]:
    """Whom somebody turned away at the door, the last first."""
    away = Arrival.objects.filter(here("member__"), meeting=meeting, turned_away_at__isnull=False)
    return list(away.select_related("member").order_by("-turned_away_at", "-pk"))


def place_in_line(arrival: Arrival) -> int:
    """1 for who is next."""
    ahead = Q(came_at__lt=arrival.came_at) | Q(came_at=arrival.came_at, pk__lt=arrival.pk)
    return lobby_line(arrival.meeting).filter(ahead).count() + 1


def open_calls(meeting: Meeting) -> list[HelpCall]:
    calls = HelpCall.objects.filter(meeting=meeting, answered_at__isnull=True)
    return list(calls.select_related("member").order_by("at", "pk"))


# --- holding it ----------------------------------------------------------------------------------------------------


def meeting_to_chair(member: Member, pk: int) -> Meeting:
    """For its hosts and co-hosts, the facilitators of its group, and who steps in. Raises Http404, PermissionDenied."""
    return _meeting_as(member, pk, {FACILITATOR})


def meeting_to_greet(member: Member, pk: int) -> Meeting:
    """Also for greeters and the moderators of its group. Raises Http404, PermissionDenied."""
    return _meeting_as(member, pk, {FACILITATOR, MODERATOR}, also_greeters=True)


def _meeting_as(member: Member, pk: int, roles: Collection[str], *, also_greeters: bool = False) -> Meeting:
    visit = meeting_for(member, pk)
    meeting = visit.meeting
    if meeting is None or visit.state is Door.TURNED_AWAY:
        raise Http404
    role = _role_in(member, meeting, visit.occurrence.event)
    if role not in roles and not (also_greeters and visit.part is Part.GREETER):
        raise PermissionDenied
    return meeting


def call_to_answer(member: Member, pk: int, call_pk: int) -> HelpCall:
    """A private call, for those who may chair. Raises Http404, PermissionDenied."""
    meeting = meeting_to_chair(member, pk)
    found = HelpCall.objects.select_related("meeting", "member").filter(meeting=meeting, pk=call_pk).first()
    if found is None:
        raise Http404
    return found


def person_at(meeting: Meeting, public_id: str) -> Member:
    """Someone at the door of a meeting or in it. Raises Http404."""
    at_the_door = Q(pk__in=Arrival.objects.filter(meeting=meeting).values("member"))
    inside = Q(memberships__group=meeting.group_id)
    found = Member.objects.here().filter(at_the_door | inside, public_id=public_id).distinct().first()
    if found is None:
        raise Http404
    return found


def chairs_of(meeting: Meeting) -> list[Member]:
    """Who may lead: the host first, then co-hosts, then the other facilitators by when they came in."""
    led = Membership.objects.filter(here("member__"), group=meeting.group_id, role=FACILITATOR)
    people = [each.member for each in led.select_related("member").order_by("joined_at", "pk")]
    if meeting.occurrence is None:
        return people
    hosts = Host.objects.filter(event=meeting.occurrence.event_id).in_order()
    rank = {host.member_id: place for place, host in enumerate(hosts)}
    return sorted(people, key=lambda person: rank.get(person.pk, len(rank)))


# --- when no host comes --------------------------------------------------------------------------------------------


def may_step_in(member: Member, meeting: Meeting, at: datetime) -> bool:
    """A moderator or greeter; if none of them is there, anyone who is there and not new here."""
    if not member.is_here:
        return False
    if member.pk in _trusted(meeting):
        return True
    there = people_there(meeting, at)
    if member.pk not in there or member.joined_at > at - timedelta(days=house().newcomer_days):
        return False
    return not (there & _trusted(meeting))


def _trusted(meeting: Meeting) -> set[int]:
    keepers = Membership.objects.filter(
        here("member__"), group=meeting.group_id, role__in=[MODERATOR, FACILITATOR]
    )
    found = set(keepers.values_list("member_id", flat=True))
    if meeting.occurrence is not None:
        greeters = Host.objects.filter(here("member__"), event=meeting.occurrence.event_id)
        found |= set(greeters.values_list("member_id", flat=True))
    return found


def people_there(meeting: Meeting, at: datetime) -> set[int]:
    """Primary keys of those at the door or in the room a moment ago."""
    lately = at - AT_THE_DOOR
    door = Arrival.objects.filter(meeting=meeting, seen_at__gte=lately, turned_away_at__isnull=True)
    inside = Stay.objects.filter(room=meeting.room_id, left_at__isnull=True, seen_at__gte=lately)
    return set(door.values_list("member_id", flat=True)) | set(inside.values_list("member_id", flat=True))

"""At the door: coming, being let in, being turned away. Whoever decides first has decided."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from community.groups.models import Membership
from community.members.models import Member
from moderation.audit.actions import Subject, record, trail
from moderation.audit.verbs import Verb
from sessions.meetings.access import barred, comes_straight_in, lobby_line
from sessions.meetings.actions.held import WITH, scope_of
from sessions.meetings.actions.refusals import NotInside, NotOpen
from sessions.meetings.models import Arrival, Meeting


@transaction.atomic
def arrive(*, meeting: Meeting, member: Member, at: datetime) -> Arrival:
    """Come to the door: straight in where entry is open and there is a seat, else to the end of the line.

    Coming again keeps one's place. Whoever was turned away, or removed, stays outside. Raises NotOpen.
    """
    meeting = _open(meeting)
    arrival, _ = Arrival.objects.get_or_create(
        meeting=meeting, member=member, defaults={"came_at": at, "seen_at": at}
    )
    note_seen(meeting=meeting, member=member, at=at)
    came_in = arrival.admitted_at is not None or comes_straight_in(member, meeting)
    if came_in and arrival.turned_away_at is None and not barred(member, meeting):
        _waiting(arrival).update(admitted_at=at)
        _let_in(arrival, at)
    arrival.refresh_from_db()
    return arrival


def note_seen(*, meeting: Meeting, member: Member, at: datetime) -> None:
    """Someone at the door still looks at it: moderators and helpers among them may be asked to open."""
    Arrival.objects.filter(meeting=meeting, member=member, seen_at__lt=at).update(seen_at=at)


@transaction.atomic
def admit(*, meeting: Meeting, member: Member, by: Member, at: datetime) -> Arrival:
    """Let in someone who waits. What was decided about them before, by whomever, stands.

    Raises NotOpen, NotInside for someone who does not wait and never did.
    """
    meeting = _open(meeting)
    arrival = Arrival.objects.select_related("member").filter(meeting=meeting, member=member).first()
    if arrival is None or not arrival.member.is_here or barred(member, meeting):
        raise NotInside
    if _waiting(arrival).update(admitted_at=at, admitted_by=by):
        _let_in(arrival, at)
    arrival.refresh_from_db()
    return arrival


@transaction.atomic
def admit_all(*, meeting: Meeting, by: Member, at: datetime) -> int:
    """Let in everyone who waits, in order; how many. Raises NotOpen."""
    meeting = _open(meeting)
    let_in = 0
    for arrival in lobby_line(meeting).select_related("member"):
        if not barred(arrival.member, meeting) and _waiting(arrival).update(admitted_at=at, admitted_by=by):
            _let_in(arrival, at)
            let_in += 1
    return let_in


@transaction.atomic
@trail()
def turn_away(*, meeting: Meeting, member: Member, by: Member, at: datetime) -> bool:
    """Keep someone who waits out of this meeting; False when that was not theirs to decide any more. Raises NotOpen."""
    meeting = _open(meeting)
    waiting = Arrival.objects.filter(
        meeting=meeting, member=member, admitted_at__isnull=True, turned_away_at__isnull=True
    )
    if not waiting.update(turned_away_at=at):
        return False
    _record(Verb.MEETING_TURNED_AWAY, meeting, member, by, at)
    return True


@transaction.atomic
@trail()
def ask_back(*, meeting: Meeting, member: Member, by: Member, at: datetime) -> bool:
    """Undo turning someone away: they wait again, at the place they had. False when they were not. Raises NotOpen."""
    meeting = _open(meeting)
    away = Arrival.objects.filter(meeting=meeting, member=member, turned_away_at__isnull=False)
    if not away.update(turned_away_at=None):
        return False
    _record(Verb.MEETING_ASKED_BACK, meeting, member, by, at)
    return True


def _open(meeting: Meeting) -> Meeting:
    found = Meeting.objects.select_related(*WITH).get(pk=meeting.pk)
    if found.opened_at is None or found.closed_at is not None:
        raise NotOpen
    return found


def _waiting(arrival: Arrival) -> QuerySet[Arrival]:
    return Arrival.objects.filter(pk=arrival.pk, admitted_at__isnull=True, turned_away_at__isnull=True)


def _let_in(arrival: Arrival, at: datetime) -> None:
    if Arrival.objects.filter(pk=arrival.pk, admitted_at__isnull=False).exists():
        Membership.objects.get_or_create(
            group=arrival.meeting.group, member=arrival.member, defaults={"joined_at": at}
        )


def _record(verb: Verb, meeting: Meeting, member: Member, by: Member, at: datetime) -> None:
    record(
        verb=verb,
        actor=by.pk,
        subject=Subject("member", member.pk),
        scope=scope_of(meeting),
        facts={"meeting": meeting.pk},
        at=at,
    )

"""Leading a meeting: its steps, who has the chair, and stepping in when no host has come."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from community.groups.models import Membership
from community.live import eviction
from community.members.models import Member
from moderation.audit.actions import trail
from moderation.audit.verbs import Verb
from sessions.meetings.access import FACILITATOR, barred, may_step_in
from sessions.meetings.actions.held import held, note
from sessions.meetings.actions.refusals import AlreadyLed, NoSuchStep, NotInside, NotOpen
from sessions.meetings.engines import engine_of
from sessions.meetings.floor import append
from sessions.meetings.models import Arrival, Meeting
from sessions.rooms import acts

# What a meeting without a script goes to when it begins.
WITHOUT_A_SCRIPT = "open"


@transaction.atomic
def begin_step(*, meeting: Meeting, step: int, by: Member, at: datetime) -> Meeting:
    """Go to a step of the script, forth or back; the first one begins the meeting. An empty chair is theirs.

    Without a script there is one step, 0. Raises NotOpen, NoSuchStep, Refused.
    """
    meeting = _open(meeting)
    steps = meeting.room.steps
    if not 0 <= step < max(1, len(steps)):
        raise NoSuchStep
    if engine_of(meeting).capabilities.floor:
        act = acts.SetPhase(steps[step]["phase"], step) if steps else acts.SetPhase(WITHOUT_A_SCRIPT)
        append(meeting, by, act, at)
    if meeting.begun_at is None:
        meeting.begun_at = at
        meeting.save(update_fields=["begun_at"])
    if meeting.chair_id is None:
        seat(meeting, by, at)
    return meeting


@transaction.atomic
@trail()
def take_chair(*, meeting: Meeting, by: Member, at: datetime) -> bool:
    """Lead from now on; for who may. False when they do already. Raises NotOpen, NotInside."""
    return _pass_chair(_open(meeting), by, by, at, Verb.MEETING_CHAIR_TAKEN)


@transaction.atomic
def take_empty_chair(*, meeting: Meeting, by: Member, at: datetime) -> bool:
    """The first of the hosts to be there leads; False when somebody does by now. Raises NotOpen."""
    meeting = _open(meeting)
    if meeting.chair_id is not None:
        return False
    seat(meeting, by, at)
    return True


@transaction.atomic
@trail()
def hand_over(*, meeting: Meeting, to: Member, by: Member | None, at: datetime) -> bool:
    """Have someone inside lead from now on; by None: by the house, since the chair is away.

    Who had no such part yet may chair for the rest of this meeting. False when they lead already.
    Raises NotOpen, NotInside.
    """
    meeting = _open(meeting)
    inside = Membership.objects.filter(group=meeting.group_id, member=to)
    if not to.is_here or not inside.exists():
        raise NotInside
    if by is not None:
        give_part(meeting, to, at)
    return _pass_chair(meeting, to, by, at, Verb.MEETING_HANDED_OVER)


@transaction.atomic
@trail()
def step_in(*, meeting: Meeting, by: Member, at: datetime) -> Meeting:
    """Lead a meeting to which no host has come. Raises NotOpen, AlreadyLed, NotInside for who may not."""
    meeting = _open(meeting)
    if meeting.chair_id is not None or meeting.no_host_at is None:
        raise AlreadyLed
    if barred(by, meeting) or not may_step_in(by, meeting, at):
        raise NotInside
    arrival, _ = Arrival.objects.get_or_create(
        meeting=meeting, member=by, defaults={"came_at": at, "seen_at": at, "admitted_at": at}
    )
    turned_away = Arrival.objects.filter(pk=arrival.pk, turned_away_at__isnull=False)
    if turned_away.exists():
        raise NotInside
    Arrival.objects.filter(pk=arrival.pk, admitted_at__isnull=True).update(admitted_at=at)
    give_part(meeting, by, at)
    seat(meeting, by, at)
    note(Verb.MEETING_STEPPED_IN, meeting, by, at)
    return meeting


def give_part(meeting: Meeting, member: Member, at: datetime) -> None:
    """They may chair this meeting; their open pages learn it."""
    Membership.objects.update_or_create(
        group=meeting.group,
        member=member,
        defaults={"role": FACILITATOR},
        create_defaults={"role": FACILITATOR, "joined_at": at},
    )
    eviction.touch(member.pk, meeting.group.tag)


def seat(meeting: Meeting, member: Member, at: datetime) -> None:
    """Put them in the chair, and say so in the room. The caller holds the meeting."""
    meeting.chair, meeting.chair_since = member, at
    meeting.save(update_fields=["chair", "chair_since"])
    if engine_of(meeting).capabilities.words:
        append(meeting, None, acts.Chair(member.public_id), at)


def _pass_chair(meeting: Meeting, to: Member, by: Member | None, at: datetime, verb: Verb) -> bool:
    leads = Membership.objects.filter(group=meeting.group_id, member=to, role=FACILITATOR)
    if not leads.exists() or barred(to, meeting):
        raise NotInside
    if meeting.chair_id == to.pk:
        return False
    was = meeting.chair_id
    seat(meeting, to, at)
    facts = {"from": was} if by is not None and by.pk == to.pk else {"from": was, "to": to.pk}
    note(verb, meeting, by, at, facts)
    return True


def _open(meeting: Meeting) -> Meeting:
    meeting = held(meeting)
    if meeting.opened_at is None or meeting.closed_at is not None:
        raise NotOpen
    return meeting

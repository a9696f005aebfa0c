"""What meetings do by the clock. Each act asks again under the meeting's lock, so that two at once do it once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.db import DatabaseError, InterfaceError, transaction
from django.db.models import F
from django.urls import reverse

from community.calendar.doors import OPEN_BEFORE
from community.calendar.models import Answer, Occurrence
from community.groups.models import Membership
from community.live import eviction, log
from community.members.models import Member
from community.notifications.actions import notify_all
from sessions.meetings.access import chairs_of
from sessions.meetings.actions.chairing import hand_over, take_empty_chair
from sessions.meetings.actions.following import begin_anew, follow, note_beginning
from sessions.meetings.actions.held import WITH, held
from sessions.meetings.actions.making import close, make_meeting, open_doors, seat_keepers
from sessions.meetings.actions.outing import put_out_barred
from sessions.meetings.engines import engine_of
from sessions.meetings.kinds import NO_HOST
from sessions.meetings.models import Arrival, HelpCall, Meeting
from sessions.rooms.models import Stay

logger = structlog.get_logger("sessions.meetings")

NO_HOST_AFTER = timedelta(minutes=10)
CHAIR_AWAY_AFTER = timedelta(minutes=2)
# The room was closed from within: until then whoever closed it can think again.
CLOSED_FOR_GOOD = timedelta(minutes=2)
READ_FOR = timedelta(days=1)
STAYS_KEPT = timedelta(days=90)


def hold_meetings(at: datetime) -> int:
    """Make, open, follow, hand over and close what is due; how many meetings stand. Safe to run twice."""
    for ended in _put_off_after_their_end():
        begin_anew(ended=ended)
    for one in due(at):
        _by_itself(one.pk, partial(_make_and_open, one, at))
    standing = list(Meeting.objects.filter(closed_at__isnull=True).select_related(*WITH).order_by("pk"))
    for meeting in standing:
        _by_itself(meeting.pk, partial(_hold, meeting, at))
    return len(standing)


def _by_itself(pk: int, does: Callable[[], object]) -> None:
    """What goes wrong with one meeting keeps no other from being held."""
    try:
        does()
    except (DatabaseError, InterfaceError):
        raise
    except Exception:
        logger.exception("meeting_failed", meeting=pk)


def due(at: datetime) -> list[Occurrence]:
    """Dates whose doors are to be opened and that have no meeting yet."""
    soon = Occurrence.objects.filter(
        starts_at__lte=at + OPEN_BEFORE,
        ends_at__gt=at,
        cancelled_at__isnull=True,
        event__cancelled_at__isnull=True,
        meeting__isnull=True,
    )
    held_online = soon.filter(event__here=True) | soon.exclude(event__link="")
    return list(held_online.select_related("event__group").order_by("starts_at", "pk"))


def _put_off_after_their_end() -> list[Meeting]:
    put_off = Meeting.objects.filter(
        closed_at__isnull=False,
        occurrence__starts_at__gt=F("ends_at"),
        occurrence__cancelled_at__isnull=True,
        occurrence__event__cancelled_at__isnull=True,
    )
    return list(put_off.select_related("occurrence__event__group"))


def _make_and_open(one: Occurrence, at: datetime) -> None:
    open_doors(meeting=make_meeting(occurrence=one, at=at), at=at)


def _hold(meeting: Meeting, at: datetime) -> None:
    if not follow(meeting=meeting, at=at):
        return
    meeting = Meeting.objects.select_related(*WITH).get(pk=meeting.pk)
    if meeting.closes_at <= at:
        close(meeting=meeting, by=None, at=at)
        return
    put_out_barred(meeting=meeting, at=at)
    seat_keepers(meeting=meeting, at=at)
    if meeting.opened_at is None:
        if meeting.opens_at <= at:
            open_doors(meeting=meeting, at=at)
        return
    note_beginning(meeting=meeting)
    engine = engine_of(meeting)
    if engine.capabilities.events:
        engine.tell(meeting, Watch(), at)


class Watch:
    """Listens to engines that tell who is there: whose chair is empty, whether a host came, whether all have gone."""

    def present(
        self, meeting: Meeting, inside: Collection[int], seen: Mapping[int, datetime], at: datetime
    ) -> None:
        if _all_is_over(meeting, inside, seen, at):
            close(meeting=meeting, by=None, at=at)
            return
        leading = chairs_of(meeting)
        next_one = next((person for person in leading if person.pk in inside), None)
        if next_one is None:
            if _nobody_leads(meeting, [seen[person.pk] for person in leading if person.pk in seen], at):
                leave_to_those_there(meeting=meeting, at=at)
        elif meeting.chair_id is None:
            take_empty_chair(meeting=meeting, by=next_one, at=at)
        elif _chair_is_away(meeting, seen, at):
            hand_over(meeting=meeting, to=next_one, by=None, at=at)


def _all_is_over(
    meeting: Meeting, inside: Collection[int], seen: Mapping[int, datetime], at: datetime
) -> bool:
    room = meeting.room
    if room.phase == "closed" and room.phase_at <= at - CLOSED_FOR_GOOD:
        return True
    a_moment_ago = any(when > at - CHAIR_AWAY_AFTER for when in seen.values())
    return meeting.ends_at <= at and not inside and not a_moment_ago


def _chair_is_away(meeting: Meeting, seen: Mapping[int, datetime], at: datetime) -> bool:
    assert meeting.chair_id is not None
    assert meeting.chair_since is not None
    last = seen.get(meeting.chair_id, meeting.chair_since)
    return max(last, meeting.chair_since) <= at - CHAIR_AWAY_AFTER


def _nobody_leads(meeting: Meeting, seen: Iterable[datetime], at: datetime) -> bool:
    """Whether, from the start on, nobody who may lead has been there for ten minutes. Of an hour for two, or of a whole
    day, nobody is said to be late.
    """
    event = meeting.occurrence.event if meeting.occurrence else None
    if event is None or event.all_day or event.between_two:
        return False
    last = max([meeting.starts_at, meeting.chair_since or meeting.starts_at, *seen])
    return last + NO_HOST_AFTER <= at < meeting.ends_at


@transaction.atomic
def leave_to_those_there(*, meeting: Meeting, at: datetime) -> bool:
    """From now on someone who is there may step in. If it has not begun, those who wait, those who said that they come
    and those who were to hold it are told, once. False when it was so before, or somebody has come.
    """
    led_since, meeting = meeting.chair_since, held(meeting)
    if meeting.closed_at is not None or meeting.chair_since != led_since:
        return False
    if meeting.no_host_at is not None and meeting.chair_id is None:
        return False
    if meeting.no_host_at is None and meeting.begun_at is None:
        _tell_of_no_host(meeting, at)
    meeting.no_host_at = meeting.no_host_at or at
    meeting.chair = meeting.chair_since = None
    meeting.save(update_fields=["no_host_at", "chair", "chair_since"])
    return True


def _tell_of_no_host(meeting: Meeting, at: datetime) -> None:
    came = Arrival.objects.filter(meeting=meeting, turned_away_at__isnull=True).values("member")
    coming = Answer.objects.filter(occurrence=meeting.occurrence, seat=Answer.Seat.TAKEN).values("member")
    leading = Membership.objects.filter(group=meeting.group_id, role=Membership.Role.FACILITATOR)
    here = Member.objects.here()
    people = here.filter(pk__in=came) | here.filter(pk__in=coming)
    people |= here.filter(pk__in=leading.values("member"))
    notify_all(
        what=f"meeting:{meeting.pk}:no_host",
        kind=NO_HOST,
        members=people.order_by("pk"),
        context={"title": meeting.room.name},
        path=reverse("meetings:door", args=[meeting.occurrence_id]),
        useful_until=meeting.ends_at,
        at=at,
    )


# --- afterwards ----------------------------------------------------------------------------------------------------


def forget_meetings(at: datetime) -> int:
    """A day after a meeting nobody reads it any more, and who was there is forgotten after 90; how many were let go."""
    spent = Meeting.objects.filter(closed_at__lte=at - READ_FOR, group__memberships__isnull=False)
    found = list(spent.select_related("group", "room").distinct().order_by("pk"))
    for meeting in found:
        _end_reading(meeting)
    past = Meeting.objects.filter(closed_at__lte=at - READ_FOR)
    Arrival.objects.filter(meeting__in=past).delete()
    HelpCall.objects.filter(meeting__in=past).delete()
    Stay.objects.filter(room__meeting__closed_at__lte=at - STAYS_KEPT).delete()
    return len(found)


@transaction.atomic
def _end_reading(meeting: Meeting) -> None:
    log.lock([meeting.room.log_id])
    memberships = Membership.objects.filter(group=meeting.group_id)
    for member_id in memberships.values_list("member_id", flat=True):
        eviction.evict(member_id, meeting.group.tag, "ended")
    memberships.delete()

"""A meeting follows its date in the calendar: moved, planned anew, cancelled, or gone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from community.calendar.models import Occurrence
from sessions.meetings.actions.held import held
from sessions.meetings.actions.making import close, engine_for, entry_of, steps_of, times_of, version_for
from sessions.meetings.engines import engine_of
from sessions.meetings.models import Meeting
from sessions.rooms.models import Room


def follow(*, meeting: Meeting, at: datetime) -> bool:
    """Bring a meeting in line with its date; False once it is over, as when the date was cancelled or is gone.

    Once its doors are open people go on coming in as they did; what has begun keeps its script, and goes on where it
    is held. Its times still follow.
    """
    occurrence = meeting.occurrence
    if occurrence is None or occurrence.gone or not (occurrence.event.here or occurrence.event.link):
        close(meeting=meeting, by=None, at=at)
        return False
    if any(getattr(meeting, name) != value for name, value in _wanted(meeting, occurrence).items()):
        _bring_in_line(meeting=meeting, at=at)
    return True


def _wanted(meeting: Meeting, occurrence: Occurrence) -> dict[str, Any]:
    wanted: dict[str, Any] = {**times_of(occurrence)}
    if meeting.opened_at is None:
        wanted["entry"] = entry_of(occurrence.event)
    if meeting.begun_at is None:
        wanted |= {"engine": engine_for(occurrence.event), "version": version_for(occurrence.event)}
    return wanted


@transaction.atomic
def _bring_in_line(*, meeting: Meeting, at: datetime) -> None:
    meeting = held(meeting)
    occurrence = meeting.occurrence
    if occurrence is None or meeting.closed_at is not None:
        return
    wanted = _wanted(meeting, occurrence)
    elsewhere = wanted.get("engine", meeting.engine) != meeting.engine
    too_early = meeting.begun_at is None and wanted["opens_at"] > at
    if meeting.opened_at is not None and (elsewhere or too_early):
        engine_of(meeting).close(meeting, None, at)
        meeting.opened_at = None if too_early else meeting.opened_at
    for name, value in wanted.items():
        setattr(meeting, name, value)
    meeting.save()
    if "version" in wanted:
        Room.objects.filter(pk=meeting.room_id).update(steps=steps_of(meeting.version))
    if meeting.opened_at is not None and elsewhere:
        engine_of(meeting).open(meeting, at)


def note_beginning(*, meeting: Meeting) -> None:
    """The room went from its lobby to a part of the meeting, also where its chair did that in the room itself."""
    Meeting.objects.filter(
        pk=meeting.pk, begun_at__isnull=True, opened_at__isnull=False, closed_at__isnull=True
    ).exclude(room__phase__in=["lobby", "closed"]).update(begun_at=meeting.room.phase_at)


def begin_anew(*, ended: Meeting) -> None:
    """Its date was put off after it had ended: the date gets a meeting of its own, with whoever comes then. Between two
    it is the same two, and the same meeting opens again.
    """
    put_off = Meeting.objects.filter(
        pk=ended.pk, closed_at__isnull=False, occurrence__starts_at__gt=F("ends_at")
    )
    if ended.occurrence is not None and ended.occurrence.event.between_two:
        put_off.update(
            closed_at=None, opened_at=None, begun_at=None, chair=None, chair_since=None, no_host_at=None
        )
    else:
        put_off.update(occurrence=None)

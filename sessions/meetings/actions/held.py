"""A meeting held for a change, and what is on record of it. Logs are locked first, as everywhere."""

from __future__ import annotations

from datetime import datetime

from community.live import log
from community.members.models import Member
from moderation.audit.actions import Subject, record
from moderation.audit.chain import Facts
from moderation.audit.verbs import Verb
from moderation.sanctions.models import EVERYWHERE
from sessions.meetings.models import Meeting

WITH = ("occurrence__event__group", "group", "room__group", "room__log", "chair")


def held(meeting: Meeting) -> Meeting:
    """The meeting as it is now, and its room's log, locked until the transaction ends."""
    log.lock([meeting.room.log_id])
    Meeting.objects.select_for_update().get(pk=meeting.pk)
    return Meeting.objects.select_related(*WITH).get(pk=meeting.pk)


def scope_of(meeting: Meeting) -> str:
    """Under which heading it is on record: the group whose meeting it is."""
    occurrence = meeting.occurrence
    if occurrence is None or occurrence.event.group is None:
        return EVERYWHERE
    return occurrence.event.group.tag


def note(verb: Verb, meeting: Meeting, by: Member | None, at: datetime, facts: Facts | None = None) -> None:
    """Put an act about the meeting on record. What two people have booked is on no record."""
    if meeting.occurrence is not None and meeting.occurrence.event.between_two:
        return
    record(
        verb=verb,
        actor=by.pk if by else None,
        subject=Subject("meeting", meeting.pk),
        scope=scope_of(meeting),
        facts=facts or {},
        at=at,
    )

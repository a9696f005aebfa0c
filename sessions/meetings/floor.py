"""What a meeting does in its room goes through the room's log, as everything in a room does."""

from __future__ import annotations

from datetime import datetime

from community.live import log
from community.live.domain import Author, Command, Refuse
from community.members.models import Member
from sessions.meetings.models import Meeting
from sessions.rooms import acts
from sessions.rooms.domain import rooms


class Refused(Exception):
    """The room said no; carries its words for the person who asked."""


def append(meeting: Meeting, by: Member | None, act: acts.Act, at: datetime) -> None:
    """Do it within the caller's transaction, by None: by the house. Raises Refused."""
    opened = rooms.opened(meeting.room)
    locks = opened.tags[:1] if isinstance(act, acts.Remove) else ()
    command = Command(opened, Author.of(by) if by else None, act, locks=locks)
    [outcome] = log.append([command], at=at)
    if isinstance(outcome, Refuse):
        raise Refused(outcome.message)

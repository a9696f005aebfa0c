"""Where a meeting takes place: what an engine can do is asked of it, never assumed."""

from __future__ import annotations

from sessions.meetings.engines.link import LinkEngine
from sessions.meetings.engines.protocol import MeetingEngine
from sessions.meetings.engines.text import TextEngine
from sessions.meetings.models import Meeting

ENGINES: dict[str, MeetingEngine] = {
    Meeting.Engine.TEXT: TextEngine(),
    Meeting.Engine.LINK: LinkEngine(),
}


def engine_of(meeting: Meeting) -> MeetingEngine:
    return ENGINES[meeting.engine]

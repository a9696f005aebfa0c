"""What stands on a meeting's own page once it is over: the way to have one's attendance confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.template.loader import render_to_string
from django.utils import timezone

from sessions.attendance import access
from sessions.meetings.models import Meeting

if TYPE_CHECKING:
    from sessions.meetings.access import Visit


def confirming(visit: Visit) -> str:
    """Nothing before the end, and nothing for someone who was not let in."""
    meeting, arrival, now = visit.meeting, visit.arrival, timezone.now()
    if meeting is None or arrival is None or arrival.admitted_at is None or not access.is_over(meeting, now):
        return ""
    was_in = access.meetings_of(arrival.member_id, now).filter(pk=meeting.pk).exists()
    elsewhere = meeting.engine == Meeting.Engine.LINK
    return render_to_string(
        "attendance/_door.html", {"meeting": meeting, "was_in": was_in, "elsewhere": elsewhere}
    )

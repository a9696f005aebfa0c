"""A room here: the default. What happens in it is in its log; who is in it, in its stays."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max
from django.urls import reverse

from community.members.models import Member
from sessions.meetings.engines.protocol import Capabilities, Health, Joining, Listener, NotJoinable
from sessions.meetings.floor import append
from sessions.meetings.models import Meeting
from sessions.rooms import acts
from sessions.rooms.models import Stay
from sessions.rooms.stays import seen_lately

LOBBY, CLOSED = "lobby", "closed"


class TextEngine:
    name = Meeting.Engine.TEXT.value
    capabilities = Capabilities(words=True, floor=True, mute=True, remove=True, events=True)

    def health(self, at: datetime) -> Health:
        """It is where this question is answered."""
        return Health(ok=True)

    def open(self, meeting: Meeting, at: datetime) -> None:
        append(meeting, None, acts.SetPhase(LOBBY), at)

    def close(self, meeting: Meeting, by: Member | None, at: datetime) -> None:
        append(meeting, by, acts.SetPhase(CLOSED), at)

    def join(self, meeting: Meeting, member: Member, at: datetime) -> Joining:
        if meeting.opened_at is None or meeting.closed_at is not None:
            raise NotJoinable("The door is closed.")
        return Joining(reverse("rooms:room", args=[meeting.room.slug]))

    def mute(
        self, meeting: Meeting, member: Member, *, by: Member, minutes: int | None, at: datetime
    ) -> None:
        append(meeting, by, acts.Mute(member.public_id, minutes, ""), at)

    def remove(self, meeting: Meeting, member: Member, *, by: Member, reason: str, at: datetime) -> None:
        append(meeting, by, acts.Remove(member.public_id, reason), at)

    def tell(self, meeting: Meeting, listener: Listener, at: datetime) -> None:
        stays = Stay.objects.filter(room=meeting.room_id).order_by()
        seen = dict(stays.values_list("member_id").annotate(last=Max("seen_at")))
        listener.present(meeting, seen_lately(meeting.room, at), seen, at)

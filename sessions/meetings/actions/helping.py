"""A private word to those who hold a meeting. It is never in the room's log, in any other log, or on record."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse

from community.groups.models import Membership
from community.members.models import Member
from community.notifications.actions import notify_all
from sessions.meetings.access import barred, chairs_of
from sessions.meetings.actions.refusals import NotInside, NotOpen
from sessions.meetings.kinds import HELP_WANTED
from sessions.meetings.models import Arrival, HelpCall, Meeting

WORDS_MAX = 1_000
STAYS_USEFUL = timedelta(hours=1)


@transaction.atomic
def call_for_help(*, meeting: Meeting, member: Member, words: str, at: datetime) -> HelpCall:
    """Tell the hosts, and nobody else, that one needs help; the same words sent twice are one call while it is open.

    Raises NotOpen, NotInside for who is neither in the meeting nor at its door.
    """
    Meeting.objects.select_for_update().get(pk=meeting.pk)
    meeting = Meeting.objects.select_related("occurrence__event", "group").get(pk=meeting.pk)
    if meeting.opened_at is None or meeting.closed_at is not None:
        raise NotOpen
    here = Arrival.objects.filter(meeting=meeting, member=member, turned_away_at__isnull=True).exists()
    inside = Membership.objects.filter(group=meeting.group_id, member=member).exists()
    if not (here or inside) or barred(member, meeting):
        raise NotInside
    said = words.strip()[:WORDS_MAX]
    standing = HelpCall.objects.filter(meeting=meeting, member=member, answered_at__isnull=True)
    if same := next((call for call in standing if call.words == said), None):
        return same
    call = HelpCall.objects.create(meeting=meeting, member=member, words=said, at=at)
    notify_all(
        what=f"meeting:{meeting.pk}:help:{call.pk}",
        kind=HELP_WANTED,
        members=[person for person in chairs_of(meeting) if person.pk != member.pk],
        context={"title": meeting.room.name},
        path=reverse("meetings:chair", args=[meeting.occurrence_id]) if meeting.occurrence_id else "",
        useful_until=at + STAYS_USEFUL,
        at=at,
    )
    return call


@transaction.atomic
def answer_call(*, call: HelpCall, by: Member, at: datetime) -> bool:
    """Say that one looks after it; False when somebody did before."""
    waiting = HelpCall.objects.filter(pk=call.pk, answered_at__isnull=True)
    return bool(waiting.update(answered_at=at, answered_by=by))

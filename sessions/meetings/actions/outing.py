"""Out of the meetings of a group with the group: whoever is removed from it, or leaves."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from community.groups.models import Group, Membership
from community.groups.removal import end_membership, end_own_membership
from community.live import log
from community.members.models import Member
from moderation.audit.actions import trail
from sessions.meetings.access import barred_among
from sessions.meetings.actions.held import WITH
from sessions.meetings.models import Arrival, Meeting
from sessions.rooms.jobs import tell_rooms_of_removal


def put_out_on_removal(group: Group, member: Member, at: datetime) -> None:
    """Within the transaction that removes someone from a group, which has locked the rooms of its meetings too."""
    for meeting in _meetings_of(group):
        _put_out(meeting, member, at)


def put_out_on_leaving(group: Group, member: Member, at: datetime) -> None:
    """The same for who leaves of their own will: where the meeting is open to others as well, they may come again."""
    for meeting in _meetings_of(group):
        _nobody_at_the_door(meeting, member)
        if Membership.objects.filter(group=meeting.group_id, member=member).exists():
            end_own_membership(group=meeting.group, member=member, at=at)


@transaction.atomic
@trail()
def put_out_barred(*, meeting: Meeting, at: datetime) -> int:
    """Put out who was removed from the group in one of its rooms; how many."""
    inside = Membership.objects.filter(group=meeting.group_id)
    barred = barred_among(inside.values_list("member_id", flat=True), meeting)
    if barred:
        log.lock([meeting.room.log_id])
        for member in Member.objects.filter(pk__in=barred).order_by("pk"):
            _put_out(meeting, member, at)
    return len(barred)


def _meetings_of(group: Group) -> list[Meeting]:
    standing = Meeting.objects.filter(occurrence__event__group=group, closed_at__isnull=True)
    return list(standing.exclude(group=group).select_related(*WITH).order_by("pk"))


def _put_out(meeting: Meeting, member: Member, at: datetime) -> None:
    _nobody_at_the_door(meeting, member)
    if Membership.objects.filter(group=meeting.group_id, member=member).exists():
        end_membership(group_id=meeting.group_id, member_id=member.pk, by_id=None, reason="", at=at)
        tell_rooms_of_removal(meeting.group, member, at)


def _nobody_at_the_door(meeting: Meeting, member: Member) -> None:
    Arrival.objects.filter(meeting=meeting, member=member, admitted_at__isnull=True).delete()

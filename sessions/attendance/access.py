"""Which meetings a member can have confirmed, their own certificates, and whose code is typed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404

from community.house.access import house
from community.members.models import Member
from sessions.attendance import wording
from sessions.attendance.codes import digests_of
from sessions.attendance.minutes import Attended, Span, attended
from sessions.attendance.models import Certificate, CertificateQuerySet, State
from sessions.meetings.models import Meeting
from sessions.rooms import stays
from sessions.rooms.models import Stay

# For as long the stays of a meeting are kept.
ASKED_WITHIN = timedelta(days=90)
MEETINGS = 20
CERTIFICATES = 50


@dataclass(frozen=True, slots=True)
class Line:
    """A certificate as its owner's list shows it."""

    certificate: Certificate
    until: str
    checks: str


def over(at: datetime) -> Q:
    return Q(closed_at__isnull=False) | Q(ends_at__lte=at)


def is_over(meeting: Meeting, at: datetime) -> bool:
    return meeting.closed_at is not None or meeting.ends_at <= at


def meetings_of(member_id: int, at: datetime) -> QuerySet[Meeting]:
    """Meetings that are over and that the member was in; whether they may still know of the event is no matter.

    Who was at a meeting elsewhere we don't know.
    """
    there = Stay.objects.filter(room=OuterRef("room_id"), member=member_id)
    lately = Meeting.objects.filter(over(at), Exists(there), ends_at__gt=at - ASKED_WITHIN)
    ours = lately.filter(engine=Meeting.Engine.TEXT).order_by("-starts_at", "-pk")
    return ours.select_related("room", "occurrence__event__group")


def newest_meetings_of(member: Member, at: datetime) -> list[Meeting]:
    return list(meetings_of(member.pk, at)[:MEETINGS])


def meeting_of(member: Member, pk: int, at: datetime) -> Meeting:
    """Raises Http404."""
    found = meetings_of(member.pk, at).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def held(meeting: Meeting) -> Span:
    """From its start to its end; to when it was closed, if that was earlier."""
    return meeting.starts_at, min(meeting.ends_at, meeting.closed_at or meeting.ends_at)


def attendance_of(member: Member, meeting: Meeting) -> Attended:
    """One query."""
    return attended(stays.spans(meeting.room, member), *held(meeting), house().attendance_percent)


def is_one_to_one(meeting: Meeting) -> bool:
    """Whether it was an hour that two people had booked."""
    return meeting.occurrence is not None and meeting.occurrence.event.between_two


def certificates_of(member: Member) -> CertificateQuerySet:
    return Certificate.objects.filter(member=member)


def lines_of(member: Member, at: datetime) -> list[Line]:
    """The newest fifty; what is spent is deleted after a while."""
    return [
        Line(one, wording.until(one, at), wording.checks(one))
        for one in certificates_of(member)[:CERTIFICATES]
    ]


def certificate_of(member: Member, pk: int) -> Certificate:
    """One's own. Raises Http404."""
    found = certificates_of(member).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def standing_certificate_of(member: Member, pk: int, at: datetime) -> Certificate:
    """Raises Http404, also for one that is spent."""
    found = certificate_of(member, pk)
    if found.state(at) is not State.STANDS:
        raise Http404
    return found


def by_code(typed: str, at: datetime) -> CertificateQuerySet:
    """The certificate with this code while it stands: unknown, run out and revoked are found alike, by not being.

    So is one of somebody who is gone, should it have been made in the very moment in which they went.
    """
    here = Exists(
        Member.objects.filter(pk=OuterRef("member_id"), gone_at__isnull=True)
    )  # no join: it is updated
    return Certificate.objects.standing(at).filter(here, code_digest__in=digests_of(typed))

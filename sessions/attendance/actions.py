"""Having a certificate made, revoking it, checking one.

None of it is in the audit log: these are acts of a member on what is theirs, and of nobody over anybody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from community.members.models import Member
from sessions.attendance import access, consent
from sessions.attendance.codes import digests_of, digests_of_purpose, make_code
from sessions.attendance.minutes import Attended
from sessions.attendance.models import Certificate
from sessions.meetings.models import Meeting

KEPT_WHEN_SPENT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be printed, and for how many days it is to stand. `consent` is the version that was agreed to."""

    name: str
    purpose: str
    days: int
    consent: int = consent.CURRENT


class NotLongEnough(Exception):
    def __init__(self, attended: Attended) -> None:
        super().__init__(attended)
        self.attended = attended


class StandsAlready(Exception):
    """There is one for this meeting and this purpose."""

    def __init__(self, certificate: Certificate) -> None:
        super().__init__(certificate.pk)
        self.certificate = certificate


@transaction.atomic
def issue(*, member: Member, meeting: Meeting, wish: Wish, at: datetime) -> Certificate:
    """Make a certificate of a meeting that is over, for its member alone. Raises NotLongEnough, StandsAlready."""
    there = access.attendance_of(member, meeting)
    if not there.enough:
        raise NotLongEnough(there)
    Member.objects.select_for_update().get(pk=member.pk)  # two at once are one after the other
    purposes = digests_of_purpose(wish.purpose)
    same = Certificate.objects.filter(member=member, meeting=meeting, purpose_digest__in=purposes)
    if standing := same.standing(at).first():
        raise StandsAlready(standing)
    same.filter(revoked_at__isnull=True).delete()  # run out: the new one takes its place
    code = make_code()
    starts_at, ends_at = access.held(meeting)
    return Certificate.objects.create(
        member=member,
        meeting=meeting,
        code=code,
        code_digest=digests_of(code)[0],
        name=wish.name,
        purpose=wish.purpose,
        purpose_digest=purposes[0],
        one_to_one=access.is_one_to_one(meeting),
        starts_at=starts_at,
        ends_at=ends_at,
        zone=member.time_zone,
        minutes=there.minutes,
        length=there.length,
        consent_version=wish.consent,
        issued_at=at,
        expires_at=at + timedelta(days=wish.days),
    )


@transaction.atomic
def revoke(*, certificate: Certificate, at: datetime) -> bool:
    """From now on a check says no; for good. False when it was revoked or had run out before."""
    standing = Certificate.objects.standing(at).filter(pk=certificate.pk)
    return bool(standing.update(revoked_at=at))


@transaction.atomic
def check(*, typed: str, at: datetime) -> Certificate | None:
    """The certificate with this code, if it stands; that it was looked at is counted, for its owner.

    Two statements, whether there is such a certificate or not.
    """
    found = access.by_code(typed, at)
    found.update(times_checked=F("times_checked") + 1, checked_at=at)
    return found.first()


def drop_all(member: Member, at: datetime) -> None:
    """When someone leaves the whole place: names that were printed go with them, and every code is unknown."""
    Certificate.objects.filter(member=member).delete()


def forget_spent(at: datetime) -> int:
    """Delete what has run out or was revoked a while ago; how many."""
    ago = at - KEPT_WHEN_SPENT
    spent = Q(expires_at__lte=ago) | Q(revoked_at__lte=ago) | Q(member__gone_at__lte=ago)
    return Certificate.objects.filter(spent).delete()[0]

"""Suspending a member: the restriction, the sign-ins and the open connections end together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from community.live import eviction
from community.members.models import Member
from community.members.signin.models import SignIn
from moderation.audit.actions import trail
from moderation.sanctions.actions import lift, restrict
from moderation.sanctions.models import EVERYWHERE, Restriction

Told = Callable[[Member, datetime], None]
_told: list[Told] = []


def on_suspension(told: Told) -> None:
    """Have something done first in the transaction that suspends a member, before any other row is touched."""
    _told.append(told)


def suspend(
    *, member: Member, by: Member | None, reason: str, at: datetime, until: datetime | None = None
) -> Restriction:
    """Keep a member out of the whole place until a time, or until the suspension is lifted."""
    with transaction.atomic(), trail():
        for told in _told:
            told(member, at)
        restriction = restrict(
            member_id=member.pk,
            kind=Restriction.Kind.SUSPENSION,
            scope=EVERYWHERE,
            by_id=by.pk if by else None,
            reason=reason,
            at=at,
            until=until,
        )
        member.is_active = False
        member.save(update_fields=["is_active"])
        SignIn.objects.filter(member=member).delete()
        eviction.suspend(member.pk)
    return restriction


@transaction.atomic
@trail()
def lift_suspension(*, member: Member, by: Member | None, at: datetime) -> bool:
    """Let a member in again; False when no suspension stood."""
    kind = Restriction.Kind.SUSPENSION
    lifted = lift(member_id=member.pk, kind=kind, scope=EVERYWHERE, by_id=by.pk if by else None, at=at)
    if lifted:
        Member.objects.filter(pk=member.pk, gone_at__isnull=True).update(is_active=True)
    return lifted


def end_spent_suspensions(at: datetime) -> int:
    """Let in again those whose suspension has run out; how many."""
    spent = Restriction.objects.standing().filter(kind=Restriction.Kind.SUSPENSION, until__lte=at)
    people = [restriction.member for restriction in spent.select_related("member")]
    return sum(lift_suspension(member=member, by=None, at=at) for member in people)

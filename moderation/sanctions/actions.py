"""Impose and lift restrictions. The caller evicts: it knows which sockets the scope means."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from moderation.audit.actions import Subject, record, trail
from moderation.audit.chain import Facts, digest_of
from moderation.audit.verbs import Verb
from moderation.sanctions.models import Restriction

IMPOSED = {
    Restriction.Kind.MUTE: Verb.MEMBER_MUTED,
    Restriction.Kind.REMOVAL: Verb.GROUP_MEMBER_REMOVED,
    Restriction.Kind.SUSPENSION: Verb.MEMBER_SUSPENDED,
}
LIFTED = {
    Restriction.Kind.MUTE: Verb.MEMBER_UNMUTED,
    Restriction.Kind.REMOVAL: Verb.GROUP_REMOVAL_LIFTED,
    Restriction.Kind.SUSPENSION: Verb.SUSPENSION_LIFTED,
}


@transaction.atomic
@trail()
def restrict(
    *,
    member_id: int,
    kind: Restriction.Kind,
    scope: str,
    by_id: int | None,
    reason: str,
    at: datetime,
    until: datetime | None = None,
) -> Restriction:
    """Impose a restriction; one of the same kind and scope that still stands is replaced by it."""
    replaced = _end_standing(member_id, kind, scope, by_id, at)
    restriction = Restriction.objects.create(
        member_id=member_id, kind=kind, scope=scope, by_id=by_id, reason=reason[:500], at=at, until=until
    )
    facts: dict[str, Any] = {
        "restriction": restriction.pk,
        "until": until.astimezone(UTC).isoformat(timespec="seconds") if until else None,
        "in_place_of_another": replaced,
    }
    if restriction.reason:
        facts["reason"] = digest_of(restriction.reason)
    _record(IMPOSED[kind], member_id, scope, by_id, at, facts)
    return restriction


@transaction.atomic
@trail()
def lift(*, member_id: int, kind: Restriction.Kind, scope: str, by_id: int | None, at: datetime) -> bool:
    """End what stands of this kind in this scope; False when nothing stood."""
    lifted = _end_standing(member_id, kind, scope, by_id, at)
    if lifted:
        _record(LIFTED[kind], member_id, scope, by_id, at, {})
    return lifted


def _end_standing(
    member_id: int, kind: Restriction.Kind, scope: str, by_id: int | None, at: datetime
) -> bool:
    changes: dict[str, Any] = {"lifted_at": at, "lifted_by_id": by_id}
    return bool(
        Restriction.objects.standing().filter(member_id=member_id, kind=kind, scope=scope).update(**changes)
    )


def _record(verb: Verb, member_id: int, scope: str, by_id: int | None, at: datetime, facts: Facts) -> None:
    record(verb=verb, actor=by_id, subject=Subject("member", member_id), scope=scope, facts=facts, at=at)

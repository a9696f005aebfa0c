"""Impose and lift restrictions. The caller evicts: it knows which sockets the scope means."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from moderation.sanctions.models import Restriction


@transaction.atomic
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
    lift(member_id=member_id, kind=kind, scope=scope, by_id=by_id, at=at)
    return Restriction.objects.create(
        member_id=member_id, kind=kind, scope=scope, by_id=by_id, reason=reason[:500], at=at, until=until
    )


def lift(*, member_id: int, kind: Restriction.Kind, scope: str, by_id: int | None, at: datetime) -> bool:
    """End what stands of this kind in this scope; False when nothing stood."""
    changes: dict[str, Any] = {"lifted_at": at, "lifted_by_id": by_id}
    return bool(
        Restriction.objects.standing().filter(member_id=member_id, kind=kind, scope=scope).update(**changes)
    )

"""Whether the people behind open connections may still be here."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session

Sign = tuple[str, int, str]


def still_welcome(signs: Collection[Sign]) -> dict[Sign, str | None]:
    """For each (session key, member id, password stamp): None, or the code with which it ends. Two queries."""
    keys = {key for key, _, _ in signs}
    standing = set(
        Session.objects.filter(session_key__in=keys, expire_date__gt=datetime.now(UTC)).values_list(
            "session_key", flat=True
        )
    )
    people = get_user_model()._default_manager.filter(pk__in={member for _, member, _ in signs})
    known = {pk: (active, stamp) for pk, active, stamp in people.values_list("pk", "is_active", "password")}
    verdicts: dict[Sign, str | None] = {}
    for key, member, stamp in signs:
        active, current = known.get(member, (False, ""))
        if member in known and not active:
            verdicts[key, member, stamp] = "suspended"
        elif key not in standing or current != stamp:
            verdicts[key, member, stamp] = "auth"
        else:
            verdicts[key, member, stamp] = None
    return verdicts

"""`inbox_new` in every template: how many entries of the reader's inbox are new."""

from __future__ import annotations

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from community.notifications.access import SHOWN_MAX, unread_count


def inbox(request: HttpRequest) -> dict[str, object]:
    return {"inbox_new": SimpleLazyObject(lambda: _new(request))}


def _new(request: HttpRequest) -> str:
    """In figures, empty for none; also while the database is away, so that the page that says so can be shown."""
    user = getattr(request, "user", None)
    try:
        if user is None or not user.is_authenticated:
            return ""
        count = unread_count(user.pk)
    except (DatabaseError, InterfaceError):
        return ""
    if count > SHOWN_MAX:
        return f"{SHOWN_MAX}+"
    return str(count) if count else ""

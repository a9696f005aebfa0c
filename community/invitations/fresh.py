"""A link that was just made stays with the browser of the steward who made it, sealed, and for a few minutes only."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import HttpRequest
from django.urls import reverse

from community.invitations.actions.making import Made
from community.sealed import Unreadable, seal, unseal

LASTS = timedelta(minutes=15)
KEY = "fresh_links"
MOST = 20


def remember(request: HttpRequest, made: Made, at: datetime) -> None:
    kept = {**_kept(request, at), str(made.invitation.pk): (seal(made.token), at.timestamp())}
    request.session[KEY] = dict(list(kept.items())[-MOST:])


def link_of(request: HttpRequest, pk: int, at: datetime) -> str:
    """The whole link; empty once nobody can have it any more."""
    found = _kept(request, at).get(str(pk))
    if found is None:
        return ""
    try:
        token = unseal(found[0])
    except Unreadable:
        return ""
    return request.build_absolute_uri(reverse("invitations:join", args=[token]))


def _kept(request: HttpRequest, at: datetime) -> dict[str, tuple[str, float]]:
    """Sealed token and when it was made, by invitation."""
    oldest = (at - LASTS).timestamp()
    kept: dict[str, tuple[str, float]] = request.session.get(KEY, {})
    return {pk: found for pk, found in kept.items() if found[1] > oldest}

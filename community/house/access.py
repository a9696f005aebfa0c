"""Reading what is set: a few seconds old at most in other processes, at once in the one that changed it."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from time import monotonic

from django.db import DatabaseError, InterfaceError
from django.db.models import QuerySet
from django.http import Http404

from community.house.models import ONLY, Consent, House, HouseText

FRESH_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Read:
    house: House
    until: float


_read: Read | None = None
_asking = Lock()


def house() -> House:
    """What is set now; as last known, or as shipped, while the database is away.

    One thread at a time asks, every few seconds: nobody else waits for a database that doesn't answer.
    """
    before = _read
    if before is not None and monotonic() < before.until:
        return before.house
    if not _asking.acquire(blocking=before is None):
        return known()
    try:
        if _read is before:
            found = _stored_or_known()
            if _read is before:  # else it was changed here while we read
                remember(found)
        return known()
    finally:
        _asking.release()


def _stored_or_known() -> House:
    try:
        return stored()
    except (DatabaseError, InterfaceError):
        return known()


def stored() -> House:
    """What the database holds at this moment, for a form that changes it."""
    return House.objects.filter(pk=ONLY).first() or House()


def known() -> House:
    """What was set when last asked; asks nobody."""
    return _read.house if _read is not None else House()


def remember(found: House, *, seconds: float = FRESH_SECONDS) -> None:
    global _read
    _read = Read(found, monotonic() + seconds)


def current_text(kind: HouseText.Kind) -> HouseText | None:
    """The newest published version; None while nothing was published."""
    return HouseText.objects.filter(kind=kind).order_by("-version").first()


def versions(kind: HouseText.Kind) -> QuerySet[HouseText]:
    """All published versions, newest first, without their words."""
    return HouseText.objects.filter(kind=kind).defer("raw", "html").order_by("-version")


def version_and_before(kind: HouseText.Kind, version: int) -> tuple[HouseText, HouseText | None]:
    """A version, and the one that it replaced. Raises Http404."""
    found = {
        text.version: text for text in HouseText.objects.filter(kind=kind, version__in=[version, version - 1])
    }
    if version not in found:
        raise Http404
    return found[version], found.get(version - 1)


def agreed_to(member_id: int, kind: HouseText.Kind) -> int:
    """The newest version of a text that the member agrees to; 0 for none."""
    standing = Consent.objects.filter(member_id=member_id, text__kind=kind, withdrawn_at__isnull=True)
    return standing.order_by("-text__version").values_list("text__version", flat=True).first() or 0

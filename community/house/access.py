"""Reading what is set: a few seconds old at most in other processes, at once in the one that changed it."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic

from django.db import DatabaseError, InterfaceError

from community.house.models import ONLY, Consent, House, HouseText

FRESH_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Read:
    house: House
    until: float


_read: Read | None = None


def house() -> House:
    """What is set now; as shipped while nothing was ever set, or while the database is away."""
    if _read is not None and monotonic() < _read.until:
        return _read.house
    try:
        found = House.objects.filter(pk=ONLY).first() or House()
    except (DatabaseError, InterfaceError):
        return _read.house if _read is not None else House()
    remember(found)
    return found


def remember(found: House, *, seconds: float = FRESH_SECONDS) -> None:
    global _read
    _read = Read(found, monotonic() + seconds)


def current_text(kind: HouseText.Kind) -> HouseText | None:
    """The newest published version; None while nothing was published."""
    return HouseText.objects.filter(kind=kind).order_by("-version").first()


def agreed_to(member_id: int, kind: HouseText.Kind) -> int:
    """The newest version of a text that the member agrees to; 0 for none."""
    standing = Consent.objects.filter(member_id=member_id, text__kind=kind, withdrawn_at__isnull=True)
    return standing.order_by("-text__version").values_list("text__version", flat=True).first() or 0

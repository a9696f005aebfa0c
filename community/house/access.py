"""Reading what is set: a few seconds old at most in other processes, at once in the one that changed it."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404

from community.house.kept import FRESH_SECONDS, Kept
from community.house.models import ONLY, Consent, House, HouseText


def house() -> House:
    """What is set now; as last known, or as shipped, while the database is away."""
    return _house.get()


def stored() -> House:
    """What the database holds at this moment, for a form that changes it."""
    return House.objects.filter(pk=ONLY).first() or House()


_house = Kept(stored, House)


def known() -> House:
    """What was set when last asked; asks nobody."""
    return _house.known()


def remember(found: House, *, seconds: float = FRESH_SECONDS) -> None:
    _house.remember(found, seconds=seconds)


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

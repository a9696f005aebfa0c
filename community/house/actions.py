"""Changing what is set, publishing a text, agreeing to one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from community import text
from community.house import access
from community.house.models import ONLY, Consent, House, HouseText
from moderation.audit.actions import Subject, record, trail
from moderation.audit.chain import digest_of
from moderation.audit.verbs import Verb
from moderation.sanctions.models import EVERYWHERE


def try_house(*, changes: Mapping[str, Any]) -> None:
    """What `change_house` would say to these changes. Raises ValidationError."""
    _set(access.stored(), changes)


def _set(house: House, changes: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        setattr(house, name, value)
    house.full_clean(validate_unique=False, validate_constraints=False)


class PublishedMeanwhile(Exception):
    """Somebody else published a version since this one was begun; carries its number."""

    def __init__(self, version: int) -> None:
        super().__init__(version)
        self.version = version


@transaction.atomic
@trail()
def change_house(*, changes: Mapping[str, Any], by_id: int | None, at: datetime) -> House:
    """Set fields of the house; each that differs is recorded by name. Raises ValidationError."""
    House.objects.get_or_create(pk=ONLY)
    house = House.objects.select_for_update().get(pk=ONLY)
    changed = sorted(name for name, value in changes.items() if getattr(house, name) != value)
    if not changed:
        return house
    _set(house, changes)
    house.changed_at = at
    house.save()
    record(
        verb=Verb.HOUSE_CHANGED,
        actor=by_id,
        subject=Subject("house", ONLY),
        scope=EVERYWHERE,
        facts={"fields": changed},
        at=at,
    )
    transaction.on_commit(partial(access.remember, house), robust=True)
    return house


@transaction.atomic
@trail()
def publish_text(
    *,
    kind: HouseText.Kind,
    raw: str,
    by_id: int | None,
    at: datetime,
    note: str = "",
    after: int | None = None,
) -> HouseText:
    """Publish the next version of a text, in Markdown; `note` says what changed, `after` is the version one began with.

    Raises TooLong, TooManyLinks, PublishedMeanwhile.
    """
    House.objects.get_or_create(pk=ONLY)
    House.objects.select_for_update().get(pk=ONLY)  # versions are counted by one at a time
    last = access.current_text(kind)
    version = last.version + 1 if last else 1
    if after is not None and after != version - 1:
        raise PublishedMeanwhile(version - 1)
    published = HouseText.objects.create(
        kind=kind, version=version, raw=raw, html=text.render_page(raw), note=note, at=at, by_id=by_id
    )
    record(
        verb=Verb.HOUSE_TEXT_PUBLISHED,
        actor=by_id,
        subject=Subject("house", ONLY),
        scope=EVERYWHERE,
        facts={"kind": kind.value, "version": version, "text": digest_of(raw)},
        at=at,
    )
    return published


@transaction.atomic
def agree(*, member_id: int, agreed: HouseText, at: datetime) -> Consent:
    """Record that a member agrees to a version; a second time returns the first."""
    consent, _ = Consent.objects.get_or_create(
        member_id=member_id, text=agreed, withdrawn_at=None, defaults={"at": at}
    )
    return consent

"""The kinds of events: a provider adds their own, renames them, puts them in order, and drops what nothing is of."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Max, ProtectedError
from django.utils.text import slugify

from community.calendar.models import Kind
from community.members.models import Member
from moderation.audit.actions import Subject, record, trail
from moderation.audit.verbs import Verb
from moderation.sanctions.models import EVERYWHERE

STEP = 10


class NameTaken(Exception):
    """Another kind is called that."""


class InUse(Exception):
    """Events are of this kind, or it is the last one."""


@transaction.atomic
@trail()
def add_kind(*, name: str, by: Member, at: datetime) -> Kind:
    """The new kind comes last. Raises NameTaken."""
    kinds = Kind.objects.select_for_update()
    if _is_taken(name):
        raise NameTaken
    base = slugify(name)[:24].strip("-") or "kind"
    taken = {kind.slug for kind in kinds}
    slug = next(one for one in (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))) if one not in taken)
    last = kinds.aggregate(last=Max("order"))["last"] or 0
    kind = Kind.objects.create(slug=slug, name=name, order=last + STEP)
    _record(Verb.KIND_ADDED, kind, by, at)
    return kind


@transaction.atomic
@trail()
def rename_kind(*, kind: Kind, name: str, by: Member, at: datetime) -> None:
    """Its events are of it as before. Raises NameTaken."""
    if _is_taken(name, but=kind):
        raise NameTaken
    if Kind.objects.filter(pk=kind.pk).exclude(name=name).update(name=name):
        _record(Verb.KIND_RENAMED, kind, by, at)


@transaction.atomic
@trail()
def drop_kind(*, kind: Kind, by: Member, at: datetime) -> None:
    """Raises InUse."""
    if len(Kind.objects.select_for_update()) == 1:
        raise InUse
    _record(Verb.KIND_DROPPED, kind, by, at)
    try:
        with transaction.atomic():
            kind.delete()
    except ProtectedError:
        raise InUse from None


def _is_taken(name: str, but: Kind | None = None) -> bool:
    called = Kind.objects.filter(name__iexact=name)
    return (called.exclude(pk=but.pk) if but else called).exists()


def _record(verb: Verb, kind: Kind, by: Member, at: datetime) -> None:
    record(verb=verb, actor=by.pk, subject=Subject("kind", kind.pk), scope=EVERYWHERE, facts={}, at=at)

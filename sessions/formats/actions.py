"""Copying a format, writing a new version, and taking one out of use."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import transaction
from django.utils.text import slugify

from community.calendar.models import Event
from community.members.models import Member
from sessions.formats.models import Format, FormatVersion, Plan
from sessions.formats.steps import Script

COPY = " (mine)"


class Stale(Exception):
    """Somebody wrote a newer version meanwhile."""


@transaction.atomic
def copy_format(*, version: FormatVersion, by: Member, at: datetime) -> Format:
    """A format of one's own, that begins as another is now."""
    name = version.format.name.removesuffix(COPY)[:70] + COPY
    copy = Format.objects.create(
        slug=f"{slugify(name)[:50]}-{secrets.token_hex(4)}",
        name=name,
        about=version.format.about,
        keeper=by,
        copied_from=version,
    )
    FormatVersion.objects.create(format=copy, number=1, body=version.body, at=at, by=by)
    return copy


@transaction.atomic
def write_version(
    *, kept: Format, name: str, about: str, script: Script, after: int, by: Member, at: datetime
) -> FormatVersion:
    """The next version, after the number that was looked at; the same words are no new one. Raises Stale."""
    kept = Format.objects.select_for_update().get(pk=kept.pk)
    last = kept.versions.order_by("-number")[0]
    if last.number != after:
        raise Stale
    kept.name, kept.about = name, about
    kept.save(update_fields=["name", "about"])
    body = script.as_json()
    if last.body == body:
        return last
    return FormatVersion.objects.create(format=kept, number=after + 1, body=body, at=at, by=by)


def retire(*, kept: Format, at: datetime) -> bool:
    """Take a format out of the list; meetings that were planned with it keep it."""
    return bool(Format.objects.in_use().filter(pk=kept.pk, shipped=False).update(retired_at=at))


@transaction.atomic
def plan_event(*, event: Event, follows: Format | None, by: Member, at: datetime) -> Plan | None:
    """Have an event follow the newest version of a format, or none."""
    if follows is None:
        Plan.objects.filter(event=event).delete()
        return None
    version = follows.versions.order_by("-number")[0]
    return Plan.objects.update_or_create(event=event, defaults={"version": version, "by": by, "at": at})[0]

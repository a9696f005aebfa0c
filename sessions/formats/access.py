"""Formats are for those who hold meetings; their own ones are theirs to change."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404

from community.calendar.access import may_schedule
from community.calendar.models import Occurrence
from community.members.models import Member
from sessions.formats.models import Format, FormatVersion, Plan


def formats_for(member: Member) -> QuerySet[Format]:
    """Those that came with the house and those that people here wrote. Raises Http404 for who holds no meetings."""
    if not may_schedule(member):
        raise Http404
    return formats_to_follow()


def formats_to_follow() -> QuerySet[Format]:
    """What an event may follow: for whoever keeps one, also a host who schedules nothing."""
    return Format.objects.in_use().select_related("keeper").order_by("-shipped", "name")


def format_for(member: Member, slug: str) -> tuple[Format, FormatVersion]:
    """A format with its newest version. Raises Http404."""
    found = formats_for(member).filter(slug=slug).first()
    if found is None:
        raise Http404
    return found, found.versions.order_by("-number")[0]


def format_to_keep(member: Member, slug: str) -> tuple[Format, FormatVersion]:
    """Raises Http404, PermissionDenied."""
    found, version = format_for(member, slug)
    if not keeps(member, found):
        raise PermissionDenied
    return found, version


def keeps(member: Member, kept: Format) -> bool:
    """Its keeper; and a steward, once the keeper is gone."""
    if kept.shipped:
        return False
    return kept.keeper_id == member.pk or (kept.keeper_id is None and member.role == Member.Role.STEWARD)


def plan_of(occurrence: Occurrence) -> Plan | None:
    """How the occurrence goes, if somebody has planned it."""
    return Plan.objects.select_related("version__format").filter(event=occurrence.event_id).first()

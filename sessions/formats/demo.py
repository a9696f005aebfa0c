"""The scripts that the demo's events follow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from community.calendar.models import Event, Host
from community.members.models import Member
from sessions.formats.actions import plan_event
from sessions.formats.models import Format
from sessions.formats.shipping import ship_formats

FOLLOWS = {
    "Sunday Night Sharing": "open-sharing",
    "Steps, read slowly": "reading-slowly",
    "Ten quiet minutes": "quiet-sitting",
    "Family Evening": "family-evening",
    "The night before": "a-topic",
    "The lamp is on": "check-in-circle",
}


def plan_demo(members: Mapping[str, Member], now: datetime) -> None:
    ship_formats(at=now)
    formats = Format.objects.in_bulk(FOLLOWS.values(), field_name="slug")
    for event in Event.objects.filter(title__in=FOLLOWS):
        host = Host.objects.select_related("member").get(event=event, role=Host.Role.HOST).member
        plan_event(event=event, follows=formats[FOLLOWS[event.title]], by=host, at=now)

"""Events for tests, made as a facilitator makes them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from community.calendar import actions
from community.calendar.models import Event, Kind, Occurrence
from community.groups.models import Membership
from community.members.models import Member
from tests.factories import GroupFactory, MemberFactory, MembershipFactory

# A Sunday noon in New York; the clocks there went back on the 1st.
NOW = datetime(2026, 11, 22, 17, tzinfo=UTC)


def a_kind() -> Kind:
    return Kind.objects.get_or_create(slug="group-session", defaults={"name": "Group session", "order": 10})[
        0
    ]


def facilitator() -> Member:
    group = GroupFactory()
    return MembershipFactory(group=group, role=Membership.Role.FACILITATOR).member


def make_event(*, by: Member | None = None, at: datetime = NOW, **fields: Any) -> Event:
    """Every Tuesday at seven in the evening in New York, for everyone but family, unless told otherwise."""
    by = by or facilitator()
    usual: dict[str, Any] = {
        "title": "Steps, read slowly",
        "kind": a_kind(),
        "audience": Event.Audience.ALUMNI,
        "day": date(2026, 11, 24),
        "time": time(19),
        "minutes": 60,
        "zone": "America/New_York",
        "rule": "FREQ=WEEKLY;COUNT=5",
    }
    return actions.schedule(event=Event(**usual | fields), hosts=[by], by=by, at=at)


def dates(event: Event) -> list[str]:
    """Its dates in UTC, with what is special about each."""
    marks = {True: " cancelled", False: ""}
    return [
        f"{one.starts_at:%m-%d %H:%M}{' moved' if one.moved_from else ''}{marks[one.cancelled_at is not None]}"
        for one in event.occurrences.order_by("starts_at")
    ]


def nth(event: Event, place: int) -> Occurrence:
    return event.occurrences.select_related("event").order_by("starts_at")[place]


def member() -> Member:
    return MemberFactory()

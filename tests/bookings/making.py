"""Times to book, for tests: opened as a counsellor opens them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from community.groups.models import Group, Membership
from community.members.models import Member
from sessions.bookings import actions
from sessions.bookings.models import Booking, Hours, Slot
from tests.factories import GroupFactory, MemberFactory, MembershipFactory

# A Sunday noon in New York; the clocks there went back on the 1st.
NOW = datetime(2026, 11, 22, 17, tzinfo=UTC)
NEW_YORK, DENVER = "America/New_York", "America/Denver"


def counsellor(**fields: Any) -> Member:
    usual = {"role": Member.Role.CLINICIAN, "time_zone": NEW_YORK}
    made: Member = MemberFactory(**usual | fields)
    return made


def facilitator(group: Group | None = None, **fields: Any) -> Member:
    made: Membership = MembershipFactory(
        group=group or GroupFactory(), role=Membership.Role.FACILITATOR, member=MemberFactory(**fields)
    )
    return made.member


def open_times(keeper: Member, *, at: datetime = NOW, **fields: Any) -> list[Slot]:
    """Half hours from four to six on a Tuesday in the keeper's zone, for all alumni; unless told otherwise."""
    usual: dict[str, Any] = {
        "keeper": keeper, "day": date(2026, 11, 24), "starts": time(16), "ends": time(18), "minutes": 30,
        "pause": 0, "zone": keeper.time_zone,
    }  # fmt: skip
    hours = Hours(**usual | fields)
    actions.open_hours(hours=hours, at=at)
    return list(hours.slots.select_related("keeper", "hours").order_by("starts_at"))


def book(
    slot: Slot, member: Member, *, note: str = "", remind: int | None = None, at: datetime = NOW
) -> Booking:
    slot = Slot.objects.select_related("keeper", "hours").get(pk=slot.pk)
    made = actions.book(slot=slot, member=member, note=note, remind_minutes=remind, at=at)
    return Booking.objects.select_related("slot__keeper", "member", "event__group").get(pk=made.pk)

"""Times to talk in the demo: a facilitator's two afternoons, and one that somebody has booked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from community.members.models import Member
from sessions.bookings import actions
from sessions.bookings.models import Hours, Slot

# Handle, days from today, from, to, minutes, pause.
TIMES = (("Alder", 2, time(16), time(18, 30), 45, 5), ("Alder", 4, time(18), time(19, 30), 30, 0))


def open_times(members: Mapping[str, Member], now: datetime) -> None:
    for handle, days, starts, ends, minutes, pause in TIMES:
        keeper = members[handle]
        day = now.astimezone(ZoneInfo(keeper.time_zone)).date() + timedelta(days=days)
        hours = Hours(
            keeper=keeper, day=day, starts=starts, ends=ends, minutes=minutes, pause=pause,
            zone=keeper.time_zone, rule="FREQ=WEEKLY;COUNT=4",
        )  # fmt: skip
        actions.open_hours(hours=hours, at=now)
    first = Slot.objects.filter(keeper=members["Alder"]).order_by("starts_at")[0]
    actions.book(
        slot=first, member=members["Heron"], note="The letter from the court.", remind_minutes=None, at=now
    )

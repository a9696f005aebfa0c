"""When someone was here last, by week and no finer: enough for a steward to see who has fallen silent."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.utils import timezone

from community.members.models import Member


def week_of(at: datetime) -> date:
    """The Monday of the house's week."""
    day = timezone.localdate(at, timezone.get_default_timezone())
    return day - timedelta(days=day.weekday())


def note_week(*, member: Member, at: datetime) -> bool:
    """Write down that the member was here this week; once a week. Whether it was new."""
    week = week_of(at)
    if member.active_week == week:
        return False
    member.active_week = week
    return bool(Member.objects.filter(pk=member.pk).update(active_week=week))

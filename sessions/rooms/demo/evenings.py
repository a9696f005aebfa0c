"""The demo's calendar, scheduled and answered by its people."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from community.calendar import actions
from community.calendar.answers import answer
from community.calendar.models import Answer, Event, Kind, Occurrence
from community.groups.models import Group
from community.members.models import Member

PLANS = Path(__file__).parent / "events.toml"
BEGAN = timedelta(weeks=8)


def fill_calendar(*, members: Mapping[str, Member], groups: Mapping[str, Group], now: datetime) -> None:
    for plan in tomllib.loads(PLANS.read_text(encoding="utf-8"))["event"]:
        hosts = [members[handle] for handle in plan["hosts"]]
        starts = first_start(plan, now)
        scheduled_at = now - BEGAN - timedelta(days=9)
        event = actions.schedule(
            event=Event(
                title=plan["title"], about=plan["about"], kind=Kind.objects.get(slug=plan["kind"]),
                group=groups.get(plan.get("group", "")), audience=plan["audience"], day=starts.date(),
                time=starts.time(), minutes=plan["minutes"], zone=plan["zone"],
                rule=plan.get("rule", ""), here=plan.get("here", False), link=plan.get("link", ""),
                phone=plan.get("phone", ""), address=plan.get("address", ""), capacity=plan.get("capacity"),
            ),
            hosts=hosts, greeters=[members[handle] for handle in plan.get("greeters", [])],
            by=hosts[0], at=scheduled_at,
        )  # fmt: skip
        ahead = list(
            event.occurrences.filter(ends_at__gt=now).select_related("event").order_by("starts_at")[:2]
        )
        _answer(plan, ahead[0], members, now)
        _make_special(plan, ahead, hosts[0], now)


def first_start(plan: Mapping[str, Any], now: datetime) -> datetime:
    """As the clock shows it in the plan's zone."""
    there = now.astimezone(ZoneInfo(plan["zone"])).replace(tzinfo=None)
    if "in_minutes" in plan:
        soon = there + timedelta(minutes=int(plan["in_minutes"]))
        return soon.replace(minute=soon.minute // 5 * 5, second=0, microsecond=0)
    return datetime.combine(first_day(plan, there.date()), time.fromisoformat(plan["time"]))


def first_day(plan: Mapping[str, Any], today: date) -> date:
    if "in_days" in plan:
        return today + timedelta(days=int(plan["in_days"]))
    began = today - BEGAN
    return began + timedelta(days=(int(plan["on"]) - began.weekday()) % 7)


def _answer(plan: Mapping[str, Any], one: Occurrence, members: Mapping[str, Member], now: datetime) -> None:
    said = [(handle, Answer.Says.YES) for handle in plan["coming"]]
    said += [(handle, Answer.Says.MAYBE) for handle in plan.get("perhaps", [])]
    for place, (handle, says) in enumerate(said):
        at = now - timedelta(days=2) + timedelta(minutes=place)
        remind = None if "in_minutes" in plan else 60
        answer(occurrence=one, member=members[handle], says=says, remind_minutes=remind, at=at)


def _make_special(plan: Mapping[str, Any], ahead: list[Occurrence], host: Member, now: datetime) -> None:
    at = now - timedelta(days=1)
    if "moved" in plan:
        one, by = ahead[0], timedelta(hours=plan["moved"]["hours"])
        times = {"starts_at": one.starts_at + by, "ends_at": one.ends_at + by}
        actions.change_one(occurrence=one, changes=times | {"note": plan["moved"]["note"]}, by=host, at=at)
    if "cancelled" in plan:
        actions.cancel_one(occurrence=ahead[-1], because=plan["cancelled"], by=host, at=at)

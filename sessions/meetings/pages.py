"""The door of a meeting as one person finds it, in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.urls import reverse

from community.calendar import doors
from community.calendar.access import occurrence_to_keep
from community.calendar.models import Occurrence
from community.calendar.pages import clock, line
from community.members.models import Member
from sessions.meetings import access, parts
from sessions.meetings.access import Door, Visit
from sessions.meetings.actions.making import entry_of
from sessions.meetings.console import chairs_in_words
from sessions.meetings.engines import engine_of
from sessions.meetings.engines.protocol import NotJoinable
from sessions.meetings.models import Entry, HelpCall, Meeting
from sessions.rooms.panel import ordinal

OPEN_NOW = {Door.WAITING, Door.MAY_ENTER, Door.IN}


@dataclass(frozen=True, slots=True)
class Shown:
    """What stands at the door: a head and a few words; `enter` and `link` are the ways in, if there is one now."""

    state: str
    head: str
    words: tuple[str, ...] = ()
    enter: str = ""
    link: str = ""
    inside: str = ""
    notice: str = ""

    @property
    def say(self) -> str:
        """What is read out when it comes about."""
        return f"{self.head}."


def door_page(member: Member, pk: int, at: datetime) -> dict[str, Any]:
    """Raises Http404."""
    page = door_part(member, pk, at)
    return page | {"line": line(page["one"], at, {}), "parts": parts.of(page["visit"])}


def door_part(member: Member, pk: int, at: datetime) -> dict[str, Any]:
    """What changes on the page while one waits. Raises Http404."""
    visit = access.meeting_for(member, pk, at)
    return {
        "visit": visit,
        "one": visit.occurrence,
        "door": shown(visit, member, at),
        "now": at,
        "open_now": visit.state in OPEN_NOW,
    }


def shown(visit: Visit, member: Member, at: datetime) -> Shown:
    state, one = visit.state.value, visit.occurrence
    match visit.state:
        case Door.NOT_YET:
            opens = one.starts_at - doors.OPEN_BEFORE
            return Shown(
                state, "Not open yet", (_when_it_opens(opens, one, at), "You can leave this page open.")
            )
        case Door.CANCELLED:
            because = one.note or one.event.cancelled_because
            return Shown(state, "Cancelled", (because or "It doesn’t take place.",))
        case Door.OVER:
            came = visit.arrival is not None and visit.arrival.admitted_at is not None
            return Shown(
                state,
                "It is over",
                ("Its room is closed. Thank you for coming." if came else "Its room is closed.",),
            )
        case Door.TURNED_AWAY:
            return Shown(state, "Not this time", (
                "Those who hold this meeting did not let you in. It holds for this one, and says nothing about you in "
                "others.",
                "Nobody but them knows. If you would rather talk with someone now, there are people who answer at any "
                "hour.",
            ))  # fmt: skip
        case Door.WAITING:
            return Shown(state, _place(visit.place_in_line), (
                _others(visit.waiting - 1),
                "Someone lets you in when they are ready. Your place is kept, also when you close this page for a "
                "moment.",
            ))  # fmt: skip
        case _:
            return _way_in(visit, member, at)


def _way_in(visit: Visit, member: Member, at: datetime) -> Shown:
    meeting, state = visit.meeting, visit.state.value
    assert meeting is not None
    if visit.state is Door.MAY_ENTER:
        if access.comes_straight_in(member, meeting):
            return Shown(state, "The door is open", (_begun(meeting, at),), enter="Go in")
        words = "Someone lets people in from the lobby, one by one."
        if meeting.entry == Entry.OPEN:
            words = "It has as many seats as people who said they would come. Someone may find you a place."
        return Shown(state, "The doors are open", (_begun(meeting, at), words), enter="Wait in the lobby")
    try:
        joining = engine_of(meeting).join(meeting, member, at)
    except NotJoinable as reason:
        return Shown(state, "There is no way in now", (str(reason),))
    may = Shown(state, "You may come in", (_begun(meeting, at),), notice=joining.notice)
    return replace(may, link=joining.url) if joining.outside else replace(may, inside=joining.url)


def _when_it_opens(opens: datetime, one: Occurrence, at: datetime) -> str:
    if opens <= at:
        return "The doors open in a moment."
    return f"The doors open at {clock(opens)}, your time, and it begins at {clock(one.starts_at)}."


def _begun(meeting: Meeting, at: datetime) -> str:
    if meeting.begun_at is not None:
        return f"It began at {clock(meeting.begun_at)}. Coming late is fine."
    return f"It begins at {clock(meeting.starts_at)}." if at < meeting.starts_at else "It has not begun yet."


def _place(number: int) -> str:
    return "You are next to come in" if number == 1 else f"You are {ordinal(number)} in the lobby"


def _others(number: int) -> str:
    return {0: "Nobody else waits.", 1: "One other waits too."}.get(number, f"{number} others wait too.")


def help_page(member: Member, pk: int, at: datetime) -> dict[str, Any]:
    """Whom a private word reaches, and one's own so far, the newest first. Raises Http404."""
    visit = access.meeting_for(member, pk, at)
    meeting = visit.meeting
    hosts, calls = "", list[HelpCall]()
    if meeting is not None and visit.state in OPEN_NOW:
        hosts = chairs_in_words([one for one in access.chairs_of(meeting) if one.pk != member.pk])
        calls = own_calls(member, meeting)
    inside = visit.state is Door.IN and meeting is not None and meeting.engine == Meeting.Engine.TEXT
    back = (
        reverse("rooms:room", args=[meeting.room.slug])
        if inside and meeting
        else reverse("meetings:door", args=[pk])
    )
    return {"one": visit.occurrence, "visit": visit, "hosts": hosts, "calls": calls, "back": back}


def own_calls(member: Member, meeting: Meeting) -> list[HelpCall]:
    mine = HelpCall.objects.filter(meeting=meeting, member=member).select_related("answered_by")
    return list(mine.order_by("-at", "-pk"))


def doorway_page(member: Member, pk: int) -> tuple[Occurrence, str]:
    """A date whose door the member may change, and how people come in to it. Raises Http404, PermissionDenied."""
    one = occurrence_to_keep(member, pk)
    return one, entry_of(one.event)


def event_part(one: Occurrence, keeps: bool) -> str:
    """On the event's page, for those who keep it: how people come in."""
    if not keeps or one.gone or not (one.event.here or one.event.link) or one.event.between_two:
        return ""
    words = entry_of(one.event).label
    return render_to_string("meetings/_event_part.html", {"one": one, "words": words})

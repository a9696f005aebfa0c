"""The chair's page: who asks for help, who has the floor, who is in line, who waits outside, and what comes next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import orjson

from community.house.access import house
from community.live.models import Event
from community.members.models import Member
from sessions.meetings import access
from sessions.meetings.models import Meeting
from sessions.rooms import stays
from sessions.rooms.floors import allowances
from sessions.rooms.models import Hand, Room, Turn
from sessions.rooms.phases import PHASES, Part, Writes, part_of

MORE_SECONDS = 120
TIMES = {1: "once", 2: "twice"}
# Who may write, as the chair chooses it: what is offered beside what the step says.
WRITES = (
    (Writes.ALL, "Everyone, briefly"),
    (Writes.TURN, "Only whoever has the floor"),
    (Writes.HOSTS, "Only those who hold it"),
)


@dataclass(frozen=True, slots=True)
class InLine:
    """Someone who waits for the floor: `meta` says since when, whether they shared, and whether their link is down."""

    member: Member
    meta: str
    away: bool
    new: bool
    place: int
    more_seconds: int
    own_time: bool


@dataclass(frozen=True, slots=True)
class Floor:
    """Who has the floor, and for how long already, in words."""

    member: Member
    time: str
    away: bool


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of this evening, with the time at which it begins if all goes by the minutes."""

    place: int
    title: str
    at: datetime
    now: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read out in the step that is on: sent under a key of its own, so that it is said once."""

    title: str
    words: str
    key: UUID
    read_at: datetime | None


def page(member: Member, meeting: Meeting, at: datetime) -> dict[str, Any]:
    """Everything on the chair's page; those at the door see only the lobby."""
    leading = access.chairs_of(meeting)
    chairs = member in leading
    common = {
        "meeting": meeting,
        "one": meeting.occurrence,
        "room": meeting.room,
        "chairs": chairs,
        "lobby": [(arrival, is_new(arrival.member, at)) for arrival in access.lobby_of(meeting)],
        "away": access.turned_away_from(meeting),
        "here": len(stays.seen_lately(meeting.room, at)) if meeting.room.attended else 0,
        "over": meeting.closed_at is not None,
    }
    return common | (_chair(member, meeting, leading, at) if chairs else {})


def is_new(member: Member, at: datetime) -> bool:
    return member.joined_at > at - timedelta(days=house().newcomer_days)


def _chair(member: Member, meeting: Meeting, leading: Sequence[Member], at: datetime) -> dict[str, Any]:
    others = [one for one in leading if one.pk not in {member.pk, meeting.chair_id}]
    has_chair = meeting.chair_id == member.pk
    page: dict[str, Any] = {
        "calls": access.open_calls(meeting),
        "has_chair": has_chair,
        "others": others if has_chair else [],
        "beside": chairs_in_words(others),
        "held_here": meeting.engine == Meeting.Engine.TEXT,
    }
    if meeting.engine == Meeting.Engine.TEXT:
        page |= _floor(meeting, at)
    return page


def chairs_in_words(people: Sequence[Member]) -> str:
    names = [one.handle for one in people]
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def _floor(meeting: Meeting, at: datetime) -> dict[str, Any]:
    room, part = meeting.room, part_of(meeting.room)
    here = stays.seen_lately(room, at)
    line = in_line(room, part, here, at)
    turn = Turn.objects.select_related("member").filter(room=room).first()
    stages = steps_of(meeting)
    place = next((stage.place for stage in stages if stage.now), None)
    coming = next((stage for stage in stages if place is None or stage.place > place), None)
    waiting = next((one for one in line if not one.away), None)
    begun = meeting.begun_at is not None
    return {
        "part": part,
        "floor": floor_of(turn, here, at) if turn else None,
        "line": line,
        "next": waiting,
        "stages": stages,
        "coming": coming,
        "act_now": act_now(
            begun=begun, waiting=waiting is not None, coming=coming is not None, script=bool(stages)
        ),
        "phases": [] if stages else [phase for phase in PHASES.values() if phase.writes != Writes.NONE],
        "reading": reading(meeting, place),
        "next_words": words_of(meeting, coming.place if coming else None),
        "writes": [(value, label, value == part.writes) for value, label in WRITES],
        "one_at_a_time": part.writes == Writes.TURN,
        "more_seconds": MORE_SECONDS,
    }


def act_now(*, begun: bool, waiting: bool, coming: bool, script: bool) -> str:
    """The next thing the chair does: start, begin the step that is coming, or call who is first in line."""
    if not begun:
        return "begin" if coming else "" if script else "start"
    return "call" if waiting else "begin" if coming else ""


def floor_of(turn: Turn, here: Collection[int], at: datetime) -> Floor:
    taken = max(0, round((at - turn.at).total_seconds() / 60))
    agreed = round((turn.until - turn.at).total_seconds() / 60) if turn.until else 0
    time = f"{taken} of {agreed} min" if agreed else f"{taken} min"
    return Floor(turn.member, time, turn.member_id not in here)


def in_line(room: Room, part: Part, here: Collection[int], at: datetime) -> list[InLine]:
    hands = list(Hand.objects.filter(room=room).select_related("member"))
    shared = times_shared(room) if hands else {}
    allowed = allowances(room) if hands else {}
    return [
        InLine(
            member=hand.member,
            meta=_meta(
                away=hand.member_id not in here,
                minutes=int((at - hand.at).total_seconds() // 60),
                shared=shared.get(hand.member.public_id, 0),
                own=allowed.get(hand.member_id),
            ),
            away=hand.member_id not in here,
            new=is_new(hand.member, at),
            place=place,
            more_seconds=allowed.get(hand.member_id, part.turn_seconds) + MORE_SECONDS,
            own_time=hand.member_id in allowed,
        )
        for place, hand in enumerate(hands, start=1)
    ]


def _meta(*, away: bool, minutes: int, shared: int, own: int | None) -> str:
    since = "Link is down. Place held" if away else f"Waiting {minutes} min" if minutes else "Just now"
    before = f"has shared {TIMES.get(shared, f'{shared} times')}" if shared else ""
    longer = f"{round(own / 60)} min each turn" if own else ""
    return ", ".join(filter(None, (since, before, longer)))


def times_shared(room: Room) -> Mapping[str, int]:
    """Public id -> how many turns of theirs came to an end in this room; who passed has not shared."""
    ended = Event.objects.filter(log=room.log_id, type="turn.ended").values_list("payload", flat=True)
    said = [orjson.loads(payload)["data"] for payload in ended]
    return Counter(one["member"] for one in said if one.get("why") in {"done", "chair"})


def steps_of(meeting: Meeting) -> list[Stage]:
    at, found = meeting.starts_at, []
    for place, step in enumerate(meeting.room.steps):
        found.append(
            Stage(place, step["title"] or PHASES[step["phase"]].label, at, place == meeting.room.step)
        )
        at += timedelta(minutes=step["minutes"])
    return found


def words_of(meeting: Meeting, place: int | None) -> str:
    """What is read out in the step at this place."""
    script = meeting.version.script.steps if meeting.version else ()
    return script[place].words if place is not None and place < len(script) else ""


def reading(meeting: Meeting, place: int | None) -> Reading | None:
    words = words_of(meeting, place)
    if place is None or not words:
        return None
    key = uuid5(NAMESPACE_URL, f"meeting:{meeting.pk}:step:{place}")
    said = Event.objects.filter(log=meeting.room.log_id, key=str(key)).values_list("at", flat=True).first()
    return Reading(meeting.room.steps[place]["title"], words, key, said)

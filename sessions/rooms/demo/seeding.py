"""Fills an empty house with the demo community. The history goes through the engine, as if it had been said live."""

from __future__ import annotations

import hashlib
import tomllib
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction

from community.groups import actions
from community.groups.models import Group, JoinRequest, Membership
from community.invitations import demo as invitations
from community.live import log
from community.live.domain import Author, Command, Committed, FrameRefused, Opened
from community.live.models import Log
from community.members.models import Member, skeleton
from moderation.audit.actions import trail
from sessions.rooms.demo.also import add_all
from sessions.rooms.demo.evenings import fill_calendar
from sessions.rooms.demo.script import Line, ScriptError, read_script
from sessions.rooms.demo.timetable import Moment, timetable
from sessions.rooms.domain import rooms
from sessions.rooms.models import ReadPosition, Room

FOLDER = Path(__file__).parent
PASSWORD = "the-light-is-on-tonight"  # noqa: S105 – printed for whoever tries the demo
DOMAIN = "example.org"
HOUSE_AGE = timedelta(days=1500)
STEWARD = "Marigold"
TRUSTED_AFTER = timedelta(days=30)
LOOKED_IN_BEFORE = timedelta(hours=1)
NAMESPACE = uuid.UUID("5b1d6f7e-5c3b-4f0a-9d55-2f8f1b6a9c11")


class HouseNotEmpty(Exception):
    """The house holds something that the demo would run into; says what."""


@dataclass(frozen=True, slots=True)
class Login:
    who: str
    handle: str
    email: str


LOGINS = (
    ("alumna", "Juniper"),
    ("newcomer", "Slow River"),
    ("moderator", "Nine Pines"),
    ("facilitator", "Alder"),
    ("clinician", "Linden"),
    ("steward", "Marigold"),
    ("family", "Goldfinch"),
)


def email_of(handle: str) -> str:
    return f"{handle.lower().replace(' ', '-')}@{DOMAIN}"


def demo_logins() -> list[Login]:
    return [Login(who, handle, email_of(handle)) for who, handle in LOGINS]


def read_people() -> list[dict[str, Any]]:
    people: list[dict[str, Any]] = tomllib.loads((FOLDER / "people.toml").read_text(encoding="utf-8"))[
        "member"
    ]
    return people


def read_groups() -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = tomllib.loads((FOLDER / "groups.toml").read_text(encoding="utf-8"))[
        "group"
    ]
    return groups


@transaction.atomic
@trail()
def seed_demo(*, now: datetime) -> bool:
    """Make the demo community, all or nothing; False when it is there already. Raises HouseNotEmpty."""
    people, groups = read_people(), read_groups()
    if Member.objects.filter(email=email_of(people[0]["handle"])).exists():
        return False
    _refuse_to_mix(people, groups)
    members = _make_members(people, now)
    for plan in groups:
        group = _make_group(plan, members, now)
        for room_plan in plan["room"]:
            room = _make_room(room_plan, group, now)
            said = _write_history(room, members, now)
            _place_readers(room, plan, room_plan, members, said)
    fill_calendar(members=members, groups={group.slug: group for group in Group.objects.all()}, now=now)
    add_all(members, now)
    invitations.seed(members=members, steward=members[STEWARD], now=now)
    return True


def _refuse_to_mix(people: Iterable[Mapping[str, Any]], groups: Iterable[Mapping[str, Any]]) -> None:
    taken = Member.objects.filter(handle_skeleton__in=[skeleton(person["handle"]) for person in people])
    standing = Group.objects.filter(slug__in=[group["slug"] for group in groups])
    named = Room.objects.filter(slug__in=[room["slug"] for group in groups for room in group["room"]])
    found = [str(row) for rows in (taken, standing, named) for row in rows]
    if found:
        raise HouseNotEmpty(", ".join(found))


def _make_members(people: Iterable[Mapping[str, Any]], now: datetime) -> dict[str, Member]:
    password = make_password(PASSWORD)
    made = [
        Member(
            public_id=hashlib.sha256(f"porchlight demo {person['handle']}".encode()).hexdigest()[:20],
            email=email_of(person["handle"]), handle=person["handle"], handle_skeleton=skeleton(person["handle"]),
            role=person.get("role", Member.Role.ALUMNUS), pronouns=person.get("pronouns", ""),
            about=person.get("about", ""), help_with=person.get("help_with", []),
            help_words=person.get("help_words", ""), time_zone=person["time_zone"], password=password,
            joined_at=now - timedelta(days=person["joined"]),
        )
        for person in people
    ]  # fmt: skip
    Member.objects.bulk_create(made)
    return {
        member.handle: member for member in Member.objects.filter(email__in=[member.email for member in made])
    }


def _make_group(plan: Mapping[str, Any], members: Mapping[str, Member], now: datetime) -> Group:
    group = Group.objects.create(
        slug=plan["slug"], name=plan["name"], about=plan["about"], joining=plan["joining"],
        listed=plan.get("listed", True), audience=plan.get("audience", Group.Audience.ALUMNI),
        created_at=now - HOUSE_AGE,
    )  # fmt: skip
    by_request = group.joining == Group.Joining.REQUEST
    Membership.objects.bulk_create(
        Membership(group=group, member=members[handle], joined_at=members[handle].joined_at)
        for role, handles in roles(plan).items()
        for handle in handles
        if role != Membership.Role.MEMBER or not by_request
    )
    _appoint(group, plan, members)
    if by_request:
        _welcome(group, plan, members)
    JoinRequest.objects.bulk_create(
        JoinRequest(
            group=group,
            member=members[request["member"]],
            words=request["words"],
            asked_at=now - timedelta(hours=5),
        )
        for request in plan.get("request", [])
    )
    return group


def _appoint(group: Group, plan: Mapping[str, Any], members: Mapping[str, Member]) -> None:
    """The steward chose the facilitators once they had been here for a while, and those the moderators."""
    first = members[plan["facilitators"][0]]
    chosen = {handle: members[handle].joined_at + TRUSTED_AFTER for handle in plan["facilitators"]}
    for handle, at in chosen.items():
        _give_role(group, members[handle], Membership.Role.FACILITATOR, members[STEWARD], at)
    for handle in plan["moderators"]:
        at = max(members[handle].joined_at, chosen[first.handle]) + TRUSTED_AFTER
        _give_role(group, members[handle], Membership.Role.MODERATOR, first, at)


def _give_role(group: Group, member: Member, role: Membership.Role, by: Member, at: datetime) -> None:
    actions.set_role(membership=group.memberships.get(member=member), role=role, by=by, at=at)


def _welcome(group: Group, plan: Mapping[str, Any], members: Mapping[str, Member]) -> None:
    """Everyone who is in a group by request asked once, and its first facilitator answered in the evening."""
    first = members[plan["facilitators"][0]]
    for handle in plan["members"]:
        asked = max(members[handle].joined_at, first.joined_at + TRUSTED_AFTER) + timedelta(days=1)
        request = actions.ask_to_join(group=group, member=members[handle], words="", at=asked)
        welcome = JoinRequest.Answer.WELCOME
        actions.answer_request(request=request, by=first, answer=welcome, at=asked + timedelta(hours=5))


def roles(plan: Mapping[str, Any]) -> dict[Membership.Role, list[str]]:
    """Who is in a planned group, by role."""
    return {
        Membership.Role.FACILITATOR: plan["facilitators"],
        Membership.Role.MODERATOR: plan["moderators"],
        Membership.Role.MEMBER: plan["members"],
    }


def _make_room(plan: Mapping[str, Any], group: Group, now: datetime) -> Room:
    born = now - HOUSE_AGE
    room = Room.objects.create(
        slug=plan["slug"], name=plan["name"], about=plan["about"], group=group, log=Log.objects.create(),
        always_open=plan.get("always_open", True), phase_at=born, created_at=born,
    )  # fmt: skip
    room.log.tags = Log.join_tags(group.tag, room.tag)
    room.log.save(update_fields=["tags"])
    return room


def _write_history(room: Room, members: Mapping[str, Member], now: datetime) -> list[int]:
    """Append the room's script; the seqs of its messages. Raises ScriptError for a line that the room refuses."""
    name = f"{room.slug}.txt"
    scenes = read_script((FOLDER / "scripts" / name).read_text(encoding="utf-8"), name)
    seqs: dict[tuple[int, int], int] = {}
    doors: dict[str, Opened] = {}
    said: list[int] = []
    for moment in timetable(scenes, now, room.slug):
        commands = [_command(room, moment, line, index, members, doors, seqs) for index, line in moment.lines]
        for (index, line), outcome in zip(moment.lines, log.append(commands, at=moment.at), strict=True):
            if not isinstance(outcome, Committed):
                raise ScriptError(f"{name}: the room refused {line}: {outcome}")
            seqs[moment.scene, index] = outcome.seq
            if line.what == "say":
                said.append(outcome.seq)
    return said


def _command(
    room: Room, moment: Moment, line: Line, index: int, members: Mapping[str, Member], doors: dict[str, Opened],
    seqs: Mapping[tuple[int, int], int],
) -> Command:  # fmt: skip
    member = members[line.by]
    if line.by not in doors:
        found = rooms.open(member, [room.slug])
        if room.slug not in found:
            raise ScriptError(f"{line.by} may not enter {room.slug}")
        doors[line.by] = found[room.slug]
    about = seqs[moment.scene, line.about] if line.about is not None else None
    target = members[line.text].public_id if line.what in {"grant", "end"} else None
    frame = {"room": room.slug, "key": str(uuid.uuid5(NAMESPACE, f"{room.slug} {moment.scene} {index}"))}
    try:
        return rooms.parse(frame | _request(line, about, target), doors[line.by], Author.of(member))
    except FrameRefused as refused:
        raise ScriptError(f"{room.slug}: {refused.refusal.message}: {line}") from refused


def _request(line: Line, about: int | None, target: str | None) -> dict[str, Any]:
    """The frame that a browser would send for this line."""
    match line.what:
        case "say":
            request: dict[str, Any] = {"t": "send", "text": line.text}
            if about is not None:
                request["reply_to"] = about
            if line.value:
                request["note"] = line.value
            return request
        case "react":
            return {
                "t": "act",
                "op": "reaction.set",
                "target": about,
                "value": {"kind": line.value, "on": True},
            }
        case "edit":
            return {"t": "act", "op": "message.edit", "target": about, "value": line.text}
        case "hide":
            return {"t": "act", "op": "message.hide", "target": about, "value": line.value}
        case "hand":
            return {"t": "act", "op": "hand.raise"}
        case "phase":
            return {"t": "act", "op": "phase.set", "value": line.value}
        case "grant":
            return {"t": "act", "op": "turn.grant", "target": target, "value": int(line.value)}
        case _:
            return {"t": "act", "op": "turn.end", "target": target}


def _place_readers(
    room: Room, plan: Mapping[str, Any], room_plan: Mapping[str, Any], members: Mapping[str, Member], said: list[int]
) -> None:  # fmt: skip
    """Everyone in the group has read to the end, but for those who have some messages unread."""
    end = log.head(room.log_id).last_seq
    unread: Mapping[str, int] = room_plan.get("unread", {})
    ReadPosition.objects.filter(room=room).delete()
    ReadPosition.objects.bulk_create(
        ReadPosition(
            room=room,
            member=members[handle],
            seq=said[-unread[handle]] - 1 if handle in unread else end,
            at=room.phase_at - LOOKED_IN_BEFORE,
        )
        for handles in roles(plan).values()
        for handle in handles
    )

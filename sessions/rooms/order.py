"""Keeping order: mute, unmute, remove."""

from __future__ import annotations

from datetime import timedelta

from community.groups.access import Standing
from community.groups.removal import end_membership
from community.live import eviction, frames
from community.live.domain import (
    Append,
    Code,
    Consequence,
    Decision,
    Refuse,
    Same,
)
from community.members.models import Member
from moderation.sanctions.actions import lift, restrict
from moderation.sanctions.models import Restriction
from sessions.rooms import acts
from sessions.rooms.hall import Hall
from sessions.rooms.models import Room
from sessions.rooms.refusals import (
    NO_MEMBER,
    NOT_YOURS,
)
from sessions.rooms.turns import off_the_floor


def restrain(
    hall: Hall, room: Room, author: Member, standing: Standing, act: acts.Mute | acts.Unmute | acts.Remove
) -> Decision:
    if not standing.keeps_order:
        return NOT_YOURS
    whom = hall.by_public_id.get(act.member)
    if whom is None:
        return NO_MEMBER
    theirs = hall.standing(room, whom)
    if whom.pk == author.pk or (theirs.keeps_order and not standing.chairs) or theirs.chairs:
        return Refuse(Code.DENIED, "Someone else has to decide about them.")
    if not theirs.may_enter and not isinstance(act, acts.Unmute):
        return NO_MEMBER
    match act:
        case acts.Mute():
            return mute(hall, room, whom, author, act)
        case acts.Unmute():
            return unmute(hall, room, whom, author)
        case acts.Remove():
            return remove(hall, room, whom, author, act)


def mute(hall: Hall, room: Room, whom: Member, by: Member, act: acts.Mute) -> Decision:
    until = hall.at + timedelta(minutes=act.minutes) if act.minutes else None
    place = (whom.pk, Restriction.Kind.MUTE, room.tag)
    if place in hall.restrictions and hall.restrictions[place] == until:
        return Same()
    restrict(
        member_id=whom.pk,
        kind=Restriction.Kind.MUTE,
        scope=room.tag,
        by_id=by.pk,
        reason=act.reason,
        at=hall.at,
        until=until,
    )
    hall.restrictions[place] = until
    eviction.touch(whom.pk, room.tag)
    data = {"member": whom.public_id, "until": frames.stamp(until) if until else None}
    return Append("member.muted", data, before=tuple(off_the_floor(hall, room.log_id, whom)))


def unmute(hall: Hall, room: Room, whom: Member, by: Member | None) -> Decision:
    ended = lift(
        member_id=whom.pk,
        kind=Restriction.Kind.MUTE,
        scope=room.tag,
        by_id=by.pk if by else None,
        at=hall.at,
    )
    if not ended:
        return Same()
    hall.restrictions.pop((whom.pk, Restriction.Kind.MUTE, room.tag), None)
    eviction.touch(whom.pk, room.tag)
    return Append("member.unmuted", {"member": whom.public_id})


def remove(hall: Hall, room: Room, whom: Member, by: Member, act: acts.Remove) -> Decision:
    end_membership(group_id=room.group_id, member_id=whom.pk, by_id=by.pk, reason=act.reason, at=hall.at)
    hall.standings.clear()
    hall.roles.pop((room.group_id, whom.pk), None)
    hall.restrictions[whom.pk, Restriction.Kind.REMOVAL, f"group:{room.group_id}"] = None
    before: list[Consequence] = []
    for log_id, other in hall.rooms.items():
        if other.group_id == room.group_id:
            before += off_the_floor(hall, log_id, whom)
            if log_id != room.log_id:
                before.append(Consequence(log_id, "member.removed", {"member": whom.public_id}))
    return Append("member.removed", {"member": whom.public_id}, before=tuple(before))

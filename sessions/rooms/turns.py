"""The floor: the queue, the turn, the phase."""

from __future__ import annotations

from datetime import timedelta

from community.groups.access import Standing
from community.groups.models import Group
from community.live import frames
from community.live.domain import (
    Append,
    Code,
    Consequence,
    Decision,
    Refuse,
    Same,
)
from community.members.models import Member
from sessions.rooms import acts
from sessions.rooms.hall import Hall, Held, Raised
from sessions.rooms.models import Room
from sessions.rooms.phases import PHASES, Phase, Writes
from sessions.rooms.refusals import (
    CLOSED,
    NO_MEMBER,
    NOT_YOURS,
)

TURN_SECONDS = 180


def whom_of(hall: Hall, author: Member, standing: Standing, public_id: str | None) -> Member | Refuse:
    """The member an act is about: oneself, or anyone for the chair."""
    if public_id is None or public_id == author.public_id:
        return author
    if not standing.chairs:
        return NOT_YOURS
    return hall.by_public_id.get(public_id) or NO_MEMBER


def raise_hand(hall: Hall, room: Room, author: Member, standing: Standing, act: acts.RaiseHand) -> Decision:
    if room.group.kind == Group.Kind.PAIR:
        return NOT_YOURS
    whom = whom_of(hall, author, standing, act.member)
    if isinstance(whom, Refuse):
        return whom
    if not hall.standing(room, whom).may_enter:
        return NO_MEMBER
    floor = hall.floors[room.log_id]
    if whom.pk in floor.hands:
        return Same()
    floor.hands[whom.pk] = Raised(hall.new_seq[room.log_id], hall.at)
    floor.changed = True
    return Append("hand.raised", {"member": whom.public_id})


def lower_hand(hall: Hall, room: Room, author: Member, standing: Standing, act: acts.LowerHand) -> Decision:
    whom = whom_of(hall, author, standing, act.member)
    if isinstance(whom, Refuse):
        return whom
    floor = hall.floors[room.log_id]
    if floor.hands.pop(whom.pk, None) is None:
        return Same()
    floor.changed = True
    return Append("hand.lowered", {"member": whom.public_id})


def give_floor(
    hall: Hall,
    room: Room,
    author: Member,
    standing: Standing,
    phase: Phase,
    act: acts.GrantTurn | acts.ExtendTurn,
) -> Decision:
    if not standing.chairs:
        return NOT_YOURS
    if phase.writes == Writes.NONE:
        return CLOSED
    floor = hall.floors[room.log_id]
    if isinstance(act, acts.ExtendTurn):
        if floor.turn is None or (act.member and hall.people[floor.turn.member_id].public_id != act.member):
            return Refuse(Code.DENIED, "Nobody has the floor to whom that could be added.")
        holder = floor.turn.member_id
        until = max(floor.turn.until or hall.at, hall.at) + timedelta(seconds=act.seconds)
        floor.turn, floor.changed = floor.turn._replace(until=until), True
        return Append(
            "turn.extended", {"member": hall.people[holder].public_id, "until": frames.stamp(until)}
        )
    whom = hall.by_public_id.get(act.member)
    if whom is None or not hall.standing(room, whom).may_enter:
        return NO_MEMBER
    if floor.turn is not None and floor.turn.member_id == whom.pk:
        return Same()
    if hall.muted(room, whom):
        return Refuse(Code.DENIED, "They can’t write here for now.")
    before = turn_over(hall, room.log_id, "chair")
    if floor.hands.pop(whom.pk, None) is not None:
        before.append(Consequence(room.log_id, "hand.lowered", {"member": whom.public_id}))
    until = hall.at + timedelta(seconds=act.seconds or TURN_SECONDS)
    floor.turn, floor.changed = Held(whom.pk, until, author.pk, hall.at), True
    return Append(
        "turn.granted", {"member": whom.public_id, "until": frames.stamp(until)}, before=tuple(before)
    )


def turn_over(hall: Hall, log_id: int, why: str) -> list[Consequence]:
    floor = hall.floors[log_id]
    if floor.turn is None:
        return []
    holder = hall.people[floor.turn.member_id]
    floor.turn, floor.changed = None, True
    return [Consequence(log_id, "turn.ended", {"member": holder.public_id, "why": why})]


def end_turn(hall: Hall, room: Room, author: Member, standing: Standing, act: acts.EndTurn) -> Decision:
    floor = hall.floors[room.log_id]
    if floor.turn is None or (act.member and hall.people[floor.turn.member_id].public_id != act.member):
        return Same() if standing.chairs or act.member in {None, author.public_id} else NOT_YOURS
    own = floor.turn.member_id == author.pk
    if not (own or standing.chairs):
        return NOT_YOURS
    [event] = turn_over(hall, room.log_id, "done" if own else "chair")
    return Append(event.type, event.data)


def off_the_floor(hall: Hall, log_id: int, member: Member) -> list[Consequence]:
    """What it takes for someone to leave the queue and give up the turn."""
    floor = hall.floors[log_id]
    events = turn_over(hall, log_id, "chair") if floor.turn and floor.turn.member_id == member.pk else []
    if floor.hands.pop(member.pk, None) is not None:
        floor.changed = True
        events.append(Consequence(log_id, "hand.lowered", {"member": member.public_id}))
    return events


def set_phase(hall: Hall, room: Room, name: str) -> Decision:
    if room.phase == name:
        return Same()
    old, new = PHASES[room.phase], PHASES[name]
    before: list[Consequence] = []
    if new.writes != Writes.TURN:
        before += turn_over(hall, room.log_id, "chair")
    if new.writes == Writes.NONE:
        floor = hall.floors[room.log_id]
        before += [
            Consequence(room.log_id, "hand.lowered", {"member": hall.people[pk].public_id})
            for pk in floor.hands
        ]
        floor.hands.clear()
        floor.changed = True
        before.append(Consequence(room.log_id, "session.closed", {}))
    elif old.writes == Writes.NONE:
        before.append(Consequence(room.log_id, "session.opened", {}))
    room.phase, room.phase_at = name, hall.at
    Room.objects.filter(pk=room.pk).update(phase=name, phase_at=hall.at)
    data = {"phase": name, "writes": new.writes, "crosstalk": new.crosstalk}
    return Append("phase.changed", data, before=tuple(before))

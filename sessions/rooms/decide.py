"""Deciding a batch: locks held, rows loaded at once, one act after the other, each seeing those before it."""

from __future__ import annotations

from community.live.domain import Append, Batch, Code, Command, Decision, Refuse, Same
from community.members.models import Member
from moderation.audit.actions import trail
from moderation.sanctions.models import Restriction
from sessions.rooms import acts
from sessions.rooms.hall import Hall
from sessions.rooms.models import Room
from sessions.rooms.order import restrain, unmute
from sessions.rooms.phases import PHASES, Writes
from sessions.rooms.refusals import CLOSED, CLOSED_BY_STEWARD, NO_ROOM, NOT_YOURS, RESTS
from sessions.rooms.resting import rests
from sessions.rooms.turns import (
    end_turn,
    give_floor,
    lower_hand,
    move_hand,
    off_the_floor,
    put_back_in_line,
    raise_hand,
    set_phase,
)
from sessions.rooms.words import cover, edit, react, say


def decide(batch: Batch) -> list[Decision]:
    """One decision a command, in order; what they change is saved."""
    hall = Hall(batch)
    with trail():
        decisions = []
        for pending in batch.pending:
            decision = _one(hall, pending.command, pending.repeat)
            if isinstance(decision, Append) and not pending.repeat:
                hall.count(pending.command.opened.log_id, decision)
            decisions.append(decision)
        hall.save()
    return decisions


def _one(hall: Hall, command: Command, repeat: bool) -> Decision:
    room = hall.rooms.get(command.opened.log_id)
    if room is None:
        return NO_ROOM
    if command.author is None:
        return _by_the_house(hall, command, room)
    author = hall.people.get(command.author.id)
    if author is None or not hall.standing(room, author).may_enter:
        return NO_ROOM
    if repeat:
        return Same()
    return _act(hall, command, room, author)


def _act(hall: Hall, command: Command, room: Room, author: Member) -> Decision:  # noqa: C901 - one case an act
    standing = hall.standing(room, author)
    act = command.act
    match act:
        case acts.SetPhase() if standing.chairs and kept_closed(room):
            return CLOSED_BY_STEWARD
        case acts.SetPhase():
            return set_phase(hall, room, act, author) if standing.chairs else NOT_YOURS
        case acts.Mute() | acts.Unmute() | acts.Remove():
            return restrain(hall, room, author, standing, act)
        case acts.Hide() | acts.Restore():
            return cover(hall, room, author, standing, act)
        case acts.GrantTurn() | acts.ExtendTurn():
            return give_floor(hall, room, author, standing, act)
        case acts.EndTurn():
            return end_turn(hall, room, author, standing, act)
        case acts.LowerHand():
            return lower_hand(hall, room, author, standing, act)
        case acts.MoveHand():
            return move_hand(hall, room, standing, act)
    if PHASES[room.phase].writes == Writes.NONE:
        return CLOSED
    if muted := hall.muted(room, author):
        return muted
    match act:
        case acts.Say() if rests(room, author, hall.at):
            return RESTS
        case acts.Say():
            return say(hall, room, author, standing, act)
        case acts.Edit():
            return edit(hall, room, author, act)
        case acts.React():
            return react(hall, room, author, act)
        case acts.RaiseHand():
            return raise_hand(hall, room, author, standing, act)
    return Refuse(Code.BAD_FRAME, "No such act.")


def kept_closed(room: Room) -> bool:
    """A steward closed the room or its group: nobody else opens it."""
    return room.closed_at is not None or room.group.closed_at is not None


def _by_the_house(hall: Hall, command: Command, room: Room) -> Decision:
    match command.act:
        case acts.Unmute(member):
            person = hall.by_public_id.get(member)
            # One in force was renewed after it was found spent: that one stands.
            if person is None or (person.pk, Restriction.Kind.MUTE, room.tag) in hall.restrictions:
                return Same()
            return unmute(hall, room, person, None)
        case acts.SetPhase():
            return set_phase(hall, room, command.act)
        case acts.Chair(member):
            return Append("chair.changed", {"member": member})
        case acts.Away(member):
            person = hall.by_public_id.get(member)
            return put_back_in_line(hall, room, person) if person else Same()
        case acts.Removed(member):
            person = hall.by_public_id.get(member)
            if person is None:
                return Same()
            return Append(
                "member.removed",
                {"member": member},
                before=tuple(off_the_floor(hall, room.log_id, person)),
            )
        case acts.Left(member):
            person = hall.by_public_id.get(member)
            events = off_the_floor(hall, room.log_id, person) if person else []
            if not events:
                return Same()
            *before, last = events
            return Append(last.type, last.data, before=tuple(before))
    return Refuse(Code.BAD_FRAME, "No such act.")

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
from sessions.rooms import acts, stays
from sessions.rooms.hall import Hall, Held, Raised
from sessions.rooms.models import Room
from sessions.rooms.phases import PHASES, Writes, part_of
from sessions.rooms.refusals import (
    CLOSED,
    NO_MEMBER,
    NO_STEP,
    NOT_IN_LINE,
    NOT_YOURS,
)

# How long the house waits for someone who has the floor and is not here.
GRACE = timedelta(seconds=120)


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


def move_hand(hall: Hall, room: Room, standing: Standing, act: acts.MoveHand) -> Decision:
    if not standing.chairs:
        return NOT_YOURS
    whom = hall.by_public_id.get(act.member)
    floor = hall.floors[room.log_id]
    if whom is None or whom.pk not in floor.hands:
        return NOT_IN_LINE
    before = list(floor.hands)
    line = [pk for pk in before if pk != whom.pk]
    place = {acts.To.FIRST: 0, acts.To.LATER: before.index(whom.pk) + 1, acts.To.LAST: len(line)}[act.to]
    line.insert(place, whom.pk)
    if line == before:
        return Same()
    floor.hands = {pk: floor.hands[pk] for pk in line}
    floor.changed = True
    return _moved(hall, room.log_id, whom)


def _moved(hall: Hall, log_id: int, whom: Member) -> Append:
    queue = [hall.people[pk].public_id for pk in hall.floors[log_id].hands]
    return Append("hand.moved", {"member": whom.public_id, "queue": queue})


def put_back_in_line(hall: Hall, room: Room, whom: Member) -> Decision:
    """Who has the floor and has not been here for a while gives it up, and comes first when they are back."""
    floor = hall.floors[room.log_id]
    if floor.turn is None or floor.turn.member_id != whom.pk:
        return Same()
    here_at = max(floor.turn.at, hall.last_seen.get((room.pk, whom.pk), floor.turn.at))
    if hall.at - here_at < GRACE:
        return Same()
    ended = turn_over(hall, room.log_id, "away")
    raised = Raised(hall.new_seq[room.log_id] + len(ended), hall.at)
    others = {pk: hand for pk, hand in floor.hands.items() if pk != whom.pk}
    floor.hands = {whom.pk: raised} | others
    again = Consequence(room.log_id, "hand.raised", {"member": whom.public_id})
    if not others:
        return Append(again.type, again.data, before=tuple(ended))
    moved = _moved(hall, room.log_id, whom)
    return Append(moved.type, moved.data, before=(*ended, again))


def give_floor(
    hall: Hall, room: Room, author: Member, standing: Standing, act: acts.GrantTurn | acts.ExtendTurn
) -> Decision:
    if not standing.chairs:
        return NOT_YOURS
    if PHASES[room.phase].writes == Writes.NONE:
        return CLOSED
    return grant(hall, room, author, act) if isinstance(act, acts.GrantTurn) else extend(hall, room, act)


def grant(hall: Hall, room: Room, author: Member, act: acts.GrantTurn) -> Decision:
    floor = hall.floors[room.log_id]
    whom = hall.by_public_id.get(act.member)
    if whom is None or not hall.standing(room, whom).may_enter:
        return NO_MEMBER
    if floor.turn is not None and floor.turn.member_id == whom.pk:
        return Same()
    if hall.muted(room, whom):
        return Refuse(Code.DENIED, "They can’t write here for now.")
    before = cut_short(hall, room, author)
    if floor.hands.pop(whom.pk, None) is not None:
        before.append(Consequence(room.log_id, "hand.lowered", {"member": whom.public_id}))
    usual = hall.allowances.get((room.pk, whom.pk), part_of(room).turn_seconds)
    until = hall.at + timedelta(seconds=act.seconds or usual)
    floor.turn, floor.changed = Held(whom.pk, until, author.pk, hall.at), True
    return Append(
        "turn.granted", {"member": whom.public_id, "until": frames.stamp(until)}, before=tuple(before)
    )


def extend(hall: Hall, room: Room, act: acts.ExtendTurn) -> Decision:
    floor = hall.floors[room.log_id]
    if floor.turn is None or (act.member and hall.people[floor.turn.member_id].public_id != act.member):
        return Refuse(Code.DENIED, "Nobody has the floor to whom that could be added.")
    holder = floor.turn.member_id
    until = max(floor.turn.until or hall.at, hall.at) + timedelta(seconds=act.seconds)
    floor.turn, floor.changed = floor.turn._replace(until=until), True
    return Append("turn.extended", {"member": hall.people[holder].public_id, "until": frames.stamp(until)})


def turn_over(hall: Hall, log_id: int, why: str) -> list[Consequence]:
    floor = hall.floors[log_id]
    if floor.turn is None:
        return []
    holder = hall.people[floor.turn.member_id]
    floor.turn, floor.changed = None, True
    return [Consequence(log_id, "turn.ended", {"member": holder.public_id, "why": why})]


def cut_short(hall: Hall, room: Room, by: Member | None) -> list[Consequence]:
    """The chair ends the turn; in a meeting, what its holder was writing is still taken `until` then."""
    turn = hall.floors[room.log_id].turn
    ended = turn_over(hall, room.log_id, "chair")
    if turn is not None and room.led and (by is None or turn.member_id != by.pk):
        hall.let_finish(room, turn.member_id)
        assert room.finishing_until is not None
        ended[0].data["until"] = frames.stamp(room.finishing_until)
    return ended


def end_turn(hall: Hall, room: Room, author: Member, standing: Standing, act: acts.EndTurn) -> Decision:
    floor = hall.floors[room.log_id]
    if floor.turn is None or (act.member and hall.people[floor.turn.member_id].public_id != act.member):
        return Same() if standing.chairs or act.member in {None, author.public_id} else NOT_YOURS
    own = floor.turn.member_id == author.pk
    if not (own or standing.chairs):
        return NOT_YOURS
    if own:
        [event] = turn_over(hall, room.log_id, "passed" if act.passed else "done")
    else:
        [event] = cut_short(hall, room, author)
    return Append(event.type, event.data)


def off_the_floor(hall: Hall, log_id: int, member: Member) -> list[Consequence]:
    """What it takes for someone to leave the queue and give up the turn."""
    floor, room = hall.floors[log_id], hall.rooms[log_id]
    events = turn_over(hall, log_id, "chair") if floor.turn and floor.turn.member_id == member.pk else []
    if floor.hands.pop(member.pk, None) is not None:
        floor.changed = True
        events.append(Consequence(log_id, "hand.lowered", {"member": member.public_id}))
    if room.finishing_id == member.pk:
        hall.let_finish(room, None)
    return events


def set_phase(hall: Hall, room: Room, act: acts.SetPhase, by: Member | None = None) -> Decision:
    step = step_for(room, act)
    if isinstance(step, Refuse):
        return step
    was_closed, was = PHASES[room.phase].writes == Writes.NONE, (room.step, part_of(room))
    closes = PHASES[act.name].writes == Writes.NONE
    script = room.steps[step] if step is not None else {}
    new = {
        "phase": act.name,
        "step": step,
        "writes": "" if closes else act.writes or script.get("writes") or "",
        "crosstalk": script.get("crosstalk"),
        "turn_seconds": script.get("turn_seconds"),
    }
    for name, value in new.items():
        setattr(room, name, value)
    part = part_of(room)
    if (step, part) == was:
        return Same()
    before: list[Consequence] = []
    if closes:
        before = _close(hall, room)
    elif part.writes != Writes.TURN:
        before = cut_short(hall, room, by)
    if was_closed and not closes:
        before.append(Consequence(room.log_id, "session.opened", {}))
    room.phase_at = hall.at
    Room.objects.filter(pk=room.pk).update(phase_at=hall.at, **new)
    data = {"phase": part.name, "writes": part.writes, "crosstalk": part.crosstalk}
    if step is not None:
        data |= {"step": step, "title": part.label}
    return Append("phase.changed", data, before=tuple(before))


def step_for(room: Room, act: acts.SetPhase) -> int | Refuse | None:
    """The step that is asked for; else the next one of that phase, or its first, if the script has any."""
    places = [place for place, step in enumerate(room.steps) if step["phase"] == act.name]
    if act.step is not None:
        return act.step if act.step in places else NO_STEP
    return next((place for place in places if place >= (room.step or 0)), places[0] if places else None)


def _close(hall: Hall, room: Room) -> list[Consequence]:
    floor = hall.floors[room.log_id]
    events = turn_over(hall, room.log_id, "chair")
    events += [
        Consequence(room.log_id, "hand.lowered", {"member": hall.people[pk].public_id}) for pk in floor.hands
    ]
    floor.hands.clear()
    floor.changed = True
    hall.let_finish(room, None)
    if room.attended:
        stays.close_stays(room, hall.at)
    return [*events, Consequence(room.log_id, "session.closed", {})]

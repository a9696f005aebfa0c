"""Deciding a batch: locks held, rows loaded at once, one act after the other, each seeing those before it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from community.groups.access import Standing
from community.groups.models import Membership
from community.groups.removal import end_membership
from community.live import eviction, frames, log
from community.live.domain import (
    Append,
    Batch,
    Code,
    Command,
    Consequence,
    Decision,
    Refuse,
    Rewrite,
    Same,
    Stored,
)
from community.live.prepared import Prepared
from community.members.models import Member
from moderation.audit.actions import Subject, record, trail
from moderation.audit.chain import digest_of
from moderation.audit.verbs import Verb
from moderation.sanctions.actions import lift, restrict
from moderation.sanctions.models import EVERYWHERE, Restriction
from sessions.rooms import acts
from sessions.rooms.models import Hand, Reaction, Room, Turn
from sessions.rooms.phases import PHASES, Phase, Writes

EDIT_MINUTES = 15
TURN_SECONDS = 180
NO_ROOM = Refuse(Code.NOT_FOUND, "There is no such room.")
NO_MESSAGE = Refuse(Code.NOT_FOUND, "There is no such message here.")
NO_MEMBER = Refuse(Code.NOT_FOUND, "There is no such member here.")
CLOSED = Refuse(Code.CLOSED, "This room is closed for now. Your words were not sent.")
NOT_YOURS = Refuse(Code.DENIED, "That is for the people who keep this room.")
HOSTS_WRITE = Refuse(Code.DENIED, "Only the facilitators write in this part.")
NOT_YOUR_TURN = Refuse(
    Code.NOT_YOUR_TURN, "Someone else has the floor. Raise your hand and you are next in line."
)

ROOMS = Prepared(lambda logs: Room.objects.filter(log_id__in=logs).select_related("group"), int)
PEOPLE = Prepared(
    lambda authors, named: Member.objects.filter(Q(pk__in=authors) | Q(public_id__in=named)).only(
        "public_id", "handle", "role", "is_active"
    ),
    int,
    str,
)
MEMBERSHIPS = Prepared(
    lambda groups, people: Membership.objects.filter(group_id__in=groups, member_id__in=people).values_list(
        "group_id", "member_id", "role"
    ),
    int,
    int,
)
RESTRICTIONS = Prepared(
    lambda people, scopes, at: (
        Restriction.objects.in_force(at)
        .filter(member_id__in=people, scope__in=scopes)
        .values_list("member_id", "kind", "scope", "until")
    ),
    int,
    str,
    datetime,
)
TURNS = Prepared(lambda rooms: Turn.objects.filter(room_id__in=rooms).select_related("member"), int)

SEQ_ACTS = acts.Edit | acts.Hide | acts.Restore | acts.React
MESSAGE_ACTS = acts.Edit | acts.Hide | acts.Restore


@dataclass(slots=True)
class Floor:
    """A room's queue (member primary key -> seq of the raising) and turn, as of this point of the batch."""

    hands: dict[int, int]
    turn: tuple[int, datetime | None] | None
    changed: bool = False
    was: dict[int, int] = field(default_factory=dict)


class Deliberation:
    """Loads what a batch needs in a constant number of queries, decides, saves."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.at = batch.at
        self.commands = [pending.command for pending in batch.pending]
        self.new_seq = {log_id: head.last_seq + 1 for log_id, head in batch.heads.items()}
        self._load_places_and_people()
        self._load_floors()
        self._load_messages()

    # --- loading -------------------------------------------------------------------------------------------------

    def _load_places_and_people(self) -> None:
        self.rooms = {room.log_id: room for room in ROOMS(self.batch.heads)}
        authors = {command.author.id for command in self.commands if command.author}
        named = {
            name for command in self.commands if (name := getattr(command.act, "member", None)) is not None
        }
        self.people = {member.pk: member for member in PEOPLE(authors, named)}
        self.by_public_id = {member.public_id: member for member in self.people.values()}
        groups = {room.group_id for room in self.rooms.values()}
        self.standings: dict[tuple[int, int], Standing] = {}
        self.roles = {(group, member): role for group, member, role in MEMBERSHIPS(groups, self.people)}
        scopes = [EVERYWHERE, *(room.tag for room in self.rooms.values()), *(f"group:{pk}" for pk in groups)]
        standing = RESTRICTIONS(self.people, scopes, self.at)
        self.restrictions = {(member, kind, scope): until for member, kind, scope, until in standing}

    def _load_floors(self) -> None:
        rooms = {room.pk: room.log_id for room in self.rooms.values()}
        self.floors = {log_id: Floor({}, None) for log_id in self.rooms}
        moves = any(not isinstance(command.act, acts.Say | SEQ_ACTS) for command in self.commands)
        if moves or any(PHASES[room.phase].writes == Writes.TURN for room in self.rooms.values()):
            for turn in TURNS(rooms):
                self.floors[rooms[turn.room_id]].turn = (turn.member_id, turn.until)
                self._know(turn.member)
        if moves:
            for hand in Hand.objects.filter(room_id__in=rooms).select_related("member").order_by("seq"):
                self.floors[rooms[hand.room_id]].hands[hand.member_id] = hand.seq
                self._know(hand.member)
        for floor in self.floors.values():
            floor.was = dict(floor.hands)

    def _know(self, member: Member) -> None:
        self.people.setdefault(member.pk, member)
        self.by_public_id.setdefault(member.public_id, member)

    def _load_messages(self) -> None:
        about = {
            (command.opened.log_id, command.act.seq)
            for command in self.commands
            if isinstance(command.act, SEQ_ACTS)
        }
        replies = {
            (command.opened.log_id, command.act.reply_to)
            for command in self.commands
            if isinstance(command.act, acts.Say) and command.act.reply_to is not None
        }
        changes = {
            (command.opened.log_id, command.act.seq)
            for command in self.commands
            if isinstance(command.act, MESSAGE_ACTS)
        }
        restores = {
            (command.opened.log_id, command.act.seq)
            for command in self.commands
            if isinstance(command.act, acts.Restore)
        }
        self.messages = log.events_at(about | replies)
        self.edits = log.events_about(changes, ["message.edited"])
        self.hidden_words = log.before_change(restores, "hidden")
        self.reactions: set[tuple[int, int, int, str]] = set()
        self.new_reactions: dict[tuple[int, int, int, str], bool] = {}
        if any(isinstance(command.act, acts.React) for command in self.commands):
            rooms = {room.pk: room.log_id for room in self.rooms.values()}
            rows = Reaction.objects.filter(
                room_id__in=rooms, seq__in={seq for _, seq in about}, member_id__in=self.people
            )
            self.reactions = {
                (rooms[room_id], seq, member_id, kind)
                for room_id, seq, member_id, kind in rows.values_list("room_id", "seq", "member_id", "kind")
            }

    # --- deciding ------------------------------------------------------------------------------------------------

    def run(self) -> list[Decision]:
        with trail():
            decisions = []
            for pending in self.batch.pending:
                decision = self._one(pending.command, pending.repeat)
                if isinstance(decision, Append) and not pending.repeat:
                    self._count(pending.command.opened.log_id, decision)
                decisions.append(decision)
            self._save()
        return decisions

    def _count(self, log_id: int, decision: Append) -> None:
        for event in decision.before:
            self.new_seq[event.log_id] += 1
        self.new_seq[log_id] += 1

    def _one(self, command: Command, repeat: bool) -> Decision:
        room = self.rooms.get(command.opened.log_id)
        if room is None:
            return NO_ROOM
        if command.author is None:
            return self._by_the_house(command, room)
        author = self.people.get(command.author.id)
        if author is None or not self._standing(room, author).may_enter:
            return NO_ROOM
        if repeat:
            return Same()
        return self._act(command, room, author)

    def _standing(self, room: Room, member: Member) -> Standing:
        place = (room.log_id, member.pk)
        if place not in self.standings:
            self.standings[place] = self._work_out_standing(room, member)
        return self.standings[place]

    def _work_out_standing(self, room: Room, member: Member) -> Standing:
        removal, suspension = Restriction.Kind.REMOVAL, Restriction.Kind.SUSPENSION
        return Standing(
            member_active=member.is_active and (member.pk, suspension, EVERYWHERE) not in self.restrictions,
            member_role=member.role,
            joining=room.group.joining,
            listed=room.group.listed,
            audience=room.group.audience,
            membership_role=self.roles.get((room.group_id, member.pk)),
            removed=(member.pk, removal, f"group:{room.group_id}") in self.restrictions,
        )

    def _muted(self, room: Room, member: Member) -> Refuse | None:
        place = (member.pk, Restriction.Kind.MUTE, room.tag)
        if place not in self.restrictions:
            return None
        return Refuse(Code.MUTED, "You can read, and can’t write here for now. A moderator set this.")

    def _act(self, command: Command, room: Room, author: Member) -> Decision:  # noqa: C901 - one case an act
        standing = self._standing(room, author)
        phase = PHASES[room.phase]
        act = command.act
        match act:
            case acts.SetPhase():
                return self._set_phase(room, act.name) if standing.chairs else NOT_YOURS
            case acts.Mute() | acts.Unmute() | acts.Remove():
                return self._restrain(room, author, standing, act)
            case acts.Hide() | acts.Restore():
                return self._cover(room, author, standing, act)
            case acts.GrantTurn() | acts.ExtendTurn():
                return self._give_floor(room, author, standing, phase, act)
            case acts.EndTurn():
                return self._end_turn(room, author, standing, act)
            case acts.LowerHand():
                return self._lower(room, author, standing, act)
        if phase.writes == Writes.NONE:
            return CLOSED
        if muted := self._muted(room, author):
            return muted
        match act:
            case acts.Say():
                return self._say(room, author, standing, phase, act)
            case acts.Edit():
                return self._edit(room, author, act)
            case acts.React():
                return self._react(room, author, act)
            case acts.RaiseHand():
                return self._raise(room, author, standing, act)
        return Refuse(Code.BAD_FRAME, "No such act.")

    def _by_the_house(self, command: Command, room: Room) -> Decision:
        match command.act:
            case acts.Unmute(member):
                person = self.by_public_id.get(member)
                # One in force was renewed after it was found spent: that one stands.
                if person is None or (person.pk, Restriction.Kind.MUTE, room.tag) in self.restrictions:
                    return Same()
                return self._unmute(room, person, None)
            case acts.Removed(member):
                person = self.by_public_id.get(member)
                if person is None:
                    return Same()
                return Append(
                    "member.removed",
                    {"member": member},
                    before=tuple(self._off_the_floor(room.log_id, person)),
                )
            case acts.Left(member):
                person = self.by_public_id.get(member)
                events = self._off_the_floor(room.log_id, person) if person else []
                if not events:
                    return Same()
                *before, last = events
                return Append(last.type, last.data, before=tuple(before))
        return Refuse(Code.BAD_FRAME, "No such act.")

    # --- words ---------------------------------------------------------------------------------------------------

    def _say(self, room: Room, author: Member, standing: Standing, phase: Phase, act: acts.Say) -> Decision:
        if phase.writes == Writes.HOSTS and not standing.chairs:
            return HOSTS_WRITE
        if phase.writes == Writes.TURN and not standing.chairs:
            turn = self.floors[room.log_id].turn
            if turn is None or turn[0] != author.pk:
                return NOT_YOUR_TURN
        data: dict[str, Any] = {"text": act.text, "html": act.html}
        if act.reply_to is not None:
            answered = self.messages.get((room.log_id, act.reply_to))
            if answered is None or answered.type != "message.posted":
                return NO_MESSAGE
            data["reply_to"] = act.reply_to
        if act.note:
            data["note"] = act.note
        return Append("message.posted", data, target=act.reply_to)

    def _message(self, room: Room, seq: int) -> Stored | None:
        message = self.messages.get((room.log_id, seq))
        return message if message is not None and message.type == "message.posted" else None

    def _keep(self, message: Stored, data: dict[str, Any]) -> None:
        self.messages[message.log_id, message.seq] = Stored(
            message.log_id,
            message.seq,
            message.type,
            message.actor,
            message.target,
            message.key,
            message.at,
            message.by,
            data,
        )

    def _edits_of(self, message: Stored) -> list[Stored]:
        return self.edits.get((message.log_id, message.seq), [])

    def _edit(self, room: Room, author: Member, act: acts.Edit) -> Decision:
        message = self._message(room, act.seq)
        if message is None or message.data.get("hidden"):
            return NO_MESSAGE
        if message.actor != author.pk:
            return Refuse(Code.DENIED, "Only whoever wrote it can change it.")
        if self.at - message.at > timedelta(minutes=EDIT_MINUTES):
            return Refuse(
                Code.DENIED, f"A message can be changed for {EDIT_MINUTES} minutes; this one is older."
            )
        if message.data["text"] == act.text:
            return Same()
        data = {**message.data, "text": act.text, "html": act.html, "edited_at": frames.stamp(self.at)}
        self._keep(message, data)
        edited = {"seq": act.seq, "text": act.text, "html": act.html}
        rewrites = [Rewrite(act.seq, data, "edited")]
        rewrites += [Rewrite(edit.seq, edited, "edited") for edit in self._edits_of(message)]
        self._remember_edit(message, author, edited)
        return Append("message.edited", edited, target=act.seq, rewrites=tuple(rewrites))

    def _remember_edit(self, message: Stored, author: Member, data: dict[str, Any]) -> None:
        """What comes later in this batch must find, and cover, the words of this edit too."""
        seq = self.new_seq[message.log_id]
        edit = Stored(
            message.log_id, seq, "message.edited", author.pk, message.seq, None, self.at, message.by, data
        )
        self.edits.setdefault((message.log_id, message.seq), []).append(edit)

    def _cover(
        self, room: Room, author: Member, standing: Standing, act: acts.Hide | acts.Restore
    ) -> Decision:
        message = self._message(room, act.seq)
        if message is None:
            return NO_MESSAGE
        own = message.actor == author.pk
        if isinstance(act, acts.Hide):
            if not (own or standing.keeps_order):
                return NOT_YOURS
            hidden = self._hide(message, "author" if own else "moderator", act.reason)
            if not own:
                self._record(Verb.MESSAGE_HIDDEN, hidden, room, author, message, act.reason)
            return hidden
        if message.data.get("hidden") is not True:
            return Same()
        if not (standing.keeps_order and message.data.get("why") != "author"):
            return NOT_YOURS
        restored = self._restore(message, act.reason)
        self._record(Verb.MESSAGE_RESTORED, restored, room, author, message, act.reason)
        return restored

    def _record(
        self, verb: Verb, decision: Decision, room: Room, by: Member, message: Stored, reason: str
    ) -> None:
        """What a keeper does to the words of another is on record; taking back one's own is nobody's business."""
        if not isinstance(decision, Append):
            return
        facts = {"author": message.actor} | ({"reason": digest_of(reason)} if reason else {})
        subject = Subject("message", message.seq)
        record(verb=verb, actor=by.pk, subject=subject, scope=room.tag, facts=facts, at=self.at)

    def _hide(self, message: Stored, why: str, reason: str) -> Decision:
        if message.data.get("hidden"):
            return Same()
        cover: dict[str, Any] = {"hidden": True, "why": why}
        if reason:
            cover["reason"] = reason
        self.hidden_words[message.log_id, message.seq] = message.data
        self._keep(message, cover)
        rewrites = [Rewrite(message.seq, cover, "hidden", reason)]
        rewrites += [
            Rewrite(edit.seq, {"seq": message.seq, "hidden": True}, "hidden", reason)
            for edit in self._edits_of(message)
        ]
        data: dict[str, Any] = {"seq": message.seq, "why": why} | ({"reason": reason} if reason else {})
        return Append("message.hidden", data, target=message.seq, rewrites=tuple(rewrites))

    def _restore(self, message: Stored, reason: str) -> Decision:
        words = self.hidden_words.get((message.log_id, message.seq))
        if words is None:
            return Refuse(Code.DENIED, "What it said is no longer kept.")
        self._keep(message, words)
        edited = {"seq": message.seq, "text": words["text"], "html": words["html"]}
        rewrites = [Rewrite(message.seq, words, "restored", reason)]
        rewrites += [Rewrite(edit.seq, edited, "restored", reason) for edit in self._edits_of(message)]
        return Append("message.restored", {"seq": message.seq}, target=message.seq, rewrites=tuple(rewrites))

    def _react(self, room: Room, author: Member, act: acts.React) -> Decision:
        message = self._message(room, act.seq)
        if message is None or message.data.get("hidden"):
            return NO_MESSAGE
        place = (room.log_id, act.seq, author.pk, act.kind)
        if (place in self.reactions) == act.on:
            return Same()
        (self.reactions.add if act.on else self.reactions.discard)(place)
        self.new_reactions[place] = act.on
        return Append("reaction.set", {"seq": act.seq, "kind": act.kind, "on": act.on}, target=act.seq)

    # --- the floor -----------------------------------------------------------------------------------------------

    def _whom(self, author: Member, standing: Standing, public_id: str | None) -> Member | Refuse:
        """The member an act is about: oneself, or anyone for the chair."""
        if public_id is None or public_id == author.public_id:
            return author
        if not standing.chairs:
            return NOT_YOURS
        return self.by_public_id.get(public_id) or NO_MEMBER

    def _raise(self, room: Room, author: Member, standing: Standing, act: acts.RaiseHand) -> Decision:
        whom = self._whom(author, standing, act.member)
        if isinstance(whom, Refuse):
            return whom
        if not self._standing(room, whom).may_enter:
            return NO_MEMBER
        floor = self.floors[room.log_id]
        if whom.pk in floor.hands:
            return Same()
        floor.hands[whom.pk] = self.new_seq[room.log_id]
        floor.changed = True
        return Append("hand.raised", {"member": whom.public_id})

    def _lower(self, room: Room, author: Member, standing: Standing, act: acts.LowerHand) -> Decision:
        whom = self._whom(author, standing, act.member)
        if isinstance(whom, Refuse):
            return whom
        floor = self.floors[room.log_id]
        if floor.hands.pop(whom.pk, None) is None:
            return Same()
        floor.changed = True
        return Append("hand.lowered", {"member": whom.public_id})

    def _give_floor(
        self,
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
        floor = self.floors[room.log_id]
        if isinstance(act, acts.ExtendTurn):
            if floor.turn is None or (act.member and self.people[floor.turn[0]].public_id != act.member):
                return Refuse(Code.DENIED, "Nobody has the floor to whom that could be added.")
            holder, until = floor.turn
            until = max(until or self.at, self.at) + timedelta(seconds=act.seconds)
            floor.turn, floor.changed = (holder, until), True
            return Append(
                "turn.extended", {"member": self.people[holder].public_id, "until": frames.stamp(until)}
            )
        whom = self.by_public_id.get(act.member)
        if whom is None or not self._standing(room, whom).may_enter:
            return NO_MEMBER
        if floor.turn is not None and floor.turn[0] == whom.pk:
            return Same()
        if muted := self._muted(room, whom):
            return Refuse(Code.DENIED, "They can’t write here for now.") if muted else NO_MEMBER
        before = self._turn_over(room.log_id, "chair")
        if floor.hands.pop(whom.pk, None) is not None:
            before.append(Consequence(room.log_id, "hand.lowered", {"member": whom.public_id}))
        until = self.at + timedelta(seconds=act.seconds or TURN_SECONDS)
        floor.turn, floor.changed = (whom.pk, until), True
        return Append(
            "turn.granted", {"member": whom.public_id, "until": frames.stamp(until)}, before=tuple(before)
        )

    def _turn_over(self, log_id: int, why: str) -> list[Consequence]:
        floor = self.floors[log_id]
        if floor.turn is None:
            return []
        holder = self.people[floor.turn[0]]
        floor.turn, floor.changed = None, True
        return [Consequence(log_id, "turn.ended", {"member": holder.public_id, "why": why})]

    def _end_turn(self, room: Room, author: Member, standing: Standing, act: acts.EndTurn) -> Decision:
        floor = self.floors[room.log_id]
        if floor.turn is None or (act.member and self.people[floor.turn[0]].public_id != act.member):
            return Same() if standing.chairs or act.member in {None, author.public_id} else NOT_YOURS
        own = floor.turn[0] == author.pk
        if not (own or standing.chairs):
            return NOT_YOURS
        [event] = self._turn_over(room.log_id, "done" if own else "chair")
        return Append(event.type, event.data)

    def _off_the_floor(self, log_id: int, member: Member) -> list[Consequence]:
        """What it takes for someone to leave the queue and give up the turn."""
        floor = self.floors[log_id]
        events = self._turn_over(log_id, "chair") if floor.turn and floor.turn[0] == member.pk else []
        if floor.hands.pop(member.pk, None) is not None:
            floor.changed = True
            events.append(Consequence(log_id, "hand.lowered", {"member": member.public_id}))
        return events

    def _set_phase(self, room: Room, name: str) -> Decision:
        if room.phase == name:
            return Same()
        old, new = PHASES[room.phase], PHASES[name]
        before: list[Consequence] = []
        if new.writes != Writes.TURN:
            before += self._turn_over(room.log_id, "chair")
        if new.writes == Writes.NONE:
            floor = self.floors[room.log_id]
            before += [
                Consequence(room.log_id, "hand.lowered", {"member": self.people[pk].public_id})
                for pk in floor.hands
            ]
            floor.hands.clear()
            floor.changed = True
            before.append(Consequence(room.log_id, "session.closed", {}))
        elif old.writes == Writes.NONE:
            before.append(Consequence(room.log_id, "session.opened", {}))
        room.phase, room.phase_at = name, self.at
        Room.objects.filter(pk=room.pk).update(phase=name, phase_at=self.at)
        data = {"phase": name, "writes": new.writes, "crosstalk": new.crosstalk}
        return Append("phase.changed", data, before=tuple(before))

    # --- order ---------------------------------------------------------------------------------------------------

    def _restrain(
        self, room: Room, author: Member, standing: Standing, act: acts.Mute | acts.Unmute | acts.Remove
    ) -> Decision:
        if not standing.keeps_order:
            return NOT_YOURS
        whom = self.by_public_id.get(act.member)
        if whom is None:
            return NO_MEMBER
        theirs = self._standing(room, whom)
        if whom.pk == author.pk or (theirs.keeps_order and not standing.chairs) or theirs.chairs:
            return Refuse(Code.DENIED, "Someone else has to decide about them.")
        if not theirs.may_enter and not isinstance(act, acts.Unmute):
            return NO_MEMBER
        match act:
            case acts.Mute():
                return self._mute(room, whom, author, act)
            case acts.Unmute():
                return self._unmute(room, whom, author)
            case acts.Remove():
                return self._remove(room, whom, author, act)

    def _mute(self, room: Room, whom: Member, by: Member, act: acts.Mute) -> Decision:
        until = self.at + timedelta(minutes=act.minutes) if act.minutes else None
        place = (whom.pk, Restriction.Kind.MUTE, room.tag)
        if place in self.restrictions and self.restrictions[place] == until:
            return Same()
        restrict(
            member_id=whom.pk,
            kind=Restriction.Kind.MUTE,
            scope=room.tag,
            by_id=by.pk,
            reason=act.reason,
            at=self.at,
            until=until,
        )
        self.restrictions[place] = until
        eviction.touch(whom.pk, room.tag)
        data = {"member": whom.public_id, "until": frames.stamp(until) if until else None}
        return Append("member.muted", data, before=tuple(self._off_the_floor(room.log_id, whom)))

    def _unmute(self, room: Room, whom: Member, by: Member | None) -> Decision:
        ended = lift(
            member_id=whom.pk,
            kind=Restriction.Kind.MUTE,
            scope=room.tag,
            by_id=by.pk if by else None,
            at=self.at,
        )
        if not ended:
            return Same()
        self.restrictions.pop((whom.pk, Restriction.Kind.MUTE, room.tag), None)
        eviction.touch(whom.pk, room.tag)
        return Append("member.unmuted", {"member": whom.public_id})

    def _remove(self, room: Room, whom: Member, by: Member, act: acts.Remove) -> Decision:
        end_membership(group_id=room.group_id, member_id=whom.pk, by_id=by.pk, reason=act.reason, at=self.at)
        self.standings.clear()
        self.roles.pop((room.group_id, whom.pk), None)
        self.restrictions[whom.pk, Restriction.Kind.REMOVAL, f"group:{room.group_id}"] = None
        before: list[Consequence] = []
        for log_id, other in self.rooms.items():
            if other.group_id == room.group_id:
                before += self._off_the_floor(log_id, whom)
                if log_id != room.log_id:
                    before.append(Consequence(log_id, "member.removed", {"member": whom.public_id}))
        return Append("member.removed", {"member": whom.public_id}, before=tuple(before))

    # --- saving --------------------------------------------------------------------------------------------------

    def _save(self) -> None:
        self._save_floors({log_id: floor for log_id, floor in self.floors.items() if floor.changed})
        self._save_reactions()

    def _save_floors(self, floors: dict[int, Floor]) -> None:
        if not floors:
            return
        rooms = {log_id: self.rooms[log_id] for log_id in floors}
        Hand.objects.filter(room__in=rooms.values()).delete()
        Hand.objects.bulk_create(
            Hand(room=rooms[log_id], member_id=member_id, seq=seq, at=self.at)
            for log_id, floor in floors.items()
            for member_id, seq in floor.hands.items()
        )
        Turn.objects.filter(room__in=rooms.values()).delete()
        Turn.objects.bulk_create(
            Turn(room=rooms[log_id], member_id=floor.turn[0], at=self.at, until=floor.turn[1])
            for log_id, floor in floors.items()
            if floor.turn
        )

    def _save_reactions(self) -> None:
        if not self.new_reactions:
            return
        gone = [place for place, on in self.new_reactions.items() if not on]
        new = [place for place, on in self.new_reactions.items() if on]
        if gone:
            Reaction.objects.filter(self._any_of(gone)).delete()
        Reaction.objects.bulk_create(
            (
                Reaction(room=self.rooms[log_id], seq=seq, member_id=member_id, kind=kind, at=self.at)
                for log_id, seq, member_id, kind in new
            ),
            ignore_conflicts=True,
        )

    def _any_of(self, places: Iterable[tuple[int, int, int, str]]) -> Q:
        wanted = Q(pk__in=[])
        for log_id, seq, member_id, kind in places:
            wanted |= Q(room=self.rooms[log_id], seq=seq, member_id=member_id, kind=kind)
        return wanted

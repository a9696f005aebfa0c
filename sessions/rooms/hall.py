"""What a batch is decided from: everything it needs, loaded at once, as of this point of the batch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Max, Q

from community.groups.access import Standing
from community.groups.models import Membership
from community.live import log
from community.live.domain import (
    Append,
    Batch,
    Code,
    Refuse,
)
from community.live.prepared import Prepared
from community.members.models import Member
from moderation.sanctions.models import EVERYWHERE, Restriction
from sessions.rooms import acts
from sessions.rooms.models import Allowance, Hand, Reaction, Room, Stay, Turn
from sessions.rooms.phases import Writes, writes_in

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

FINISHING = timedelta(seconds=60)
SEQ_ACTS = acts.Edit | acts.Hide | acts.Restore | acts.React
MESSAGE_ACTS = acts.Edit | acts.Hide | acts.Restore


class Raised(NamedTuple):
    """When a hand went up: the event's seq, and the time."""

    seq: int
    at: datetime


class Held(NamedTuple):
    """Who has the floor, until when, who gave it and when."""

    member_id: int
    until: datetime | None
    by_id: int | None
    at: datetime


@dataclass(slots=True)
class Floor:
    """A room's queue (member primary key -> raising, first in line first) and turn, as of this point of the batch."""

    hands: dict[int, Raised]
    turn: Held | None
    changed: bool = False


class Hall:
    """The rooms and people of a batch. Loaded in a constant number of queries, changed act by act, saved once."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.at = batch.at
        self.commands = [pending.command for pending in batch.pending]
        self.new_seq = {log_id: head.last_seq + 1 for log_id, head in batch.heads.items()}
        self._load_places_and_people()
        self._load_floors()
        self._load_times()
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
        if moves or any(writes_in(room) == Writes.TURN for room in self.rooms.values()):
            for turn in TURNS(rooms):
                self.floors[rooms[turn.room_id]].turn = Held(turn.member_id, turn.until, turn.by_id, turn.at)
                self._know(turn.member)
        if moves:
            for hand in (
                Hand.objects.filter(room_id__in=rooms).select_related("member").order_by("place", "seq")
            ):
                self.floors[rooms[hand.room_id]].hands[hand.member_id] = Raised(hand.seq, hand.at)
                self._know(hand.member)

    def _load_times(self) -> None:
        """How long the turns of some are, and when those were last here who may have gone; by room and member."""
        self.allowances: dict[tuple[int, int], int] = {}
        self.last_seen: dict[tuple[int, int], datetime] = {}
        self.finished: set[int] = set()
        acts_asked = [command.act for command in self.commands]
        if any(isinstance(act, acts.GrantTurn) and act.seconds is None for act in acts_asked):
            rows = Allowance.objects.filter(room__in=self.rooms.values(), member__in=self.people)
            self.allowances = {(row.room_id, row.member_id): row.seconds for row in rows}
        if any(isinstance(act, acts.Away) for act in acts_asked):
            stays = Stay.objects.filter(room__in=self.rooms.values(), member__in=self.people)
            seen = stays.order_by().values_list("room", "member").annotate(Max("seen_at"))
            self.last_seen = {(room, member): at for room, member, at in seen}

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

    # --- asking ---------------------------------------------------------------------------------------------------

    def count(self, log_id: int, decision: Append) -> None:
        for event in decision.before:
            self.new_seq[event.log_id] += 1
        self.new_seq[log_id] += 1

    def standing(self, room: Room, member: Member) -> Standing:
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

    def muted(self, room: Room, member: Member) -> Refuse | None:
        place = (member.pk, Restriction.Kind.MUTE, room.tag)
        if place not in self.restrictions:
            return None
        return Refuse(Code.MUTED, "You can read, and can’t write here for now. A moderator set this.")

    def finishes(self, room: Room, member: Member) -> bool:
        """Whether the chair ended this member's turn so lately that what they were writing is still taken."""
        until = room.finishing_until
        return room.finishing_id == member.pk and until is not None and self.at <= until

    def let_finish(self, room: Room, member_id: int | None) -> None:
        """Only this member, of all who had the floor before, may send what they were writing; None: nobody."""
        if member_id != room.finishing_id or member_id is not None:
            room.finishing_id = member_id
            room.finishing_until = self.at + FINISHING if member_id is not None else None
            self.finished.add(room.log_id)

    def save(self) -> None:
        self._save_floors({log_id: floor for log_id, floor in self.floors.items() if floor.changed})
        self._save_reactions()
        if self.finished:
            rooms = [self.rooms[log_id] for log_id in self.finished]
            Room.objects.bulk_update(rooms, ["finishing", "finishing_until"])

    def _save_floors(self, floors: dict[int, Floor]) -> None:
        if not floors:
            return
        rooms = {log_id: self.rooms[log_id] for log_id in floors}
        Hand.objects.filter(room__in=rooms.values()).delete()
        Hand.objects.bulk_create(
            Hand(room=rooms[log_id], member_id=member_id, seq=raised.seq, place=place, at=raised.at)
            for log_id, floor in floors.items()
            for place, (member_id, raised) in enumerate(floor.hands.items())
        )
        Turn.objects.filter(room__in=rooms.values()).delete()
        Turn.objects.bulk_create(
            Turn(room=rooms[log_id], **floor.turn._asdict()) for log_id, floor in floors.items() if floor.turn
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

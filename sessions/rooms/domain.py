"""Rooms as the live engine sees them: who enters, what a frame asks for, what is decided, what a reader is told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from community.groups.models import Group, Membership
from community.live import frames
from community.live.clock import clock
from community.live.domain import Author, Batch, Command, Decision, Opened, Refuse
from community.live.models import Event
from community.live.prepared import Prepared
from community.members.blocks import access as blocks
from community.members.models import Member, here
from moderation.sanctions.models import EVERYWHERE, Restriction
from sessions.rooms import access, acts, stays
from sessions.rooms.decide import decide
from sessions.rooms.models import Hand, ReadPosition, Room, Turn
from sessions.rooms.phases import part_of
from sessions.rooms.stays import HERE, LATELY

RECENT_EVENTS = 200
WHOLE = ("group", "log", "turn__member", "finishing")
WHOLE_ROOM = Prepared(lambda log_id: Room.objects.select_related(*WHOLE).filter(log_id=log_id), int)
QUEUE = Prepared(
    lambda room: Hand.objects.filter(room_id=room).values_list("member__public_id", "member_id"), int
)
READ_TO = Prepared(
    lambda room, member: ReadPosition.objects.filter(room_id=room, member_id=member).values_list("seq"),
    int,
    int,
)


def _met(member: int, room: int, group: int, log: int, floor: int) -> QuerySet[Member, tuple[str, str, Any]]:
    """Public id, handle and role in the group of oneself, who keeps the room, who wrote after `floor`, who waits or
    speaks; of both who talk alone.
    """
    memberships = Membership.objects.filter(group_id=group)
    keepers = memberships.exclude(role=Membership.Role.MEMBER)
    wrote = Event.objects.filter(log_id=log, seq__gt=floor, actor__isnull=False)
    met = (
        Q(pk=member)
        | Q(pk__in=wrote.values("actor"))
        | Q(pk__in=keepers.values("member_id"))
        | Q(pk__in=memberships.filter(group__kind=Group.Kind.PAIR).values("member_id"))
        | Q(pk__in=Hand.objects.filter(room_id=room).values("member_id"))
        | Q(pk__in=Turn.objects.filter(room_id=room).values("member_id"))
    )
    # Who has paused, left or been suspended keeps nothing meanwhile.
    role = memberships.filter(here("member__"), member=OuterRef("pk")).values("role")[:1]
    people: QuerySet[Member, tuple[str, str, Any]] = (
        Member.objects.filter(met)
        .annotate(role_here=Subquery(role))
        .values_list("public_id", "handle", "role_here")
    )
    return people


MET = Prepared(_met, int, int, int, int, int)


RefusalPage = Callable[[Any, str, dict[str, str], str, str, int], HttpResponse]


def _in_plain_words(
    request: Any, slug: str, fields: dict[str, str], code: str, message: str, status: int
) -> HttpResponse:
    return HttpResponse(message, status=status, content_type="text/plain; charset=utf-8")


class Rooms:
    def __init__(self) -> None:
        self._refusal_page: RefusalPage = _in_plain_words

    def open(self, member: Any, slugs: Collection[str]) -> dict[str, Opened]:
        return {room.slug: self.opened(room) for room in access.open_to(member, slugs)}

    def opened(self, room: Room) -> Opened:
        tags = (f"group:{room.group_id}", room.tag, EVERYWHERE)
        return Opened(room.slug, room.log_id, tags, self, witnessed=room.attended)

    def still_open(self, pairs: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
        return access.pairs_still_open(pairs)

    def parse(self, frame: Mapping[str, Any], opened: Opened, author: Author) -> Command:
        act = acts.parse(frame)
        locks = opened.tags[:1] if isinstance(act, acts.Remove) else ()
        return Command(opened, author, act, frame.get("key"), frames.digest(frame), locks)

    def decide(self, batch: Batch) -> list[Decision]:
        return decide(batch)

    def state(self, log_id: int, member: Any) -> dict[str, Any]:
        [room] = WHOLE_ROOM(log_id)
        return self.state_of(room, member)

    def state_of(self, room: Room, member: Any) -> dict[str, Any]:
        """The state from a room that has been loaded with all it names (`WHOLE`). Five queries, six in a meeting."""
        part = part_of(room)
        turn: Turn | None = getattr(room, "turn", None)
        hands = QUEUE(room.pk)
        queue = [public_id for public_id, _ in hands]
        people = self._people(room, member)
        restrictions = access.restrictions_of(member, room)
        standing = access.standing_with(member, room, people[member.public_id][1], restrictions)
        mute = restrictions.get(Restriction.Kind.MUTE)
        read = next((seq for (seq,) in READ_TO(room.pk, member.pk)), 0)
        state = {
            "phase": part.name,
            "writes": part.writes,
            "crosstalk": part.crosstalk,
            "step": room.step,
            "title": part.label,
            "queue": queue,
            "turn": turn
            and {"member": turn.member.public_id, "until": frames.stamp(turn.until) if turn.until else None},
            "members": {
                public_id: {"handle": handle, "role": role or Membership.Role.MEMBER}
                for public_id, (handle, role) in people.items()
            },
            "can": [
                word
                for word, holds in (
                    ("write", mute is None),
                    ("react", mute is None),
                    ("raise", mute is None and room.group.kind != Group.Kind.PAIR),
                    ("chair", standing.chairs),
                    ("moderate", standing.keeps_order),
                )
                if holds
            ],
            "muted": mute is not None,
            "muted_until": frames.stamp(mute.until) if mute and mute.until else None,
            "muted_reason": mute.reason if mute else "",
            "read": read,
            "blocked": blocks.ids_blocked_by(member),
        }
        return state | self._of_the_meeting(room, turn, hands) if room.led else state

    def _of_the_meeting(self, room: Room, turn: Turn | None, hands: list[tuple[str, int]]) -> dict[str, Any]:
        more: dict[str, Any] = {}
        if room.steps:
            more["steps"] = [
                {name: step.get(name) for name in ("phase", "title", "minutes")} for step in room.steps
            ]
        if room.finishing and room.finishing_until and clock.now() <= room.finishing_until:
            until = frames.stamp(room.finishing_until)
            more["finishing"] = {"member": room.finishing.public_id, "until": until}
        if room.attended:
            here = {member for (member,) in HERE(room.pk, clock.now() - LATELY)}
            at_the_floor = [*hands, *([(turn.member.public_id, turn.member_id)] if turn else [])]
            more["away"] = [public_id for public_id, member in at_the_floor if member not in here]
        return more

    def _people(self, room: Room, member: Any) -> dict[str, tuple[str, str | None]]:
        """Public id -> handle and role in the group (None: no member of it) of those whom a reader meets here."""
        floor = room.log.last_seq - RECENT_EVENTS
        met = MET(member.pk, room.pk, room.group_id, room.log_id, floor)
        return {public_id: (handle, role) for public_id, handle, role in met}

    def save_seen(self, positions: Mapping[tuple[int, int], int]) -> None:
        rooms = dict(
            Room.objects.filter(log_id__in={log_id for log_id, _ in positions}).values_list("log_id", "pk")
        )
        self.move_read_positions(
            {
                (rooms[log_id], member_id): seq
                for (log_id, member_id), seq in positions.items()
                if log_id in rooms
            }
        )

    @staticmethod
    def move_read_positions(positions: Mapping[tuple[int, int], int]) -> None:
        """(room, member) -> seq; a position never moves back."""
        known = {
            (row.room_id, row.member_id): row
            for row in ReadPosition.objects.filter(
                room_id__in={room for room, _ in positions}, member_id__in={member for _, member in positions}
            )
        }
        now = timezone.now()
        rows = [
            ReadPosition(room_id=room, member_id=member, seq=seq, at=now)
            for (room, member), seq in positions.items()
            if (room, member) not in known or known[room, member].seq < seq
        ]
        ReadPosition.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["room", "member"], update_fields=["seq", "at"]
        )

    def witness(self, pairs: Collection[tuple[int, int]], at: datetime) -> None:
        stays.witness(pairs, at)

    def page(self, slug: str) -> str:
        return reverse("rooms:room", args=[slug])

    def refused(
        self, request: HttpRequest, slug: str, fields: dict[str, str], refusal: Refuse, status: int
    ) -> HttpResponse:
        return self._refusal_page(request, slug, fields, refusal.code, refusal.message, status)

    def show_refusals_with(self, page: RefusalPage) -> None:
        """The pages are above this module; they say how a refused form is shown again."""
        self._refusal_page = page


rooms = Rooms()

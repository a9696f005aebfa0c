"""Which rooms a member may enter: the one place that decides, for lists, single rooms, sockets and forms."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.http import Http404
from django.utils import timezone

from community.groups.access import Standing
from community.groups.models import Group, Membership
from community.live import engine
from community.live.models import Event
from community.live.prepared import Prepared
from community.members.blocks.access import blocked_by
from community.members.models import Member
from moderation.sanctions.models import Restriction
from sessions.rooms.models import ReadPosition, Room
from sessions.rooms.phases import IN_A_MEETING, Part, part_of

LATELY = timedelta(minutes=3)
A_MEETING_LASTS = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class RoomSummary:
    """A room as a list shows it; `last_text` is empty when nothing was said or it is hidden."""

    room: Room
    group: Group
    mine: bool
    phase: Part
    unread: int
    last_handle: str
    last_text: str
    last_at: datetime | None
    here: int


def _barred(member: Member) -> list[int]:
    scopes = Restriction.objects.in_force(timezone.now()).filter(member=member, kind=Restriction.Kind.REMOVAL)
    return [
        int(scope.removeprefix("group:"))
        for scope in scopes.values_list("scope", flat=True)
        if scope.startswith("group:")
    ]


def still_here(public_ids: Collection[str]) -> set[str]:
    """Of those whom a room knows: who has not paused, left or been suspended."""
    found = Member.objects.here().filter(public_id__in=public_ids)
    return set(found.values_list("public_id", flat=True))


def enterable_by(member: Member) -> QuerySet[Room]:
    """Rooms that the member may enter; says in SQL what `Standing.may_enter` says of loaded rows."""
    if not member.is_active:
        return Room.objects.none()
    open_groups = Q(group__joining=Group.Joining.OPEN, group__listed=True)
    if member.role == Member.Role.FAMILY:
        open_groups &= Q(group__audience=Group.Audience.FAMILY)
    mine = Membership.objects.filter(member=member).values("group_id")
    return (
        Room.objects.select_related("group", "log", "turn__member")
        .filter(Q(group_id__in=mine) | open_groups)
        .exclude(group_id__in=_barred(member))
    )


def room_for(member: Member, slug: str) -> Room:
    """The room, if this member may enter it. Raises Http404."""
    room = enterable_by(member).filter(slug=slug).first()
    if room is None:
        raise Http404
    return room


ROOMS = Prepared(lambda slugs: Room.objects.select_related("group").filter(slug__in=slugs), str)
ROLES = Prepared(
    lambda member, groups: Membership.objects.filter(member_id=member, group_id__in=groups).values_list(
        "group_id", "role"
    ),
    int,
    int,
)
RESTRICTIONS = Prepared(
    lambda member, scopes, at: Restriction.objects.in_force(at).filter(member_id=member, scope__in=scopes),
    int,
    str,
    datetime,
)


def open_to(member: Member, slugs: Collection[str]) -> list[Room]:
    """Those of the rooms that the member may enter: what every socket, stream and poll asks. Three prepared queries."""
    rooms = ROOMS(set(slugs))
    groups = {room.group_id for room in rooms}
    roles = dict(ROLES(member.pk, groups))
    standing = RESTRICTIONS(member.pk, [f"group:{pk}" for pk in groups], timezone.now())
    removed = {each.scope for each in standing if each.kind == Restriction.Kind.REMOVAL}
    return [
        room
        for room in rooms
        if _standing(
            member, room, roles.get(room.group_id), removed=f"group:{room.group_id}" in removed
        ).may_enter
    ]


def restrictions_of(member: Member, room: Room) -> dict[str, Restriction]:
    """What keeps the member from this room or from writing in it, by kind."""
    scopes = {Restriction.Kind.REMOVAL: f"group:{room.group_id}", Restriction.Kind.MUTE: room.tag}
    in_force = RESTRICTIONS(member.pk, [*scopes.values()], timezone.now())
    return {each.kind: each for each in in_force if scopes.get(Restriction.Kind(each.kind)) == each.scope}


def standing_with(
    member: Member, room: Room, role: str | None, restrictions: Mapping[str, Restriction]
) -> Standing:
    return _standing(member, room, role, removed=Restriction.Kind.REMOVAL in restrictions)


def _standing(member: Member, room: Room, role: str | None, *, removed: bool) -> Standing:
    return Standing(
        member_active=member.is_active,
        member_role=member.role,
        joining=room.group.joining,
        listed=room.group.listed,
        audience=room.group.audience,
        membership_role=role,
        removed=removed,
    )


def pairs_still_open(pairs: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
    """Those (member primary key, log id) pairs that may still be read; four queries however many pairs."""
    rooms = {
        room.log_id: room
        for room in Room.objects.select_related("group").filter(log_id__in={log_id for _, log_id in pairs})
    }
    member_ids = {member_id for member_id, _ in pairs}
    members = Member.objects.in_bulk(member_ids)
    groups = {room.group_id for room in rooms.values()}
    memberships = Membership.objects.filter(member_id__in=member_ids, group_id__in=groups)
    roles = {(m.group_id, m.member_id): m.role for m in memberships}
    removals = Restriction.objects.in_force(timezone.now()).filter(
        member_id__in=member_ids, kind=Restriction.Kind.REMOVAL, scope__in=[f"group:{pk}" for pk in groups]
    )
    removed = set(removals.values_list("member_id", "scope"))
    return {
        (member_id, log_id)
        for member_id, log_id in pairs
        if (room := rooms.get(log_id)) is not None
        and (member := members.get(member_id)) is not None
        and _standing(
            member,
            room,
            roles.get((room.group_id, member_id)),
            removed=(member_id, f"group:{room.group_id}") in removed,
        ).may_enter
    }


def rooms_for(member: Member) -> list[RoomSummary]:
    """The rooms of groups that the member may enter, with what is new; own groups first, then by the newest message.

    What someone wrote whom the member blocked counts for nothing here.
    """
    return _summaries(member, enterable_by(member).filter(group__kind=Group.Kind.GROUP))


def conversations_of(member: Member) -> list[RoomSummary]:
    """The rooms in which the member talks with one other person, by the newest message."""
    return _summaries(member, enterable_by(member).filter(group__kind=Group.Kind.PAIR))


def unread_conversations(member: Member) -> int:
    """In how many of them someone wrote something that the member has not seen."""
    newer = Event.objects.filter(
        log=OuterRef("room__log"), type="message.posted", seq__gt=OuterRef("seq")
    ).exclude(actor=member.pk)
    kept = ReadPosition.objects.filter(
        Exists(newer),
        member=member,
        room__group__kind=Group.Kind.PAIR,
        room__group__memberships__member=member,
    )
    return kept.count()


def meeting_of(member: Member, at: datetime, lately: timedelta = LATELY) -> Room | None:
    """Where a part of a meeting is on in which the member has the floor, waits for it, or is, or was `lately`."""
    turn = Q(turn__member=member, turn__at__gt=at - A_MEETING_LASTS)
    hand = Q(hands__member=member, hands__at__gt=at - A_MEETING_LASTS)
    looked_in = Q(read_positions__member=member, read_positions__at__gt=at - lately)
    meetings = enterable_by(member).filter(phase__in=IN_A_MEETING)
    if found := meetings.filter(turn | hand | looked_in).first():
        return found
    live = engine.running()
    here = live.presence.people if live is not None else lambda log_id: {}
    return next((room for room in meetings if member.public_id in here(room.log_id)), None)


def _summaries(member: Member, enterable: QuerySet[Room]) -> list[RoomSummary]:
    said = Event.objects.filter(type="message.posted").exclude(actor__in=blocked_by(member))
    messages = said.filter(log=OuterRef("log_id"))
    read = ReadPosition.objects.filter(room=OuterRef("pk"), member=member).values("seq")
    rooms = list(
        enterable.annotate(
            newest=Subquery(messages.order_by("-seq").values("pk")[:1]),
            read_to=Subquery(read[:1]),
        )
    )
    last = Event.objects.in_bulk([room.newest for room in rooms if room.newest])
    unread = dict(
        said.filter(
            log_id__in=[room.log_id for room in rooms if room.read_to is not None],
            log__room__read_positions__member=member,
            seq__gt=F("log__room__read_positions__seq"),
        )
        .exclude(actor=member.pk)
        .values_list("log__room")
        .annotate(count=Count("pk"))
    )
    mine = set(Membership.objects.filter(member=member).values_list("group_id", flat=True))
    summaries = [
        _summary(room, last.get(room.newest), room.group_id in mine, unread.get(room.pk, 0)) for room in rooms
    ]
    oldest = timezone.now().replace(year=1970)
    return sorted(summaries, key=lambda each: (each.mine, each.last_at or oldest), reverse=True)


def _summary(room: Room, event: Event | None, mine: bool, unread: int) -> RoomSummary:
    handle = text = ""
    if event is not None:
        body = orjson.loads(event.payload)
        handle = body["by"]["handle"] if body["by"] else ""
        # What stands under a content note is not shown before the note has been read.
        text = "" if body["data"].get("note") else body["data"].get("text", "")
    return RoomSummary(
        room=room,
        group=room.group,
        mine=mine,
        phase=part_of(room),
        unread=unread,
        last_handle=handle,
        last_text=text,
        last_at=event.at if event else None,
        here=engine.people_here(room.log_id),
    )

"""Making the meeting of a date, opening its doors and closing it."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from django.db import transaction

from community.calendar.doors import OPEN_BEFORE
from community.calendar.models import Event, Host, Occurrence
from community.groups.models import Group, Membership
from community.live import eviction
from community.live.models import Log
from community.members.models import Member, here
from moderation.audit.actions import trail
from moderation.audit.verbs import Verb
from sessions.formats.models import FormatVersion, Plan
from sessions.meetings.access import FACILITATOR, MODERATOR, STAYS_OPEN, barred_among
from sessions.meetings.actions.held import held, note
from sessions.meetings.actions.refusals import NotOpen
from sessions.meetings.engines import engine_of
from sessions.meetings.models import Doorway, Entry, Meeting
from sessions.rooms.models import Room

NAME_CHARS = 80
MEMBER = Membership.Role.MEMBER
RANK: dict[str, int] = {MEMBER: 0, MODERATOR: 1, FACILITATOR: 2}


@transaction.atomic
def make_meeting(*, occurrence: Occurrence, at: datetime) -> Meeting:
    """The meeting of a date, with a closed room and those who hold it; asked again, it is the one there is.

    Raises NotOpen for a date that is cancelled or held neither here nor behind a link.
    """
    kept = (
        Occurrence.objects.select_for_update(of=("self",))
        .select_related("event__group")
        .get(pk=occurrence.pk)
    )
    if made := Meeting.objects.filter(occurrence=kept).first():
        return made
    event = kept.event
    if kept.gone or not (event.here or event.link):
        raise NotOpen
    version = version_for(event)
    slug, name = f"meeting-{secrets.token_hex(10)}", kept.name[:NAME_CHARS]
    group = event.group if event.group is not None and event.between_two else _make_group(slug, name, at)
    meeting = Meeting.objects.create(
        occurrence=kept,
        group=group,
        room=_make_room(slug, name, group, event, version, at),
        version=version,
        engine=engine_for(event),
        entry=entry_of(event),
        made_at=at,
        **times_of(kept),
    )
    seat_keepers(meeting=meeting, at=at)
    return meeting


def times_of(occurrence: Occurrence) -> dict[str, datetime]:
    return {
        "opens_at": occurrence.starts_at - OPEN_BEFORE,
        "starts_at": occurrence.starts_at,
        "ends_at": occurrence.ends_at,
        "closes_at": occurrence.ends_at + STAYS_OPEN,
    }


def entry_of(event: Event) -> Entry:
    chosen = Doorway.objects.filter(event=event).values_list("entry", flat=True).first()
    return Entry(chosen) if chosen else Entry.OPEN


def engine_for(event: Event) -> str:
    """Here, wherever that is possible: what is behind a link we know nothing of."""
    return Meeting.Engine.TEXT if event.here else Meeting.Engine.LINK


def version_for(event: Event) -> FormatVersion | None:
    plan = Plan.objects.select_related("version").filter(event=event).first()
    return plan.version if plan else None


def _make_group(slug: str, name: str, at: datetime) -> Group:
    return Group.objects.create(
        kind=Group.Kind.MEETING,
        slug=slug,
        name=name,
        joining=Group.Joining.CLOSED,
        listed=False,
        created_at=at,
    )


def _make_room(
    slug: str, name: str, group: Group, event: Event, version: FormatVersion | None, at: datetime
) -> Room:
    room = Room.objects.create(
        slug=slug,
        name=name,
        group=group,
        log=Log.objects.create(),
        phase="closed",
        phase_at=at,
        usual_phase="closed",
        always_open=False,
        attended=True,
        created_at=at,
        steps=steps_of(version),
    )
    tags = [group.tag, room.tag]
    if event.group is not None and event.group.pk != group.pk:
        # Whoever removes someone from the group locks the rooms of its meetings with its own.
        tags.append(event.group.tag)
    Log.objects.filter(pk=room.log_id).update(tags=Log.join_tags(*tags))
    return room


def steps_of(version: FormatVersion | None) -> list[dict[str, Any]]:
    """What the room is told of a script: not the words, which are for those who hold it."""
    if version is None:
        return []
    script = version.script
    return [
        {
            "phase": step.phase,
            "title": step.title,
            "minutes": step.minutes,
            "writes": step.writes.value,
            "crosstalk": script.answers_allowed(place),
            "turn_seconds": step.turn_minutes * 60 if step.turn_minutes else None,
        }
        for place, step in enumerate(script.steps)
    ]


def seat_keepers(*, meeting: Meeting, at: datetime) -> int:
    """Let those who hold the meeting in, each with their part; how many were let in or have another part now.

    Nobody loses a part by it: who stands in, or was handed the chair, keeps it.
    """
    wanted = _keepers(meeting)
    standing = dict(
        Membership.objects.filter(group=meeting.group_id, member__in=wanted).values_list("member_id", "role")
    )
    changed = [pk for pk, role in wanted.items() if pk not in standing or RANK[standing[pk]] < RANK[role]]
    for pk in changed:
        Membership.objects.update_or_create(
            group=meeting.group,
            member_id=pk,
            defaults={"role": wanted[pk]},
            create_defaults={"role": wanted[pk], "joined_at": at},
        )
        eviction.touch(pk, meeting.group.tag)
    return len(changed)


def _keepers(meeting: Meeting) -> dict[int, str]:
    """Who holds it, by primary key: hosts, co-hosts and the group's facilitators lead, its moderators keep order."""
    if meeting.occurrence is None:
        return {}
    event = meeting.occurrence.event
    wanted: dict[int, str] = {}
    if event.group_id is not None and event.group_id != meeting.group_id:
        kept = Membership.objects.filter(here("member__"), group=event.group_id).exclude(role=MEMBER)
        wanted.update(kept.values_list("member_id", "role"))
    for pk, role in Host.objects.filter(here("member__"), event=event).values_list("member_id", "role"):
        given = MEMBER if role == Host.Role.GREETER else FACILITATOR
        wanted[pk] = max(given, wanted.get(pk, MEMBER), key=lambda each: RANK[each])
    removed = barred_among(wanted, meeting)
    return {pk: role for pk, role in wanted.items() if pk not in removed}


@transaction.atomic
def open_doors(*, meeting: Meeting, at: datetime) -> Meeting:
    """Let people come in: the room goes from closed to the lobby. Once; raises NotOpen for a meeting that is over."""
    meeting = held(meeting)
    if meeting.closed_at is not None:
        raise NotOpen
    if meeting.opened_at is None:
        engine_of(meeting).open(meeting, at)
        meeting.opened_at = at
        meeting.save(update_fields=["opened_at"])
    return meeting


@transaction.atomic
@trail()
def close(*, meeting: Meeting, by: Member | None, at: datetime) -> bool:
    """End it for everyone, by None: by the house. False when it was over before. Raises Refused."""
    meeting = held(meeting)
    if meeting.closed_at is not None:
        return False
    engine_of(meeting).close(meeting, by, at)
    meeting.closed_at = at
    meeting.save(update_fields=["closed_at"])
    if by is not None:
        note(Verb.MEETING_CLOSED, meeting, by, at)
    return True

"""Scheduling, changing and cancelling: this date, this and later ones, or all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F

from community.calendar.answers import fill_seats
from community.calendar.importing import Change, Planned
from community.calendar.kinds import CHANGED
from community.calendar.meeting_guide import Elsewhere
from community.calendar.models import WALL, Answer, Event, Host, Kind, MeetingElsewhere, Occurrence, Source
from community.calendar.occurrences import expand, rewrite
from community.calendar.splits import carry_over
from community.groups.models import Group
from community.members.models import Member
from community.notifications.actions import notify_all
from community.text import render_page
from moderation.audit.actions import Subject, record, trail
from moderation.audit.verbs import Verb
from moderation.sanctions.models import EVERYWHERE

# What a date may have of its own.
OF_ONE_DATE = {"title", "note", "starts_at", "ends_at"}


class NothingLeft(Exception):
    """The date is the first of its series: the change concerns all of it."""


@transaction.atomic
@trail()
def schedule(
    *, event: Event, hosts: Collection[Member], greeters: Collection[Member] = (), by: Member, at: datetime
) -> Event:
    """Put an event in the calendar, with its dates. The event is validated, and not saved yet. Raises BadRule."""
    event.made_by = by
    event.made_at = event.changed_at = at
    event.about_html = render_page(event.about)
    event.save()
    set_hosts(event=event, hosts=hosts, greeters=greeters)
    expand(event, now=at)
    _record(Verb.EVENT_SCHEDULED, event, by, at, {"series": bool(event.rule)})
    return event


def set_hosts(*, event: Event, hosts: Collection[Member], greeters: Collection[Member] = ()) -> None:
    """The first is the host, the others stand beside; greeters are at the door."""
    wanted = {person.pk: Host.Role.GREETER for person in greeters}
    wanted |= {host.pk: Host.Role.COHOST if place else Host.Role.HOST for place, host in enumerate(hosts)}
    event.hosts.exclude(member_id__in=wanted).delete()
    for pk, role in wanted.items():
        Host.objects.update_or_create(event=event, member_id=pk, defaults={"role": role})


@transaction.atomic
@trail()
def change_all(
    *,
    event: Event,
    changes: Mapping[str, Any],
    hosts: Collection[Member],
    greeters: Collection[Member] = (),
    by: Member,
    at: datetime,
) -> Event:
    """Change a whole series, or a single event; dates that are over stay as they were. Raises BadRule."""
    event = Event.objects.select_for_update().get(pk=event.pk)
    start_was, capacity_was = event.start, event.capacity
    for name, value in changes.items():
        setattr(event, name, value)
    event.about_html = render_page(event.about)
    event.sequence += 1
    event.changed_at = at
    event.save()
    set_hosts(event=event, hosts=hosts, greeters=greeters)
    rewritten = rewrite(event, shift=event.start - start_was, now=at)
    _tell_of_move(rewritten.moved, at)
    _tell_of_cancellation(rewritten.dropped, at)
    if event.capacity != capacity_was:
        for occurrence in _with_people_waiting(event, at):
            fill_seats(occurrence=occurrence, at=at)
    _record(Verb.EVENT_CHANGED, event, by, at, {"dates": "all", "moved": len(rewritten.moved)})
    return event


def _with_people_waiting(event: Event, at: datetime) -> list[Occurrence]:
    """Dates to come with a waiting list, locked."""
    waiting = Answer.objects.filter(
        occurrence__event=event, occurrence__ends_at__gt=at, seat=Answer.Seat.WAITING
    )
    held = Occurrence.objects.select_for_update(of=("self",)).select_related("event")
    return list(held.filter(pk__in=waiting.values("occurrence"), cancelled_at__isnull=True).order_by("pk"))


@transaction.atomic
@trail()
def change_from(
    *,
    occurrence: Occurrence,
    changes: Mapping[str, Any],
    hosts: Collection[Member],
    greeters: Collection[Member] = (),
    by: Member,
    at: datetime,
) -> Event:
    """Split the series: from this date on it is an event of its own, with the changes. Raises NothingLeft, BadRule."""
    event = _split(occurrence, by, at)
    return change_all(event=event, changes=changes, hosts=hosts, greeters=greeters, by=by, at=at)


def _split(occurrence: Occurrence, by: Member, at: datetime) -> Event:
    """Cut the series before this date; the later rows, with their answers, go over to the new event."""
    old = Event.objects.select_for_update().get(pk=occurrence.event_id)
    wall = occurrence.wall
    try:
        before, since = old.series.before(wall), old.series.since(wall)
    except ValueError:
        raise NothingLeft from None
    new = Event.objects.get(pk=old.pk)
    new.pk, new._state.adding = None, True
    new.uid = Event._meta.get_field("uid").get_default()
    new.continues, new.sequence, new.made_by, new.made_at = old, 0, by, at
    new.day = wall.date()
    for event, series in ((old, before), (new, since)):
        event.rule = str(series.rule)
        event.left_out = sorted(one.strftime(WALL) for one in series.left_out)
        event.added = sorted(one.strftime(WALL) for one in series.added)
        event.changed_at = at
    new.save()
    old.sequence += 1
    old.save()
    for host in old.hosts.all():
        Host.objects.create(event=new, member_id=host.member_id, role=host.role)
    old.occurrences.filter(recurrence_id__gte=occurrence.recurrence_id).update(event=new)
    carry_over(old, new)
    return new


@transaction.atomic
@trail()
def change_one(*, occurrence: Occurrence, changes: Mapping[str, Any], by: Member, at: datetime) -> Occurrence:
    """Move one date, or give it a title or a note of its own. Answers stay, and those who come are told."""
    if unknown := changes.keys() - OF_ONE_DATE:
        raise ValueError(f"not of one date: {', '.join(sorted(unknown))}")
    occurrence = Occurrence.objects.select_for_update().select_related("event").get(pk=occurrence.pk)
    was = occurrence.starts_at
    for name, value in changes.items():
        setattr(occurrence, name, value)
    planned = occurrence.event.series.instance(occurrence.wall)
    at_its_time = (occurrence.starts_at, occurrence.ends_at) == (planned.starts_at, planned.ends_at)
    occurrence.moved_from = None if at_its_time else planned.starts_at
    occurrence.sequence += 1
    occurrence.changed_at = at
    occurrence.save()
    if occurrence.starts_at != was:
        _tell_of_move([occurrence], at)
    _record(Verb.EVENT_CHANGED, occurrence.event, by, at, {"dates": "one", "occurrence": occurrence.pk})
    return occurrence


@transaction.atomic
@trail()
def cancel_one(*, occurrence: Occurrence, because: str, by: Member, at: datetime) -> bool:
    """Cancel one date; those who come are told. False when it was cancelled already."""
    standing = Occurrence.objects.filter(pk=occurrence.pk, cancelled_at__isnull=True)
    if not standing.update(cancelled_at=at, note=because[:200], sequence=F("sequence") + 1, changed_at=at):
        return False
    _tell_of_cancellation([occurrence], at)
    _record(Verb.EVENT_CANCELLED, occurrence.event, by, at, {"dates": "one", "occurrence": occurrence.pk})
    return True


@transaction.atomic
@trail()
def cancel_from(*, occurrence: Occurrence, because: str, by: Member, at: datetime) -> Event:
    """Cancel this date and all later ones. Raises NothingLeft."""
    event = _split(occurrence, by, at)
    cancel_all(event=event, because=because, by=by, at=at)
    return event


@transaction.atomic
@trail()
def cancel_all(*, event: Event, because: str, by: Member, at: datetime) -> bool:
    """Cancel an event with all its dates that are still to come. False when it was cancelled already."""
    standing = Event.objects.filter(pk=event.pk, cancelled_at__isnull=True)
    cancelled = standing.update(
        cancelled_at=at, cancelled_because=because[:200], sequence=F("sequence") + 1, changed_at=at
    )
    if not cancelled:
        return False
    ahead = event.occurrences.filter(ends_at__gt=at, cancelled_at__isnull=True).select_related("event")
    _tell_of_cancellation(ahead, at)
    _record(Verb.EVENT_CANCELLED, event, by, at, {"dates": "all"})
    return True


class NotYours(Exception):
    """An event with this UID stands in the calendar already, outside of the group: by its UID."""


@transaction.atomic
@trail()
def import_events(
    *, plans: Iterable[Planned], group: Group, kind: Kind, host: Member, at: datetime
) -> tuple[int, int]:
    """Put what was read from a file in the group's calendar: (new, updated). A known UID updates its event.

    All or nothing. Raises NotYours.
    """
    new = updated = 0
    for plan in plans:
        event = Event.objects.select_for_update().filter(uid=plan.uid).first()
        if event is not None and event.group_id != group.pk:
            raise NotYours(plan.uid)
        fields = _fields(plan)
        if event is None:
            made = Event(uid=plan.uid, group=group, audience=Event.Audience.GROUP, kind=kind, **fields)
            event = schedule(event=made, hosts=[host], by=host, at=at)
            new += 1
        else:
            parts = list(event.hosts.in_order())
            hosts = [part.member for part in parts if part.role != Host.Role.GREETER] or [host]
            greeters = [part.member for part in parts if part.role == Host.Role.GREETER]
            event = change_all(event=event, changes=fields, hosts=hosts, greeters=greeters, by=host, at=at)
            updated += 1
        _import_changes(event, plan.changes, host, at)
        if plan.cancelled:
            cancel_all(event=event, because="", by=host, at=at)
    return new, updated


def _fields(plan: Planned) -> dict[str, Any]:
    series = plan.series
    return {
        "title": plan.title, "about": plan.about, "address": plan.address, "day": series.start.date(),
        "time": None if series.all_day else series.start.time(), "zone": series.zone,
        "minutes": max(1, int(series.duration.total_seconds() // 60)), "rule": str(series.rule or ""),
        "left_out": sorted(one.strftime(WALL) for one in series.left_out),
        "added": sorted(one.strftime(WALL) for one in series.added),
    }  # fmt: skip


def _import_changes(event: Event, changes: Iterable[Change], by: Member, at: datetime) -> None:
    rows = {row.recurrence_id: row for row in event.occurrences.select_related("event")}
    for change in changes:
        row = rows.get(change.wall.strftime(WALL))
        if row is None:
            continue
        if change.cancelled:
            cancel_one(occurrence=row, because="", by=by, at=at)
            continue
        wanted = {"starts_at": change.starts_at, "ends_at": change.ends_at, "title": change.title}
        if any(getattr(row, name) != value for name, value in wanted.items()):
            change_one(occurrence=row, changes=wanted, by=by, at=at)


@transaction.atomic
@trail()
def keep_meetings_elsewhere(
    *, source: str, meetings: Collection[Elsewhere], by: Member, at: datetime
) -> Source:
    """Replace what came of a source with what its feed holds now."""
    kept, _ = Source.objects.update_or_create(name=source, defaults={"at": at, "by": by})
    kept.meetings.all().delete()
    rows = [MeetingElsewhere(source=kept, **asdict(meeting)) for meeting in meetings]
    MeetingElsewhere.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)
    record(
        verb=Verb.MEETINGS_ELSEWHERE_KEPT, actor=by.pk, subject=Subject("source", kept.pk), scope=EVERYWHERE,
        facts={"meetings": len(rows)}, at=at,
    )  # fmt: skip
    return kept


@transaction.atomic
@trail()
def drop_source(*, source: Source, by: Member, at: datetime) -> None:
    record(
        verb=Verb.MEETINGS_ELSEWHERE_DROPPED, actor=by.pk, subject=Subject("source", source.pk), scope=EVERYWHERE,
        facts={}, at=at,
    )  # fmt: skip
    source.delete()


def _tell_of_move(moved: Iterable[Occurrence], at: datetime) -> None:
    for occurrence in moved:
        words = "its time has changed; the page shows the new one"
        _tell(occurrence, f"moved:{occurrence.starts_at:%Y%m%dT%H%M}", words, at)


def _tell_of_cancellation(cancelled: Iterable[Occurrence], at: datetime) -> None:
    for occurrence in cancelled:
        _tell(occurrence, "cancelled", "it is cancelled", at)


def _tell(occurrence: Occurrence, what: str, words: str, at: datetime) -> None:
    if occurrence.ends_at <= at:
        return
    coming = Answer.objects.filter(occurrence=occurrence).exclude(says=Answer.Says.NO)
    people = [answer.member for answer in coming.select_related("member") if answer.member.is_here]
    if people:
        notify_all(
            what=f"occurrence:{occurrence.pk}:{what}:{at:%Y%m%dT%H%M%S}",
            kind=CHANGED,
            members=people,
            context={"title": occurrence.name, "what": words},
            path=f"/calendar/{occurrence.pk}/",
            useful_until=occurrence.ends_at + timedelta(hours=1),
            at=at,
        )


def _record(verb: Verb, event: Event, by: Member, at: datetime, facts: dict[str, Any]) -> None:
    """What two people agree on between them is no act of power over anybody, and on record for nobody else."""
    if event.between_two:
        return
    scope = event.group.tag if event.group is not None else EVERYWHERE
    record(verb=verb, actor=by.pk, subject=Subject("event", event.pk), scope=scope, facts=facts, at=at)

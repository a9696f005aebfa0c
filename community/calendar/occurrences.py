"""Occurrence rows follow their series: a little over a year ahead, and again whenever the series changes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat

from community.calendar.models import WALL, Event, Occurrence
from community.calendar.recurrence import Instance

AHEAD = timedelta(days=400)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What a change of a series did to dates that had been announced."""

    moved: Collection[Occurrence]
    dropped: Collection[Occurrence]


def expand(event: Event, *, now: datetime) -> int:
    """Add the rows that the series has and the table lacks, to the horizon; how many."""
    horizon = now + AHEAD
    since = event.expanded_to or BEGINNING
    known = set(event.occurrences.values_list("recurrence_id", flat=True))
    rows = [
        _row(event, instance)
        for instance in event.series.between(since - timedelta(days=2), horizon)
        if instance.recurrence_id.strftime(WALL) not in known
    ]
    Occurrence.objects.bulk_create(rows, batch_size=500)
    Event.objects.filter(pk=event.pk).update(expanded_to=horizon)
    event.expanded_to = horizon
    return len(rows)


def _row(event: Event, instance: Instance) -> Occurrence:
    return Occurrence(
        event=event,
        recurrence_id=instance.recurrence_id.strftime(WALL),
        starts_at=instance.starts_at,
        ends_at=instance.ends_at,
    )


def rewrite(event: Event, *, shift: timedelta, now: datetime) -> Rewritten:
    """Bring the rows that are still to come in line with a series that has changed; what is past stays as it was.

    `shift` is how far the wall-clock start moved: a row goes to the date that lies as far from its old one, and
    keeps its answers. A row whose date the series has no more is dropped: deleted if nobody answered, else cancelled.
    """
    horizon = now + AHEAD
    instances = {one.recurrence_id: one for one in event.series.between(now, horizon)}
    ahead = list(event.occurrences.filter(ends_at__gt=now).order_by("recurrence_id"))
    places = {row.pk: row.wall + shift for row in ahead}
    # Every id is set free first, since a shifted row may take the place of its neighbour.
    held = Concat(Value("~"), Cast("pk", CharField()))
    event.occurrences.filter(pk__in=places).update(recurrence_id=held)
    answered = set(
        event.occurrences.filter(pk__in=places, answers__isnull=False).values_list("pk", flat=True)
    )
    moved, dropped, unwanted = [], [], []
    for row in ahead:
        row.recurrence_id = places[row.pk].strftime(WALL)
        instance = instances.pop(places[row.pk], None)
        if instance is None and row.pk in answered:
            row.cancelled_at = row.cancelled_at or now
            dropped.append(row)
        elif instance is None:
            unwanted.append(row)
        elif row.moved_from is not None:
            row.moved_from = instance.starts_at
        else:
            if row.starts_at != instance.starts_at:
                moved.append(row)
            row.starts_at, row.ends_at = instance.starts_at, instance.ends_at
    Occurrence.objects.filter(pk__in=[row.pk for row in unwanted]).delete()
    fields = ["recurrence_id", "starts_at", "ends_at", "moved_from", "cancelled_at"]
    Occurrence.objects.bulk_update([row for row in ahead if row not in unwanted], fields, batch_size=200)
    # A date that the past holds already, or that was cancelled, is not made a second time.
    new = [_row(event, instance) for instance in instances.values()]
    Occurrence.objects.bulk_create(new, batch_size=500, ignore_conflicts=True)
    Event.objects.filter(pk=event.pk).update(expanded_to=horizon)
    return Rewritten(moved, dropped)

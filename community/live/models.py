"""The log: one row a log, one row an event, one row for each text that an edit or a hiding replaced."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q


class LogQuerySet(models.QuerySet["Log"]):
    def tagged(self, tag: str) -> LogQuerySet:
        return self.filter(tags__contains=f" {tag} ")


class Log(models.Model):
    """A room's log: `last_seq` is the newest event's number, `min_seq` the oldest that still stands."""

    epoch = models.UUIDField(default=uuid.uuid4)
    last_seq = models.BigIntegerField(default=0)
    min_seq = models.BigIntegerField(default=1)
    tags = models.CharField(max_length=200, default=" ")

    objects = LogQuerySet.as_manager()

    class Meta:
        db_table = "live_log"
        constraints = [
            models.CheckConstraint(
                condition=Q(min_seq__lte=F("last_seq") + 1), name="min_seq_is_at_most_one_past_last"
            ),
            models.CheckConstraint(condition=Q(last_seq__gte=0), name="last_seq_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"log {self.pk} at {self.last_seq}"

    @staticmethod
    def join_tags(*tags: str) -> str:
        """How tags are stored: `" group:7 room:3 "`, so that one tag is found by a plain `LIKE`."""
        return f" {' '.join(tags)} "


class Event(models.Model):
    """One committed event. `payload` is the JSON object that readers get; it is the current form of the event.

    `actor` and `target` are a member's primary key and the seq of the message that the event is about; plain
    numbers, because a log outlives both. `digest` is SHA-256 of the request, to tell a repeat from a conflict.
    """

    log = models.ForeignKey(Log, on_delete=models.CASCADE, related_name="events", db_index=False)
    seq = models.BigIntegerField()
    type = models.CharField(max_length=40)
    actor = models.BigIntegerField(null=True)
    # NULL, not empty: keyless events must not collide in one_event_per_key.
    key = models.CharField(max_length=64, null=True)  # noqa: DJ001
    target = models.BigIntegerField(null=True)
    payload = models.TextField()
    digest = models.CharField(max_length=64, default="")
    at = models.DateTimeField()

    class Meta:
        db_table = "live_event"
        constraints = [
            models.UniqueConstraint(fields=["log", "seq"], name="one_event_per_seq"),
            models.UniqueConstraint(fields=["log", "actor", "key"], name="one_event_per_key"),
        ]
        indexes = [
            models.Index(fields=["log", "target"], name="events_about", condition=Q(target__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.log_id}:{self.seq}"


class Revision(models.Model):
    """What an event said before it was edited, hidden or restored, with who changed it and why."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="revisions")
    payload = models.TextField()
    change = models.CharField(max_length=40)
    by = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "live_revision"
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.change} of event {self.event_id}"


class Tick(models.Model):
    """When a periodic job last ran, and until when a worker holds it."""

    name = models.CharField(max_length=60, primary_key=True)
    ran_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "live_tick"

    def __str__(self) -> str:
        return self.name

"""Format: a script of a meeting. FormatVersion: what it said at one time; meetings keep the version they began with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q

from community.calendar.models import Event
from sessions.formats.steps import Script, Step, read_script


class FormatQuerySet(models.QuerySet["Format"]):
    def in_use(self) -> FormatQuerySet:
        return self.filter(retired_at__isnull=True)


class Format(models.Model):
    """Without a keeper it came with the house: it can be copied, and is not changed."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80)
    about = models.CharField(max_length=280, blank=True)
    keeper = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="formats"
    )
    shipped = models.BooleanField(default=False)
    copied_from = models.ForeignKey("FormatVersion", null=True, on_delete=models.SET_NULL, related_name="+")
    retired_at = models.DateTimeField(null=True)

    objects = FormatQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(shipped=False) | Q(keeper__isnull=True), name="a_shipped_format_has_no_keeper"
            )
        ]

    def __str__(self) -> str:
        return self.name


class FormatVersion(models.Model):
    format = models.ForeignKey(Format, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    body = models.JSONField()
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["format", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["format", "number"], name="one_version_of_a_format_per_number")
        ]

    def __str__(self) -> str:
        return f"{self.format}, version {self.number}"

    @property
    def script(self) -> Script:
        return read_script(self.body)


class Plan(models.Model):
    """The version that an event follows."""

    event = models.OneToOneField(Event, on_delete=models.CASCADE, related_name="plan")
    version = models.ForeignKey(FormatVersion, on_delete=models.PROTECT, related_name="plans")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        return f"event {self.event_id} follows {self.version}"

    def outline(self, starts_at: datetime) -> Iterator[tuple[datetime, Step]]:
        """Each step, with the time at which it begins if all goes by the minutes."""
        at = starts_at
        for step in self.version.script.steps:
            yield at, step
            at += timedelta(minutes=step.minutes)

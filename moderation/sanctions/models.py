"""Restriction: the one kind of sanction. Its scope is a tag: `room:3`, `group:7` or `everywhere`."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q

EVERYWHERE = "everywhere"


class RestrictionQuerySet(models.QuerySet["Restriction"]):
    def in_force(self, at: datetime) -> RestrictionQuerySet:
        return self.filter(Q(until__isnull=True) | Q(until__gt=at), lifted_at__isnull=True)

    def standing(self) -> RestrictionQuerySet:
        """Not lifted, whether or not its time has run out."""
        return self.filter(lifted_at__isnull=True)


class Restriction(models.Model):
    class Kind(models.TextChoices):
        MUTE = "mute", "may read, may not write"
        REMOVAL = "removal", "may not enter"
        SUSPENSION = "suspension", "may not sign in"

    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="restrictions"
    )
    kind = models.CharField(max_length=12, choices=Kind)
    scope = models.CharField(max_length=40)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    until = models.DateTimeField(null=True)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = RestrictionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member", "kind", "scope"],
                condition=Q(lifted_at__isnull=True),
                name="one_standing_restriction_per_kind_and_scope",
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gt=models.F("at")),
                name="restriction_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} in {self.scope}"

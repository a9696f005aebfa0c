"""HelpLine: a line that stewards put among those that come with Porchlight, or what they made of one of those."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class HelpLine(models.Model):
    """`shipped` is the key of the line that it stands for; without `content` that one is only moved or hidden.

    `content` is a `lines.Line` as JSON. Read it by `access`, which knows the shipped lines too.
    """

    country = models.CharField(max_length=2)
    shipped = models.CharField(max_length=80, blank=True)
    content = models.JSONField(null=True, blank=True)
    position = models.PositiveSmallIntegerField()
    hidden_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    checked_at = models.DateTimeField()

    class Meta:
        ordering = ["country", "position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["country", "shipped"], condition=~Q(shipped=""), name="one_help_line_for_each_shipped"
            ),
            models.CheckConstraint(
                condition=Q(content__isnull=False) | ~Q(shipped=""), name="help_line_says_something"
            ),
        ]

    def __str__(self) -> str:
        return f"help line {self.pk}"

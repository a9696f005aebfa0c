"""Training: what someone was taught for keeping order here, and until when it holds."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from community.groups.models import Group


class Training(models.Model):
    """For one group, or for all of them. It stands until it is withdrawn; what is newer does not replace it."""

    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="trainings")
    group = models.ForeignKey(
        Group, null=True, blank=True, on_delete=models.CASCADE, related_name="trainings"
    )
    note = models.CharField(max_length=200)
    trained_on = models.DateField()
    expires_on = models.DateField(null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-trained_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_on__isnull=True) | Q(expires_on__gt=F("trained_on")),
                name="training_expires_after_it_was_given",
            )
        ]

    def __str__(self) -> str:
        return f"training of member {self.member_id}"

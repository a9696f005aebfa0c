"""Certificate: what a member had confirmed of one meeting, for one purpose."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from community.sealed import SealedTextField
from sessions.meetings.models import Meeting


class State(Enum):
    STANDS = "Stands"
    RUN_OUT = "Has run out"
    REVOKED = "Revoked"


class CertificateQuerySet(models.QuerySet["Certificate"]):
    def standing(self, at: datetime) -> CertificateQuerySet:
        return self.filter(revoked_at__isnull=True, expires_at__gt=at)


class Certificate(models.Model):
    """All that its paper says stands here as it was when it was made, whatever becomes of the meeting.

    `zone` is whose clock the paper tells the time by. The code is kept twice: as a digest to be found by, and sealed
    for its owner, who may print it again.
    """

    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="certificates"
    )
    meeting = models.ForeignKey(Meeting, null=True, on_delete=models.SET_NULL, related_name="+")
    code = SealedTextField()
    code_digest = models.CharField(max_length=64, unique=True)
    name = SealedTextField()
    purpose = SealedTextField()
    purpose_digest = models.CharField(max_length=64)
    one_to_one = models.BooleanField(default=False)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    zone = models.CharField(max_length=60)
    minutes = models.PositiveIntegerField()
    length = models.PositiveIntegerField()
    consent_version = models.PositiveSmallIntegerField()
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    # How often somebody typed its code, and when last; never who.
    times_checked = models.PositiveIntegerField(default=0)
    checked_at = models.DateTimeField(null=True)

    objects = CertificateQuerySet.as_manager()

    class Meta:
        ordering = ["-issued_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["member", "meeting", "purpose_digest"],
                condition=Q(revoked_at__isnull=True),
                name="one_certificate_per_meeting_and_purpose",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("issued_at")), name="a_certificate_stands_for_a_while"
            ),
            models.CheckConstraint(
                condition=Q(minutes__lte=F("length")), name="nobody_was_there_longer_than_it_was"
            ),
        ]

    def __str__(self) -> str:
        return f"certificate {self.pk}"

    def state(self, at: datetime) -> State:
        if self.revoked_at is not None:
            return State.REVOKED
        return State.STANDS if self.expires_at > at else State.RUN_OUT

    def there(self, at: datetime) -> datetime:
        """An instant on the clock that the paper goes by."""
        return at.astimezone(ZoneInfo(self.zone))

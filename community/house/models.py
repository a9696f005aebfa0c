"""House: the one row of what is set at run time. HouseText: a version of the rules. Consent: who agreed to which."""

from __future__ import annotations

import hashlib
import re
from functools import cached_property

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import (
    MaxValueValidator,
    MinValueValidator,
    RegexValidator,
)
from django.db import models
from django.db.models import Q
from django.utils import timezone

from community.house import colours

ONLY = 1
A_COLOUR = re.compile(r"#[0-9a-f]{6}")
COLOUR = RegexValidator(r"^#[0-9a-f]{6}$", "Write the colour as # and six digits, such as #2f5d50.")
NAME = RegexValidator(r"^[^\s<>@][^\x00-\x1f\x7f<>@]*$", "Use letters, numbers, spaces and plain signs only.")


def between(least: int, most: int) -> list[MinValueValidator | MaxValueValidator]:
    return [MinValueValidator(least), MaxValueValidator(most)]


class House(models.Model):
    """Read it by `community.house.access.house()`; change it by `community.house.actions.change_house`."""

    class SignUp(models.TextChoices):
        INVITATION = "invitation", "By invitation only"
        APPROVAL = "approval", "Anyone may ask, a steward lets them in"

    class SecondFactor(models.TextChoices):
        """Roles, here or in a group, that `second_factor_for` may name."""

        STEWARD = "steward", "Stewards"
        CLINICIAN = "clinician", "Clinicians"
        FACILITATOR = "facilitator", "Facilitators"
        MODERATOR = "moderator", "Moderators"

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY, editable=False)
    name = models.CharField(max_length=40, default="Porchlight", validators=[NAME])
    logo = models.BinaryField(blank=True, default=b"")
    logo_type = models.CharField(max_length=30, blank=True)
    door_light = models.CharField("links and buttons by day", max_length=7, blank=True, validators=[COLOUR])
    door_dark = models.CharField("links and buttons at night", max_length=7, blank=True, validators=[COLOUR])
    sign_up = models.CharField(max_length=12, choices=SignUp, default=SignUp.INVITATION)
    invitation_days = models.PositiveSmallIntegerField(default=14, validators=between(1, 90))
    second_factor_for = models.JSONField(default=list, blank=True)
    idle_days = models.PositiveSmallIntegerField(default=30, validators=between(1, 365))
    absolute_days = models.PositiveSmallIntegerField(default=90, validators=between(1, 365))
    staff_idle_hours = models.PositiveSmallIntegerField(default=12, validators=between(1, 720))
    staff_absolute_hours = models.PositiveSmallIntegerField(default=168, validators=between(1, 2160))
    recovery_wait_hours = models.PositiveSmallIntegerField(default=72, validators=between(24, 336))
    newcomer_days = models.PositiveSmallIntegerField(default=14, validators=between(0, 90))
    handle_pause_days = models.PositiveSmallIntegerField(default=30, validators=between(0, 365))
    handle_held_days = models.PositiveSmallIntegerField(default=180, validators=between(0, 3650))
    attendance_percent = models.PositiveSmallIntegerField(default=80, validators=between(1, 100))
    changed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=ONLY), name="there_is_one_house")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Raises ValidationError for a colour that words in it couldn't be read by, and times that contradict."""
        wrong = {}
        for field, light in (("door_light", colours.DAY), ("door_dark", colours.NIGHT)):
            value = getattr(self, field)
            if value and A_COLOUR.fullmatch(value) and (why := colours.complaint(value, light)):
                wrong[field] = why
        if self.idle_days > self.absolute_days:
            wrong["idle_days"] = "This can’t be longer than the longest sign-in."
        if self.staff_idle_hours > self.staff_absolute_hours:
            wrong["staff_idle_hours"] = "This can’t be longer than the longest sign-in."
        if not set(self.second_factor_for) <= set(House.SecondFactor.values):
            wrong["second_factor_for"] = "Only those who keep the place can be asked for one."
        if wrong:
            raise ValidationError(wrong)

    @property
    def sheet(self) -> str:
        return colours.sheet(self.door_light, self.door_dark, logo=bool(self.logo))

    @cached_property
    def theme(self) -> str:
        """The version of the style sheet with the house's colours; empty while it has none."""
        return colours.version(self.sheet)

    @cached_property
    def logo_version(self) -> str:
        """Empty while there is no logo."""
        return hashlib.sha256(self.logo).hexdigest()[:12] if self.logo else ""


class HouseText(models.Model):
    """One published version of a text that people agree to. Versions count from 1; a published one never changes."""

    class Kind(models.TextChoices):
        RULES = "rules", "House rules"
        PRIVACY = "privacy", "What is kept and who sees what"

    kind = models.CharField(max_length=10, choices=Kind)
    version = models.PositiveIntegerField()
    raw = models.TextField()
    html = models.TextField()
    note = models.CharField("what changed", max_length=200, blank=True)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["kind", "-version"]
        constraints = [models.UniqueConstraint(fields=["kind", "version"], name="one_text_per_version")]

    def __str__(self) -> str:
        return f"{self.kind} {self.version}"


class Consent(models.Model):
    """A member's agreement to one version of a text."""

    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="consents")
    text = models.ForeignKey(HouseText, on_delete=models.PROTECT, related_name="consents")
    at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member", "text"], condition=Q(withdrawn_at__isnull=True), name="one_standing_consent"
            )
        ]

    def __str__(self) -> str:
        return f"consent of {self.member_id} to {self.text_id}"

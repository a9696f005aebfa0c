"""Member: a person here. Others see the handle and nothing else."""

from __future__ import annotations

import secrets
import unicodedata
from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models.functions import Lower
from django.utils import timezone

from moderation.audit.actions import Subject, record
from moderation.audit.verbs import Verb
from moderation.sanctions.models import EVERYWHERE

HANDLE_MAX = 30


def make_public_id() -> str:
    """An opaque, stable id (80 random bits) by which other people's screens know a member."""
    return secrets.token_hex(10)


def skeleton(handle: str) -> str:
    """The form in which two handles that read alike are the same: NFKC, case folded, spaces squeezed."""
    return " ".join(unicodedata.normalize("NFKC", handle).casefold().split())


def default_time_zone() -> str:
    return settings.TIME_ZONE


def validate_time_zone(value: str) -> None:
    if value not in available_timezones():
        raise ValidationError("No such time zone. Pick one from the list, such as America/Denver.")


class MemberManager(BaseUserManager["Member"]):
    def create_user(self, email: str, handle: str, password: str | None = None, **fields: Any) -> Member:
        member = Member(email=self.normalize_email(email).lower(), handle=handle, **fields)
        member.set_password(password)
        member.save()
        return member

    def create_superuser(self, email: str, handle: str, password: str | None = None, **fields: Any) -> Member:
        fields |= {"role": Member.Role.STEWARD, "is_superuser": True}
        with transaction.atomic():
            steward = self.create_user(email, handle, password, **fields)
            record(
                verb=Verb.MEMBER_ADDED,
                actor=None,
                subject=Subject("member", steward.pk),
                scope=EVERYWHERE,
                facts={"as": steward.role},
                at=timezone.now(),
            )
        return steward

    def get_by_natural_key(self, username: str | None) -> Member:
        return self.get(email__iexact=username)


class Member(AbstractBaseUser, PermissionsMixin):
    class Role(models.TextChoices):
        ALUMNUS = "alumnus", "Alumnus"
        CLINICIAN = "clinician", "Clinician"
        STEWARD = "steward", "Steward"
        FAMILY = "family", "Family"

    class Theme(models.TextChoices):
        PHONE = "", "As my phone has it"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    public_id = models.CharField(max_length=24, unique=True, default=make_public_id, editable=False)
    email = models.EmailField("e-mail", unique=True)
    handle = models.CharField(
        max_length=HANDLE_MAX,
        validators=[
            RegexValidator(r"^[^\W_](?:[\w .'’-]*[^\W_])?$", "Use letters, numbers, spaces and . ' - only.")
        ],
    )
    handle_skeleton = models.CharField(
        max_length=HANDLE_MAX * 4,
        unique=True,
        editable=False,
        error_messages={"unique": "Someone here already goes by that handle."},
    )
    role = models.CharField(max_length=12, choices=Role, default=Role.ALUMNUS)
    pronouns = models.CharField(max_length=30, blank=True)
    about = models.CharField("a few words", max_length=280, blank=True)
    time_zone = models.CharField(max_length=60, default=default_time_zone, validators=[validate_time_zone])
    theme = models.CharField(max_length=5, choices=Theme, blank=True, default=Theme.PHONE)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(default=timezone.now)

    objects = MemberManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["handle"]

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(handle=""), name="handle_is_not_empty"),
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="email_is_lower_case"),
        ]

    def __str__(self) -> str:
        return self.handle

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.handle_skeleton = skeleton(self.handle)
        super().save(*args, **kwargs)

    @property
    def is_staff(self) -> bool:
        return self.role == Member.Role.STEWARD

    @property
    def initials(self) -> str:
        words = self.handle.replace("-", " ").split()
        letters = [word[0] for word in words if word[0].isalnum()]
        return ("".join(letters[:2]) if len(letters) > 1 else self.handle[:2]).upper()

    @property
    def hue(self) -> int:
        """Which of the four colours (1–4) the initials stand on; the same everywhere, for ever."""
        return int(self.public_id[:8], 16) % 4 + 1

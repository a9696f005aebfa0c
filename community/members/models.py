"""Member: a person here. Others see the handle and nothing else. Beside it: what happened to handle, role, account."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models.functions import Lower
from django.utils import timezone

from community.house.access import house
from community.members import handles
from community.members.handles import SKELETON_MAX, HandleTaken
from community.members.handles import skeleton as skeleton
from community.members.initials import initials
from moderation.audit.actions import Subject, record
from moderation.audit.verbs import Verb
from moderation.sanctions.models import EVERYWHERE

HANDLE_MAX = handles.MAX


def make_public_id() -> str:
    """An opaque, stable id (80 random bits) by which other people's screens know a member."""
    return secrets.token_hex(10)


def validate_handle(value: str) -> None:
    handles.check(value, house=house().name)


def default_time_zone() -> str:
    return settings.TIME_ZONE


def validate_time_zone(value: str) -> None:
    if value not in available_timezones():
        raise ValidationError("No such time zone. Pick one from the list, such as America/Denver.")


def default_language() -> str:
    return str(settings.LANGUAGES[0][0])


def here(path: str = "") -> models.Q:
    """Whom others meet: not suspended, not paused, not gone. `here("member__")` asks it of a related member."""
    return models.Q((f"{path}is_active", True), (f"{path}away_since__isnull", True))


class MemberQuerySet(models.QuerySet["Member"]):
    def here(self) -> MemberQuerySet:
        return self.filter(here())


class MemberManager(BaseUserManager["Member"]):
    def get_queryset(self) -> MemberQuerySet:
        return MemberQuerySet(self.model, using=self._db)

    def here(self) -> MemberQuerySet:
        return self.get_queryset().here()

    def create_user(self, email: str, handle: str, password: str | None = None, **fields: Any) -> Member:
        member = Member(email=self.normalize_email(email).lower(), handle=handle, **fields)
        member.set_password(password)
        with transaction.atomic():
            member.save()
            # After the row: what was let go by someone else at the same moment is held by now.
            if HeldHandle.objects.against(member.pk, member.handle_skeleton, timezone.now()).exists():
                raise HandleTaken
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

    class TextSize(models.TextChoices):
        USUAL = "", "As my phone has it"
        LARGE = "large", "Large"
        LARGER = "larger", "Larger"

    class ContactFrom(models.TextChoices):
        GROUPS = "groups", "Everyone I share a group with"
        KEEPERS = "keepers", "Only facilitators and staff"
        NOBODY = "nobody", "Nobody"

    class Help(models.TextChoices):
        LISTENING = "listening", "Listening"
        FIRST_MEETING = "first_meeting", "Going along to a first meeting"
        RIDES = "rides", "Rides"
        NIGHTS = "nights", "Being awake at night"
        FORMS = "forms", "Letters and forms"
        WORK = "work", "Finding work"
        HOME = "home", "Finding a place to live"
        FAMILY = "family", "Children and family"

    public_id = models.CharField(max_length=24, unique=True, default=make_public_id, editable=False)
    email = models.EmailField("e-mail", unique=True)
    handle = models.CharField(max_length=HANDLE_MAX, validators=[validate_handle])
    handle_skeleton = models.CharField(
        max_length=SKELETON_MAX,
        unique=True,
        editable=False,
        error_messages={"unique": handles.TAKEN},
    )
    role = models.CharField(max_length=12, choices=Role, default=Role.ALUMNUS)
    pronouns = models.CharField(max_length=30, blank=True)
    about = models.CharField("a few words", max_length=280, blank=True)
    help_with = models.JSONField("what I can help with", default=list, blank=True)
    help_words = models.CharField("in your own words", max_length=200, blank=True)
    contact_from = models.CharField(max_length=8, choices=ContactFrom, default=ContactFrom.GROUPS)
    time_zone = models.CharField(max_length=60, default=default_time_zone, validators=[validate_time_zone])
    theme = models.CharField(max_length=5, choices=Theme, blank=True, default=Theme.PHONE)
    text_size = models.CharField(max_length=6, choices=TextSize, blank=True, default=TextSize.USUAL)
    language = models.CharField(max_length=12, default=default_language)
    less_data = models.BooleanField("send less", default=False)
    less_motion = models.BooleanField("keep still", default=False)
    is_active = models.BooleanField("may sign in", default=True)
    away_since = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="paused, or about to leave"
    )
    gone_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="left, or died")
    active_week = models.DateField(
        null=True, blank=True, editable=False, help_text="the Monday of the week in which they last were here"
    )
    joined_at = models.DateTimeField(default=timezone.now)

    objects = MemberManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["handle"]

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(handle=""), name="handle_is_not_empty"),
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="email_is_lower_case"),
            models.CheckConstraint(
                condition=models.Q(gone_at__isnull=True) | models.Q(is_active=False),
                name="who_is_gone_may_not_sign_in",
            ),
        ]

    def __str__(self) -> str:
        return self.handle

    def save(self, *args: Any, **kwargs: Any) -> None:
        reads = skeleton(self.handle)
        # Who is gone shares a handle with others who are; and two who collided once are kept apart by a number.
        if self.gone_at is None and self.handle_skeleton.partition(" ")[0] != reads:
            self.handle_skeleton = reads
        super().save(*args, **kwargs)

    def clean(self) -> None:
        super().clean()
        held = HeldHandle.objects.against(self.pk, skeleton(self.handle), timezone.now())
        if self.gone_at is None and held.exists():
            raise ValidationError({"handle": handles.TAKEN})

    @property
    def is_staff(self) -> bool:
        return self.role == Member.Role.STEWARD

    @property
    def is_here(self) -> bool:
        """As `here()` asks it of the database."""
        return self.is_active and self.away_since is None

    @property
    def initials(self) -> str:
        return initials(self.handle)

    @property
    def helps(self) -> list[str]:
        """What the member can help with, in words and in the order of the choices."""
        return [str(kind.label) for kind in Member.Help if kind.value in self.help_with]

    @property
    def hue(self) -> int:
        """Which of the four colours (1–4) the initials stand on; the same everywhere, for ever."""
        return int(self.public_id[:8], 16) % 4 + 1


class HandleChange(models.Model):
    """A member went by `was` until `at`. For stewards; erased when the member leaves and takes the name along."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="handle_changes")
    was = models.CharField(max_length=HANDLE_MAX)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"handle change {self.pk}"


class HeldHandleQuerySet(models.QuerySet["HeldHandle"]):
    def against(self, member_id: int | None, skeleton: str, at: datetime) -> HeldHandleQuerySet:
        """What keeps a member from taking a handle that reads like this."""
        still = models.Q(until__isnull=True) | models.Q(until__gt=at)
        mine = models.Q(member=member_id) if member_id is not None else models.Q(pk__in=[])
        return self.filter(still, skeleton=skeleton).exclude(mine)


class HeldHandle(models.Model):
    """What a handle reads like that nobody but `member` may take before `until` (None: nobody, ever)."""

    skeleton = models.CharField(max_length=SKELETON_MAX, unique=True)
    member = models.ForeignKey(Member, null=True, on_delete=models.SET_NULL, related_name="held_handles")
    until = models.DateTimeField(null=True)

    objects = HeldHandleQuerySet.as_manager()

    def __str__(self) -> str:
        return f"held handle {self.pk}"


class HandleRequest(models.Model):
    """A steward asks a member to choose another handle; open until they do."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="handle_requests")
    by = models.ForeignKey(Member, null=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.CharField(max_length=500)
    at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member"],
                condition=models.Q(answered_at__isnull=True),
                name="one_open_handle_request_per_member",
            )
        ]

    def __str__(self) -> str:
        return f"handle request {self.pk}"


class RoleChange(models.Model):
    """A member's role in the house was changed, by whom and why."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="role_changes")
    was = models.CharField(max_length=12, choices=Member.Role)
    role = models.CharField(max_length=12, choices=Member.Role)
    by = models.ForeignKey(Member, null=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.CharField(max_length=500)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"role change {self.pk}"


class Departure(models.Model):
    """A member pauses, leaves, or has died. It stands until it is undone; leaving is done for good at `due`."""

    class Kind(models.TextChoices):
        PAUSE = "pause", "Paused"
        LEAVE = "leave", "Leaving"
        DEATH = "death", "Died"

    class Name(models.TextChoices):
        OFF = "off", "Take my name off it"
        STAYS = "stays", "Leave my name on it"

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="departures")
    kind = models.CharField(max_length=6, choices=Kind)
    by = models.ForeignKey(Member, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()
    due = models.DateTimeField(null=True)
    name = models.CharField(max_length=6, choices=Name, default=Name.OFF)
    words = models.CharField(max_length=500, blank=True)
    done_at = models.DateTimeField(null=True)
    name_off_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(
                fields=["member"],
                condition=models.Q(undone_at__isnull=True),
                name="one_standing_departure_per_member",
            ),
            models.CheckConstraint(
                condition=models.Q(done_at__isnull=True) | models.Q(undone_at__isnull=True),
                name="what_is_done_is_not_undone",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of member {self.member_id}"

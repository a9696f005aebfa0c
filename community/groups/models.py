"""Group, Membership and JoinRequest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from moderation.sanctions.models import Restriction

if TYPE_CHECKING:
    from community.members.models import Member


class GroupQuerySet(models.QuerySet["Group"]):
    def of(self, member: Member) -> GroupQuerySet:
        return self.filter(memberships__member=member)

    def visible_to(self, member: Member) -> GroupQuerySet:
        """Groups this member may know of: their own, and the listed ones meant for people like them. A pair is no group
        that is listed anywhere: it is behind its room."""
        barred = Restriction.objects.in_force(timezone.now()).filter(
            member=member,
            kind=Restriction.Kind.REMOVAL,
            scope=Concat(models.Value("group:"), Cast(OuterRef("pk"), models.CharField())),
        )
        mine = Membership.objects.filter(group=OuterRef("pk"), member=member)
        meant_for = (
            [Group.Audience.FAMILY]
            if member.role == "family"
            else [Group.Audience.ALUMNI, Group.Audience.FAMILY]
        )
        known = self.filter(Q(Exists(mine)) | Q(listed=True, audience__in=meant_for)).exclude(Exists(barred))
        return known.filter(kind=Group.Kind.GROUP)


class Group(models.Model):
    class Kind(models.TextChoices):
        GROUP = "group", "Group"
        PAIR = "pair", "Two people in direct contact"
        MEETING = "meeting", "Those who were let in to one meeting"

    class Joining(models.TextChoices):
        OPEN = "open", "Anyone here may come in"
        REQUEST = "request", "Ask to join"
        CLOSED = "closed", "By invitation"

    class Audience(models.TextChoices):
        ALUMNI = "alumni", "Alumni"
        FAMILY = "family", "Family"

    kind = models.CharField(max_length=7, choices=Kind, default=Kind.GROUP, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80)
    about = models.TextField(max_length=1000, blank=True)
    joining = models.CharField(max_length=8, choices=Joining, default=Joining.REQUEST)
    listed = models.BooleanField(default=True)
    audience = models.CharField(max_length=8, choices=Audience, default=Audience.ALUMNI)
    created_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = GroupQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="group") | Q(listed=False, joining="closed"),
                name="a_pair_or_meeting_is_hidden_and_closed",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def tag(self) -> str:
        return f"group:{self.pk}"


class Membership(models.Model):
    class Role(models.TextChoices):
        MEMBER = "member", "Member"
        MODERATOR = "moderator", "Moderator"
        FACILITATOR = "facilitator", "Facilitator"

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="memberships")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role, default=Role.MEMBER)
    joined_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "member"], name="one_membership_per_group")]

    def __str__(self) -> str:
        return f"{self.role} in group {self.group_id}"

    @property
    def keeps_order(self) -> bool:
        return self.role in {Membership.Role.MODERATOR, Membership.Role.FACILITATOR}


class JoinRequest(models.Model):
    """Someone asks to join; open until a moderator or facilitator of the group answers."""

    class Answer(models.TextChoices):
        WELCOME = "welcome", "Welcome"
        NOT_NOW = "not_now", "Not now"

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="requests")
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="join_requests"
    )
    words = models.CharField(max_length=500, blank=True)
    asked_at = models.DateTimeField(default=timezone.now)
    answer = models.CharField(max_length=8, choices=Answer, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["group", "member"],
                condition=Q(answered_at__isnull=True),
                name="one_open_request_per_group",
            )
        ]

    def __str__(self) -> str:
        return f"request {self.pk} for group {self.group_id}"

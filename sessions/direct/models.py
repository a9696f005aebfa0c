"""Ask: someone would like to talk with someone. Pair: two people who do, in a hidden group of two with one room."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from community.groups.models import Group
from community.sealed import SealedTextField


class Ask(models.Model):
    """The last time that `asker` asked `asked`. For the asker an answer of "not now" looks the same as none."""

    class Answer(models.TextChoices):
        NONE = "", "None yet"
        YES = "yes", "Yes"
        NOT_NOW = "not_now", "Not now"

    asker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="asks_made")
    asked = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="asks_received"
    )
    words = SealedTextField(null=True)
    at = models.DateTimeField()
    answer = models.CharField(max_length=7, choices=Answer, blank=True, default=Answer.NONE)
    answered_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(fields=["asker", "asked"], name="one_ask_each_way"),
            models.CheckConstraint(condition=~Q(asker=F("asked")), name="nobody_asks_themselves"),
        ]

    def __str__(self) -> str:
        return f"ask {self.pk}"


class Pair(models.Model):
    """One conversation of two people, `low` being whose primary key is lower. What is ended stays ended."""

    group = models.OneToOneField(Group, on_delete=models.PROTECT, related_name="pair")
    low = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    high = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(
                fields=["low", "high"],
                condition=Q(ended_at__isnull=True),
                name="one_conversation_of_two_people",
            ),
            models.CheckConstraint(condition=Q(low__lt=F("high")), name="low_comes_before_high"),
        ]

    def __str__(self) -> str:
        return f"pair {self.pk}"

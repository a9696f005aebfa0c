"""Meeting: an occurrence as it is held. Arrival: one person in its lobby. HelpCall: a private word to its hosts."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from community.calendar.models import Event, Occurrence
from community.groups.models import Group
from community.sealed import SealedTextField
from sessions.formats.models import FormatVersion
from sessions.rooms.models import Room


class Entry(models.TextChoices):
    """How people come in."""

    OPEN = "open", "Straight in, once the doors are open"
    ASK = "ask", "Someone lets them in from the lobby"


class Doorway(models.Model):
    """How people come in to the meetings of an event, where somebody chose it."""

    event = models.OneToOneField(Event, on_delete=models.CASCADE, related_name="doorway")
    entry = models.CharField(max_length=4, choices=Entry)

    def __str__(self) -> str:
        return f"{self.entry} for event {self.event_id}"


class Meeting(models.Model):
    """Its group holds those who were let in, and nobody else; its room is closed before and after.

    `opened_at` is when its doors were opened, `begun_at` when a host went from the lobby to the first step, `chair` who
    leads now.
    """

    class Engine(models.TextChoices):
        TEXT = "text", "In a text room here"
        LINK = "link", "Elsewhere, by a link"

    occurrence = models.OneToOneField(
        Occurrence, null=True, on_delete=models.SET_NULL, related_name="meeting"
    )
    group = models.OneToOneField(Group, on_delete=models.PROTECT, related_name="meeting")
    room = models.OneToOneField(Room, on_delete=models.PROTECT, related_name="meeting")
    version = models.ForeignKey(FormatVersion, null=True, on_delete=models.SET_NULL, related_name="meetings")
    engine = models.CharField(max_length=4, choices=Engine, default=Engine.TEXT)
    entry = models.CharField(max_length=4, choices=Entry, default=Entry.OPEN)
    opens_at = models.DateTimeField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    made_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    begun_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    chair = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="chairing"
    )
    chair_since = models.DateTimeField(null=True)
    # When those who waited were told that no host had come.
    no_host_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["starts_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(opens_at__lte=F("starts_at"), closes_at__gte=F("ends_at")),
                name="a_meeting_opens_before_it_starts_and_closes_after",
            )
        ]

    def __str__(self) -> str:
        return f"meeting {self.pk} at {self.starts_at:%Y-%m-%d %H:%M}"

    @property
    def tag(self) -> str:
        return f"meeting:{self.pk}"


class Arrival(models.Model):
    """Someone at the door; first come first in the lobby's line, however often they come back."""

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="arrivals")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    came_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    admitted_at = models.DateTimeField(null=True)
    admitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    turned_away_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["came_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["meeting", "member"], name="one_arrival_per_meeting"),
            models.CheckConstraint(
                condition=Q(admitted_at__isnull=True) | Q(turned_away_at__isnull=True),
                name="let_in_or_turned_away",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} at the door of meeting {self.meeting_id}"


class HelpCall(models.Model):
    """A cry for help, said to those who hold the meeting and to nobody else."""

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="calls")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    words = SealedTextField(blank=True)
    at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"call {self.pk} in meeting {self.meeting_id}"

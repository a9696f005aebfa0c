"""Mentor: who may open times without an office. Hours: when someone has time. Slot: one time. Booking: it is taken."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from community.calendar.models import Event
from community.groups.models import Group
from community.members.models import validate_time_zone
from community.sealed import SealedTextField


class Mentor(models.Model):
    """A member whom a steward, or a facilitator of theirs, trusts to talk with others of their groups one to one."""

    member = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mentor")
    named_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        ordering = ["member__handle_skeleton"]

    def __str__(self) -> str:
        return f"mentor {self.member_id}"


class Hours(models.Model):
    """A day on the keeper's own clock, or one day of each week by `rule`, cut in times of so many `minutes`.

    For the people of a group, or for all alumni where there is none.
    """

    keeper = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="hours")
    group = models.ForeignKey(Group, null=True, blank=True, on_delete=models.CASCADE, related_name="hours")
    day = models.DateField()
    starts = models.TimeField()
    ends = models.TimeField()
    minutes = models.PositiveSmallIntegerField(validators=[MinValueValidator(10), MaxValueValidator(240)])
    pause = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(120)])
    zone = models.CharField(max_length=60, validators=[validate_time_zone])
    rule = models.CharField(max_length=200, blank=True)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["day", "starts", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="hours_end_after_they_start")
        ]

    def __str__(self) -> str:
        return f"hours {self.pk}"


class Slot(models.Model):
    """One time that can be booked. `keeper` is that of its hours."""

    hours = models.ForeignKey(Hours, on_delete=models.CASCADE, related_name="slots")
    keeper = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["starts_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["keeper", "starts_at"],
                condition=Q(closed_at__isnull=True),
                name="one_open_slot_of_a_keeper_at_a_time",
            ),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="slot_ends_after_it_starts"),
        ]

    def __str__(self) -> str:
        return f"slot {self.pk} at {self.starts_at:%Y-%m-%d %H:%M}"


class Booking(models.Model):
    """It stands until either of the two cancels it; the calendar's event goes with it."""

    slot = models.ForeignKey(Slot, on_delete=models.CASCADE, related_name="bookings")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="bookings")
    event = models.OneToOneField(Event, on_delete=models.CASCADE, related_name="booking")
    note = SealedTextField(null=True)
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["slot__starts_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["slot"], condition=Q(ended_at__isnull=True), name="one_standing_booking_of_a_slot"
            )
        ]

    def __str__(self) -> str:
        return f"booking {self.pk}"

    @property
    def stands(self) -> bool:
        return self.ended_at is None

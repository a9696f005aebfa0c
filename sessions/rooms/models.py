"""Room, and what its log adds up to: the floor, reactions, read positions."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from community.groups.models import Group
from community.live.models import Log


class Room(models.Model):
    """A live text room of a group. Its history is its log; `phase` says who may write now."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80)
    about = models.CharField(max_length=280, blank=True)
    group = models.ForeignKey(Group, on_delete=models.PROTECT, related_name="rooms")
    log = models.OneToOneField(Log, on_delete=models.PROTECT, related_name="room")
    phase = models.CharField(max_length=20, default="open")
    phase_at = models.DateTimeField(default=timezone.now)
    usual_phase = models.CharField(max_length=20, default="open", help_text="what it opens in")
    always_open = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="by a steward")
    # What a meeting's script says, copied as it begins: [{phase, title, minutes, writes, crosstalk, turn_seconds}].
    steps = models.JSONField(default=list, blank=True, editable=False)
    step = models.PositiveSmallIntegerField(null=True, editable=False)
    # Who may write and answer now, where that differs from what the phase says.
    writes = models.CharField(max_length=5, blank=True, default="", editable=False)
    crosstalk = models.BooleanField(null=True, editable=False)
    turn_seconds = models.PositiveIntegerField(null=True, editable=False)
    # Whether stays are kept of it.
    attended = models.BooleanField(default=False, editable=False)
    # Whose turn the chair ended a moment ago: the message they were writing may still come.
    finishing = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    finishing_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def tag(self) -> str:
        return f"room:{self.pk}"

    @property
    def led(self) -> bool:
        """Whether a meeting is held in it."""
        return self.attended or bool(self.steps)


class Hand(models.Model):
    """A raised hand: the queue for the floor is these rows in the order of `place`, and of `seq`, which raised each."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="hands")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    seq = models.BigIntegerField()
    place = models.PositiveIntegerField(default=0)
    at = models.DateTimeField()

    class Meta:
        ordering = ["place", "seq"]
        constraints = [models.UniqueConstraint(fields=["room", "member"], name="one_hand_per_member")]

    def __str__(self) -> str:
        return f"hand {self.member_id} in room {self.room_id}"


class Turn(models.Model):
    """Who has the floor of a room; `until` is when the agreed time is over (nobody is cut off by it)."""

    room = models.OneToOneField(Room, on_delete=models.CASCADE, related_name="turn")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()
    until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"turn of {self.member_id} in room {self.room_id}"


class Allowance(models.Model):
    """How long each turn of one member is in a room, where that differs from everyone's."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="allowances")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    seconds = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "member"], name="one_allowance_per_member")]

    def __str__(self) -> str:
        return f"{self.seconds} seconds for {self.member_id} in room {self.room_id}"


class Stay(models.Model):
    """One stretch of time that a member was in an attended room; open until `left_at` is known."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="stays")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="stays")
    entered_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["entered_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["room", "member"], condition=models.Q(left_at__isnull=True), name="one_open_stay"
            ),
            models.CheckConstraint(
                condition=models.Q(seen_at__gte=models.F("entered_at")), name="a_stay_is_seen_after_it_began"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} in room {self.room_id} from {self.entered_at:%H:%M}"


class Reaction(models.Model):
    class Kind(models.TextChoices):
        HEARD = "heard", "Heard"
        WITH_YOU = "with_you", "With you"
        THANK_YOU = "thank_you", "Thank you"
        STRENGTH = "strength", "Strength"

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="reactions", db_index=False)
    seq = models.BigIntegerField()
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["room", "seq", "member", "kind"], name="one_reaction_of_a_kind_per_member"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} on {self.room_id}:{self.seq}"


class ReadPosition(models.Model):
    """Up to where a member has seen a room's log."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="read_positions")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    seq = models.BigIntegerField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "member"], name="one_read_position_per_room")]

    def __str__(self) -> str:
        return f"{self.member_id} read room {self.room_id} to {self.seq}"

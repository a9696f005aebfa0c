"""Delivery: one notification to one person by one channel. InboxEntry: what the inbox shows. Choice, QuietHours: what
a member wants to be told, and when."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.db.models import F, Q


def make_key() -> str:
    """128 random bits: names a delivery to mail servers, and an inbox entry in links, and says nothing."""
    return secrets.token_hex(16)


class Channel(models.TextChoices):
    INBOX = "inbox", "Here, in your inbox"
    EMAIL = "email", "By e-mail"


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def waiting(self) -> DeliveryQuerySet:
        return self.filter(state=Delivery.State.WAITING)

    def dead(self) -> DeliveryQuerySet:
        return self.filter(state=Delivery.State.DEAD)

    def retriable(self, at: object) -> DeliveryQuerySet:
        """Of the dead: what still has its words, and would still be of use."""
        return self.exclude(payload="").filter(Q(useful_until__isnull=True) | Q(useful_until__gt=at))

    def lost(self, at: object) -> DeliveryQuerySet:
        """Taken by a worker that has not been heard of since its lease ran out."""
        taken = (Delivery.State.LEASED, Delivery.State.SENDING)
        return self.filter(state__in=taken, lease_until__lte=at)


class Delivery(models.Model):
    """A row of the ledger. Only `community.notifications.ledger` changes its state, each time by a conditional UPDATE.

    `payload` is sealed JSON: the address, if it is not a member's, and what the words need, such as a link. It is
    wiped when the delivery ends. `address_digest` stands for an address that is no member's. `key` is the same for all
    channels by which one thing is told.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        GATHERED = "gathered", "waiting for a bundle"
        LEASED = "leased", "taken by a worker"
        SENDING = "sending", "being handed over"
        SENT = "sent", "sent"
        BUNDLED = "bundled", "sent within a bundle"
        DROPPED = "dropped", "no longer of use"
        DEAD = "dead", "could not be sent"

    ENDED = (State.SENT, State.BUNDLED, State.DROPPED)

    what = models.CharField(max_length=120)
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="deliveries"
    )
    address_digest = models.CharField(max_length=64, blank=True, default="")
    kind = models.CharField(max_length=40)
    channel = models.CharField(max_length=8, choices=Channel)
    key = models.CharField(max_length=32, default=make_key)
    payload = models.TextField(blank=True, default="")
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    due_at = models.DateTimeField()
    useful_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_by = models.CharField(max_length=32, blank=True, default="")
    lease_until = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=60, blank=True, default="")
    perhaps_sent = models.BooleanField(default=False)
    bundle = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="bundled")
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(fields=["state", "due_at", "id"], name="delivery_by_state_and_due"),
            models.Index(
                fields=["lease_until"], condition=Q(lease_until__isnull=False), name="delivery_by_lease"
            ),
            models.Index(fields=["ended_at"], condition=Q(ended_at__isnull=False), name="delivery_by_end"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["what", "member", "kind", "channel"],
                condition=Q(member__isnull=False),
                name="one_delivery_per_thing_member_kind_and_channel",
            ),
            models.UniqueConstraint(
                fields=["what", "address_digest", "kind", "channel"],
                condition=Q(member__isnull=True),
                name="one_delivery_per_thing_address_kind_and_channel",
            ),
            models.UniqueConstraint(fields=["key", "channel"], name="one_delivery_per_key_and_channel"),
            models.CheckConstraint(
                condition=Q(member__isnull=False, address_digest="")
                | (Q(member__isnull=True) & ~Q(address_digest="")),
                name="delivery_is_for_a_member_or_an_address",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["leased", "sending"], lease_until__isnull=False)
                | (~Q(state__in=["leased", "sending"]) & Q(lease_until__isnull=True)),
                name="delivery_has_a_lease_while_a_worker_has_it",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["sent", "bundled", "dropped"]) | Q(payload=""),
                name="ended_delivery_keeps_no_payload",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["sent", "bundled", "dropped", "dead"], ended_at__isnull=False)
                | (~Q(state__in=["sent", "bundled", "dropped", "dead"]) & Q(ended_at__isnull=True)),
                name="delivery_has_an_end_once_it_ended",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.channel}, {self.state}"

    @property
    def to_whom(self) -> str:
        """Never an address: a handle, or that it is for someone who has none."""
        return str(self.member) if self.member is not None else "Someone, by e-mail address"

    @property
    def can_be_retried(self) -> bool:
        return self.state == Delivery.State.DEAD and bool(self.payload)


class InboxEntryQuerySet(models.QuerySet["InboxEntry"]):
    def unread(self) -> InboxEntryQuerySet:
        return self.filter(read_at__isnull=True)

    def before(self, entry: InboxEntry | None) -> InboxEntryQuerySet:
        """Those that stand below an entry, newest first; all without one."""
        if entry is None:
            return self
        return self.filter(Q(at__lt=entry.at) | Q(at=entry.at, pk__lt=entry.pk))


class InboxEntry(models.Model):
    """One line of a member's inbox; `path` is the page of ours it leads to, empty for none."""

    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="inbox")
    key = models.CharField(max_length=32, unique=True)
    kind = models.CharField(max_length=40)
    words = models.CharField(max_length=300)
    path = models.CharField(max_length=300, blank=True, default="")
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    objects = InboxEntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "inbox entries"
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["member", "-at", "-id"], name="inbox_newest_first"),
            models.Index(fields=["member"], condition=Q(read_at__isnull=True), name="inbox_unread"),
        ]

    def __str__(self) -> str:
        return self.words


class Choice(models.Model):
    """How a member wants one kind by one channel, where that is not how it comes by itself."""

    class How(models.TextChoices):
        AT_ONCE = "at_once", "At once"
        DAILY = "daily", "Once a day"
        WEEKLY = "weekly", "Once a week"
        NEVER = "never", "Never"

    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=40)
    channel = models.CharField(max_length=8, choices=Channel)
    how = models.CharField(max_length=8, choices=How)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member", "kind", "channel"], name="one_choice_per_kind_and_channel"
            ),
            models.CheckConstraint(
                condition=Q(channel="email") | Q(how__in=["at_once", "never"]), name="only_mail_is_bundled"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.channel}: {self.how}"


class QuietHours(models.Model):
    """From when until when a member wants no mail, on their own clock; over midnight when the end comes first."""

    member = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="quiet_hours"
    )
    start = models.TimeField()
    end = models.TimeField()

    class Meta:
        verbose_name_plural = "quiet hours"
        constraints = [
            models.CheckConstraint(condition=~Q(start=F("end")), name="quiet_hours_leave_some_of_the_day")
        ]

    def __str__(self) -> str:
        return f"{self.start:%H:%M} to {self.end:%H:%M}"

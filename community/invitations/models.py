"""Invitation and what it carries, its acceptances, addresses that wait for their code, and who asks to be let in."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from community.groups.models import Group, Membership
from community.members.models import Member
from community.sealed import SealedTextField

USES_MAX = 500


class Upload(models.Model):
    """A file of people to invite, kept sealed until it is confirmed; then only the list of what became of its lines.

    `kept` is JSON, read and written by `actions.uploading`.
    """

    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    made_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    invited = models.PositiveIntegerField(default=0)
    kept = SealedTextField()

    def __str__(self) -> str:
        return f"upload {self.pk}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def standing(self, at: datetime) -> InvitationQuerySet:
        """Those that still let someone in."""
        return self.filter(stands(at))

    def in_state(self, state: Invitation.State, at: datetime) -> InvitationQuerySet:
        return self.filter(in_state(state, at))


def stands(at: datetime) -> Q:
    return Q(revoked_at__isnull=True, expires_at__gt=at, spent__lt=F("uses"))


def in_state(state: Invitation.State, at: datetime) -> Q:
    """What `Invitation.state` says, for SQL."""
    match state:
        case Invitation.State.WAITING:
            return stands(at) & Q(opened_at__isnull=True)
        case Invitation.State.OPENED:
            return stands(at) & Q(opened_at__isnull=False)
        case Invitation.State.ACCEPTED:
            return Q(revoked_at__isnull=True, spent__gte=F("uses"))
        case Invitation.State.EXPIRED:
            return Q(revoked_at__isnull=True, spent__lt=F("uses"), expires_at__lte=at)
        case _:
            return Q(revoked_at__isnull=False)


class Invitation(models.Model):
    """A way in for `uses` people, until it is spent, revoked or out of date.

    Only the digest of the link's token is kept. `mailed`: the link as it stands left the house in a mail to `address`
    and in no other way, so that whoever opens it reads that mailbox. `note` is for the stewards' own list.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        OPENED = "opened", "Opened"
        ACCEPTED = "accepted", "Accepted"
        EXPIRED = "expired", "Run out"
        REVOKED = "revoked", "Taken back"

    token_digest = models.CharField(max_length=64, unique=True)
    address = SealedTextField(null=True, blank=True)
    address_digest = models.CharField(max_length=64, blank=True, default="", db_index=True)
    mailed = models.BooleanField(default=False)
    note = models.CharField(max_length=80, blank=True)
    role = models.CharField(max_length=12, choices=Member.Role, default=Member.Role.ALUMNUS)
    uses = models.PositiveSmallIntegerField(default=1)
    spent = models.PositiveSmallIntegerField(default=0)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    made_at = models.DateTimeField()
    renewed_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    upload = models.ForeignKey(Upload, null=True, on_delete=models.SET_NULL, related_name="invitations")

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(spent__lte=F("uses")), name="invitation_is_not_overspent"),
            models.CheckConstraint(
                condition=Q(uses__gte=1, uses__lte=USES_MAX), name="invitation_is_for_someone"
            ),
            models.CheckConstraint(
                condition=Q(uses=1) | Q(address_digest=""), name="invitation_by_mail_is_for_one"
            ),
        ]

    def __str__(self) -> str:
        return f"invitation {self.pk}"

    def stands(self, at: datetime) -> bool:
        return self.state(at) in {Invitation.State.WAITING, Invitation.State.OPENED}

    def state(self, at: datetime) -> Invitation.State:
        if self.revoked_at is not None:
            return Invitation.State.REVOKED
        if self.spent >= self.uses:
            return Invitation.State.ACCEPTED
        if self.expires_at <= at:
            return Invitation.State.EXPIRED
        return Invitation.State.WAITING if self.opened_at is None else Invitation.State.OPENED

    @property
    def left(self) -> int:
        return self.uses - self.spent

    @property
    def gives_a_charge(self) -> bool:
        """Whether it makes more of someone than a member: such a one is for the person it was sent to alone."""
        return self.role not in PLAIN_ROLES or any(
            place.role != Membership.Role.MEMBER for place in self.places.all()
        )


PLAIN_ROLES = frozenset({Member.Role.ALUMNUS, Member.Role.FAMILY})


class Place(models.Model):
    """A group that an invitation leads to, and the role in it."""

    invitation = models.ForeignKey(Invitation, on_delete=models.CASCADE, related_name="places")
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=12, choices=Membership.Role, default=Membership.Role.MEMBER)

    class Meta:
        ordering = ["group__name"]
        constraints = [models.UniqueConstraint(fields=["invitation", "group"], name="one_place_per_group")]

    def __str__(self) -> str:
        return f"{self.role} in group {self.group_id}"


class Acceptance(models.Model):
    """Someone came in by an invitation, or, being here already, joined its groups by it."""

    invitation = models.ForeignKey(Invitation, on_delete=models.CASCADE, related_name="acceptances")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="acceptances")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["invitation", "member"], name="one_acceptance_per_member")
        ]

    def __str__(self) -> str:
        return f"member {self.member_id} by invitation {self.invitation_id}"


class AddressCheck(models.Model):
    """An address that someone at the door typed, until the code that was sent to it comes back.

    For an address that has an account there is a row too, with a code that was sent to nobody: the page can't tell.
    """

    key = models.CharField(max_length=32, unique=True)
    invitation = models.ForeignKey(Invitation, on_delete=models.CASCADE, related_name="+")
    address = SealedTextField()
    password = models.CharField(max_length=128)
    code_digest = models.CharField(max_length=64)
    tries = models.PositiveSmallIntegerField(default=0)
    sent = models.PositiveSmallIntegerField(default=1)
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"address check {self.pk}"


class SignUp(models.Model):
    """Someone without an invitation asks to be let in; open until a steward answers."""

    class Answer(models.TextChoices):
        WELCOME = "welcome", "Let in"
        NOT_NOW = "not_now", "Not this time"

    address = SealedTextField()
    address_digest = models.CharField(max_length=64)
    words = models.CharField(max_length=500, blank=True)
    asked_at = models.DateTimeField()
    answer = models.CharField(max_length=8, choices=Answer, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    answered_at = models.DateTimeField(null=True)
    invitation = models.ForeignKey(Invitation, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["address_digest"],
                condition=Q(answered_at__isnull=True),
                name="one_open_sign_up_per_address",
            )
        ]

    def __str__(self) -> str:
        return f"sign-up {self.pk}"


class FirstStep(models.Model):
    """One of the first steps of someone who came in by invitation; `at` is empty until it is taken or skipped."""

    class Name(models.TextChoices):
        HANDLE = "handle", "Your name here"
        RULES = "rules", "House rules"
        GROUPS = "groups", "Groups"
        HELLO = "hello", "Say hello"

    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="first_steps")
    name = models.CharField(max_length=8, choices=Name)
    at = models.DateTimeField(null=True)
    skipped = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "name"], name="one_first_step_of_each"),
            models.CheckConstraint(
                condition=Q(skipped=False) | ~Q(name="rules"), name="rules_are_not_skipped"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} of member {self.member_id}"

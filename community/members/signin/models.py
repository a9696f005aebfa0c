"""How people come in. SignIn: one device, which is also its browser's session. Recovery: when everything was lost."""

from __future__ import annotations

from importlib import import_module

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import Q
from django.utils.crypto import salted_hmac

from community.sealed import SealedTextField

# A password of fewer characters needs a second factor beside it.
ALONE = 15


class SignIn(AbstractBaseSession):
    """A session of a browser. Its row is the sign-in: who deletes it ends the sign-in, and no other table knows of it.

    Without a member it belongs to someone who is not signed in (yet). No address of the network is kept, and of the
    browser only a few words.
    """

    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="sign_ins"
    )
    device = models.CharField(max_length=60, blank=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    # Of someone with duties here: the shorter limits hold.
    strict = models.BooleanField(default=False)
    # A second factor is asked of this member and there is none yet: this sign-in leads nowhere but to setting one up.
    held = models.BooleanField(default=False)
    # Somebody asked for a way in without the password: the next page says so, and how to stop it.
    to_warn = models.BooleanField(default=False)

    class Meta:
        verbose_name = "sign-in"

    @classmethod
    def get_session_store_class(cls) -> type:
        store: type = import_module(settings.SESSION_ENGINE).SessionStore
        return store

    @property
    def ref(self) -> str:
        """How a page names this sign-in: the key itself would open the door to whoever reads it."""
        return salted_hmac("signin.ref", self.session_key).hexdigest()[:24]


class ShortPassword(models.Model):
    """The member's password had fewer than 15 characters when it was set; afterwards nobody could tell."""

    member = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="short_password"
    )
    at = models.DateTimeField()


class LostCall(models.Model):
    """Someone says that they lost every way in; whether they are anyone here, a steward finds out."""

    handle = SealedTextField()
    contact = SealedTextField()
    words = SealedTextField()
    at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["at", "pk"]


class RecoveryQuerySet(models.QuerySet["Recovery"]):
    def open(self) -> RecoveryQuerySet:
        return self.filter(closed_at__isnull=True)

    def of(self, member_id: int) -> RecoveryQuerySet:
        return self.filter(member_id=member_id)


class Recovery(models.Model):
    """A steward lets a member in again at a new address. It waits, so that whoever still has a way in can stop it."""

    class Outcome(models.TextChoices):
        DONE = "done", "Done"
        STOPPED = "stopped", "Stopped"
        SPENT = "spent", "The link ran out"

    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="recoveries")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    email = SealedTextField()
    how = SealedTextField()
    at = models.DateTimeField()
    ready_at = models.DateTimeField()
    code_digest = models.CharField(max_length=64, blank=True)
    sent_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    outcome = models.CharField(max_length=7, choices=Outcome, blank=True)

    objects = RecoveryQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["member"], condition=Q(closed_at__isnull=True), name="one_open_recovery_per_member"
            ),
            models.UniqueConstraint(
                fields=["code_digest"], condition=~Q(code_digest=""), name="one_recovery_per_code"
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, outcome="")
                | (Q(closed_at__isnull=False) & ~Q(outcome="")),
                name="a_closed_recovery_has_an_outcome",
            ),
        ]

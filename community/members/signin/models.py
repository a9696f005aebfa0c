"""SignIn: someone's way in on one device, which is also what their browser's session is. ShortPassword: see there."""

from __future__ import annotations

from importlib import import_module

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models
from django.utils.crypto import salted_hmac

# A password of fewer characters needs a second factor beside it.
ALONE = 15


class SignInManager(BaseSessionManager["SignIn"]):
    pass


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

    objects = SignInManager()

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

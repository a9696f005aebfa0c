"""allauth's way in: sign-up is by invitation only, every mail is neutral, and no error blames anybody."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from django.http import HttpRequest
from django.urls import reverse

from community.members.models import Member
from community.members.signin.actions import change_password


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "That e-mail and password don’t go together.",
        "enter_current_password": "That isn’t the password you have now.",
        "too_many_login_attempts": "That was tried many times. Wait five minutes, then try again.",
        "rate_limited": "That was asked for many times. Wait a few minutes, then try again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """People come in by invitation, never by a public form."""
        return False

    def set_password(self, user: Member, password: str) -> None:
        """Every way to a new password (change, reset) comes through here."""
        request = context.request
        here = request.session.session_key if request is not None and request.user == user else None
        change_password(member=user, password=password, keep=here)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("members:you")

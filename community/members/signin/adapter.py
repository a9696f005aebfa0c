"""allauth's way in: sign-up is by invitation only, every mail is neutral, and no error blames anybody."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from community.members.models import Member
from community.members.signin.actions import change_password
from community.notifications.actions import notify_by_allauth


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

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Through the ledger: the request does the same work whether or not anybody here has that address."""
        message = self.render_mail(
            template_prefix, email, {"request": self.request, "email": email, **context}
        )
        notify_by_allauth(
            address=email,
            subject=message.subject,
            text=str(message.body),
            code="code" in context,
            at=timezone.now(),
        )

    def set_password(self, user: Member, password: str) -> None:
        """Every way to a new password (change, reset) comes through here."""
        request = context.request
        here = request.session.session_key if request is not None and request.user == user else None
        change_password(member=user, password=password, keep=here)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("members:you")

"""allauth's way in: sign-up is by invitation only, every mail is neutral, and no error blames anybody."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from qrcode.image.svg import SvgPathImage
from qrcode.main import QRCode

from community.house.access import house
from community.members.models import Member
from community.members.signin.actions import change_password
from community.notifications.actions import notify_by_allauth
from community.sealed import seal, unseal

WRONG_CODE = "That code isn’t right, or its time has passed."
METHODS = {
    "reauthenticate": "With your password",
    "mfa_reauthenticate": "With a code from your app, or a recovery code",
    "mfa_reauthenticate:webauthn": "With a passkey",
}


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "That e-mail and password don’t go together.",
        "enter_current_password": "That isn’t the password you have now.",
        "incorrect_password": "That isn’t the password you have now.",
        "incorrect_code": WRONG_CODE,
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
        return reverse("signin:overview")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """One row in the ledger, whether or not the address is known: the same work, and the worker sends it."""
        message = self.render_mail(template_prefix, email, context)
        code = "code" in context
        notify_by_allauth(
            address=email, subject=message.subject, text=str(message.body), code=code, at=timezone.now()
        )

    def get_reauthentication_methods(self, user: Member | AnonymousUser) -> list[dict[str, Any]]:
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        return [method | {"description": METHODS[method["id"]]} for method in methods]


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets stand sealed in the database; a phone’s list of passkeys and codes shows the handle, not the address."""

    error_messages = DefaultMFAAdapter.error_messages | {"incorrect_code": WRONG_CODE}

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text)

    def get_totp_issuer(self) -> str:
        return house().name

    def _get_site_name(self) -> str:
        return house().name

    def _get_user_identifier(self, user: Member) -> str:
        return user.handle

    def build_totp_svg(self, url: str) -> str:
        """Part of the page itself: the Content-Security-Policy lets in no picture that is not a file of ours."""
        code = QRCode(border=4)
        code.add_data(url)
        picture: bytes = code.make_image(image_factory=SvgPathImage).to_string(encoding="unicode")
        return str(picture)

    def generate_authenticator_name(self, user: Member, type: Authenticator.Type) -> str:
        from community.members.signin import devices

        return devices.in_words(context.request.headers.get("User-Agent", ""))

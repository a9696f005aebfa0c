"""Forms about signing in and the password."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as account
from allauth.mfa.base import forms as second
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as passkeys
from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from community.members.signin.models import ALONE
from community.members.signin.passwords import shortest_for

SHARED = "shared"


def remember(request: HttpRequest, *, shared: bool) -> None:
    """On a shared phone the sign-in is forgotten when the browser closes, and what was left unsent with it."""
    if shared:
        request.session[SHARED] = True
        request.session.set_expiry(0)
    else:
        request.session.pop(SHARED, None)
        request.session.set_expiry(None)


class SignInForm(account.LoginForm):  # type: ignore[misc]
    """E-mail and password."""

    shared = forms.BooleanField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["remember"]
        login, password = self.fields["login"], self.fields["password"]
        login.label = "E-mail"
        login.widget = forms.EmailInput(attrs={"autocomplete": "username webauthn"})
        password.help_text = ""
        password.widget.attrs.pop("placeholder", None)

    def clean(self) -> dict[str, Any]:
        try:
            cleaned: dict[str, Any] = super().clean()
        except ValidationError as error:
            self.add_error("password", error)
            cleaned = self.cleaned_data
        cleaned["remember"] = not cleaned.get("shared")
        return cleaned

    def login(self, request: Any, redirect_url: str | None = None) -> Any:
        response = super().login(request, redirect_url)
        remember(request, shared=self.cleaned_data["shared"])
        return response


class AskForLinkForm(account.ResetPasswordForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "E-mail"
        self.fields["email"].widget = forms.EmailInput(attrs={"autocomplete": "email"})


class AskForCodeForm(account.RequestLoginCodeForm):  # type: ignore[misc]
    shared = forms.BooleanField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "E-mail"
        self.fields["email"].widget = forms.EmailInput(attrs={"autocomplete": "username"})


def code_field(field: forms.Field, label: str, *, numbers: bool = False) -> None:
    field.label = label
    attributes = {"autocomplete": "one-time-code", "autocapitalize": "characters", "spellcheck": "false"}
    if numbers:
        attributes = {"autocomplete": "one-time-code", "inputmode": "numeric"}
    field.widget = forms.TextInput(attrs=attributes)


class MailedCodeForm(account.ConfirmLoginCodeForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        code_field(self.fields["code"], "The code")


class SecondFactorForm(second.AuthenticateForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        code_field(self.fields["code"], "Code from your app, or a recovery code", numbers=True)


class SecondFactorAgainForm(second.ReauthenticateForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        code_field(self.fields["code"], "Code from your app, or a recovery code", numbers=True)


class AppForm(totp.ActivateTOTPForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        code_field(self.fields["code"], "The six numbers it shows now", numbers=True)


class PasskeyForm(passkeys.AddWebAuthnForm):  # type: ignore[misc]
    """Every passkey here can also open the door alone, so each is made to ask for a finger, a face or a PIN."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("passwordless", None)
        name = self.fields["name"]
        name.label = "What to call it"
        name.help_text = "So that you know it again in your list."
        name.max_length = 60
        name.widget = forms.TextInput(attrs={"autocomplete": "off", "maxlength": "60"})

    def clean(self) -> dict[str, Any]:
        # What allauth checks of a passkey that opens the door alone.
        self.cleaned_data["passwordless"] = True
        cleaned: dict[str, Any] = super().clean()
        return cleaned


class RenamePasskeyForm(passkeys.EditWebAuthnForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name = self.fields["name"]
        name.label = "What to call it"
        name.widget = forms.TextInput(attrs={"autocomplete": "off", "maxlength": "60"})


class PasswordAgainForm(account.ReauthenticateForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plain_password(self.fields["password"], "Your password")


def plain_password(field: forms.Field, label: str, help_text: str = "") -> None:
    field.label = label
    field.help_text = help_text
    field.widget.attrs.pop("placeholder", None)


def long_enough(least: int) -> str:
    return f"At least {least} characters. A few words in a row are easy to remember and hard to guess."


class NewPasswordForm(account.ResetPasswordKeyForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plain_password(self.fields["password1"], "New password", long_enough(shortest_for(self.user)))
        plain_password(self.fields["password2"], "The same again")


class ChangePasswordForm(account.ChangePasswordForm):  # type: ignore[misc]
    """`alone`: a second factor is about to go, so the new one must be long enough to stand by itself."""

    alone = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plain_password(self.fields["oldpassword"], "Your password now")
        plain_password(self.fields["password1"], "New password", long_enough(shortest_for(self.user)))
        plain_password(self.fields["password2"], "The same again")

    def stand_alone(self) -> None:
        self.alone = True
        self.fields["password1"].help_text = long_enough(ALONE)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        if self.alone and 0 < len(cleaned.get("password1", "")) < ALONE:
            self.add_error("password1", f"Use at least {ALONE} characters. A few words in a row will do.")
        return cleaned


class FirstPasswordForm(account.SetPasswordForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plain_password(self.fields["password1"], "Password", long_enough(shortest_for(self.user)))
        plain_password(self.fields["password2"], "The same again")

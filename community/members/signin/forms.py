"""Forms about signing in and the password."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as account
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as second
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as passkeys
from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from community.members.models import Member, skeleton
from community.members.signin.models import ALONE
from community.members.signin.passwords import shortest_for

SHARED = "shared"
NOT_A_PASSKEY = (AttributeError, KeyError, TypeError, ValueError)


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


def unreadable() -> ValidationError:
    error: ValidationError = get_adapter().validation_error("incorrect_code")
    return error


class PasskeyRead(forms.Form):
    """What a script sent as a passkey's answer may be anything; the libraries that read it expect one of theirs."""

    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()  # type: ignore[misc]
        except NOT_A_PASSKEY:
            raise unreadable() from None


class PasskeySignInForm(PasskeyRead, passkeys.LoginWebAuthnForm):  # type: ignore[misc]
    pass


class PasskeySecondForm(PasskeyRead, passkeys.AuthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class PasskeyAgainForm(PasskeyRead, passkeys.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    pass


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
        try:
            cleaned: dict[str, Any] = super().clean()
        except NOT_A_PASSKEY:
            raise unreadable() from None
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


class LostForm(forms.Form):
    handle = forms.CharField(
        label="Your handle here",
        max_length=60,
        help_text="The name others see. If you don’t know it any more, say who invited you.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    contact = forms.CharField(
        label="How we can reach you",
        max_length=200,
        help_text="A telephone number, or an address that you can read.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    words = forms.CharField(
        label="Anything else (if you like)",
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class RecoveryCodeForm(forms.Form):
    code = forms.CharField(
        label="The code from the mail",
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )


class NewWayInForm(forms.Form):
    """The password of someone whose every factor goes: it stands alone."""

    password1 = forms.CharField(
        label="New password",
        help_text=long_enough(ALONE),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password2 = forms.CharField(
        label="The same again", widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def __init__(self, *args: Any, member: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.member = member

    def clean_password1(self) -> str:
        password: str = self.cleaned_data["password1"]
        validate_password(password, self.member)
        if len(password) < ALONE:
            raise ValidationError(f"Use at least {ALONE} characters. A few words in a row will do.")
        return password

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "password1" in cleaned and cleaned["password1"] != cleaned.get("password2"):
            self.add_error("password2", "These two differ.")
        return cleaned


class StartRecoveryForm(forms.Form):
    handle = forms.CharField(
        label="Their handle", max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    email = forms.EmailField(
        label="Their new e-mail",
        help_text="One that they can read. The link goes there when the wait is over.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    how = forms.CharField(
        label="How you know that it is them",
        max_length=500,
        help_text="You met, you know their voice, their counsellor vouches for them. Only stewards read it.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    member: Member

    def clean_handle(self) -> str:
        handle: str = self.cleaned_data["handle"]
        member = Member.objects.filter(handle_skeleton=skeleton(handle)).first()
        if member is None:
            raise ValidationError("Nobody here goes by that handle.")
        self.member = member
        return handle

"""Forms about signing in and the password."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as account
from django import forms
from django.core.exceptions import ValidationError


class SignInForm(account.LoginForm):  # type: ignore[misc]
    """E-mail and password; `shared` forgets the sign-in when the browser closes, and what was left unsent with it."""

    shared = forms.BooleanField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["remember"]
        login, password = self.fields["login"], self.fields["password"]
        login.label = "E-mail"
        login.widget = forms.EmailInput(attrs={"autocomplete": "username"})
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
        if self.cleaned_data["shared"]:
            request.session["shared"] = True
        return response


class AskForLinkForm(account.ResetPasswordForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "E-mail"
        self.fields["email"].widget = forms.EmailInput(attrs={"autocomplete": "email"})


def plain_password(field: forms.Field, label: str, help_text: str = "") -> None:
    field.label = label
    field.help_text = help_text
    field.widget.attrs.pop("placeholder", None)


LONG_ENOUGH = "At least 15 characters. A few words in a row are easy to remember and hard to guess."


class NewPasswordForm(account.ResetPasswordKeyForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plain_password(self.fields["password1"], "New password", LONG_ENOUGH)
        plain_password(self.fields["password2"], "The same again")


class ChangePasswordForm(account.ChangePasswordForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plain_password(self.fields["oldpassword"], "Your password now")
        plain_password(self.fields["password1"], "New password", LONG_ENOUGH)
        plain_password(self.fields["password2"], "The same again")


class FirstPasswordForm(account.SetPasswordForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plain_password(self.fields["password1"], "Password", LONG_ENOUGH)
        plain_password(self.fields["password2"], "The same again")

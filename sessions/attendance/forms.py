"""Asking for a certificate, and typing the code of one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from sessions.attendance import consent, lettering
from sessions.attendance.actions import Wish

NAME_CHARS = 80
PURPOSE_CHARS = 120
DAYS = [(30, "30 days"), (90, "90 days"), (365, "A year")]


class AskForm(forms.Form):
    name = forms.CharField(
        label="Your name, as it is to be printed",
        help_text="It is on the certificate only. Nobody here sees it.",
        max_length=NAME_CHARS,
        widget=forms.TextInput(attrs={"autocomplete": "name", "spellcheck": "false"}),
        error_messages={"required": "Write the name that is to be on it."},
    )
    purpose = forms.CharField(
        label="What it is for",
        help_text="It is printed, too. For example: for my probation officer.",
        max_length=PURPOSE_CHARS,
        error_messages={"required": "Write what it is for: a certificate is good for one purpose."},
    )
    days = forms.TypedChoiceField(
        label="How long it stands", choices=DAYS, coerce=int, initial=90, widget=forms.RadioSelect
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    consent = forms.BooleanField(
        label="I have read this and agree to it.",
        error_messages={"required": "Without your agreement no certificate is made."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {})["version"] = consent.CURRENT
        super().__init__(*args, **kwargs)

    def clean_name(self) -> str:
        return self.printed("name")

    def clean_purpose(self) -> str:
        return self.printed("purpose")

    def clean(self) -> dict[str, Any]:
        if "consent" in self.cleaned_data and self.cleaned_data.get("version") != consent.CURRENT:
            self.add_error("consent", "These words have changed. Read them again, please.")
        return self.cleaned_data

    def wish(self) -> Wish:
        wanted = self.cleaned_data
        return Wish(wanted["name"], wanted["purpose"], wanted["days"], wanted["version"])

    def printed(self, field: str) -> str:
        """As it is kept. Raises ValidationError that names what can't be printed."""
        words = lettering.tidy(self.cleaned_data[field])
        if not words:
            raise ValidationError(self.fields[field].error_messages["required"])
        if missing := lettering.unprintable(words):
            raise ValidationError(
                f"We can’t print {' '.join(missing)} yet. Write it in Latin letters, as on your papers."
            )
        return words


class CheckForm(forms.Form):
    code = forms.CharField(
        label="The code on the certificate",
        help_text="Twenty letters and digits. Small letters and missing hyphens are no matter.",
        max_length=60,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
        error_messages={"required": "Type the code first."},
    )

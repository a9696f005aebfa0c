"""What a steward fills in about the house: texts, name and colours, settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.forms.models import fields_for_model, model_to_dict

from community import text
from community.house import png
from community.house.models import House, HouseText


class TextForm(forms.Form):
    """A text of the house in Markdown; `after` is the version that the writer began with."""

    raw = forms.CharField(
        label="The text",
        help_text=(
            "A line that begins with # is a heading, one with - a point of a list. **Two stars** make words strong. "
            "Leave a line empty to begin a new paragraph."
        ),
        widget=forms.Textarea(attrs={"rows": 22, "spellcheck": "true"}),
        strip=False,
    )
    note = forms.CharField(
        label="What changed",
        help_text="One sentence for those who agreed to the version before.",
        max_length=HouseText._meta.get_field("note").max_length,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    after = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, *args: Any, current: HouseText | None, **kwargs: Any) -> None:
        initial = {"raw": current.raw if current else "", "after": current.version if current else 0}
        super().__init__(*args, **{**kwargs, "initial": initial})
        self.current = current

    def clean_raw(self) -> str:
        raw = text.tidy(self.cleaned_data["raw"])
        if not raw:
            raise ValidationError("Write something first.")
        if self.current is not None and raw == self.current.raw:
            raise ValidationError("This is the text that stands already.")
        try:
            self.html = text.render_page(raw)
        except text.TooLong:
            raise ValidationError(
                f"This is too long: a text may have {text.PAGE_MAX:,} characters."
            ) from None
        except text.TooManyLinks:
            raise ValidationError(f"There are too many links: a text may have {text.LINKS_MAX}.") from None
        return raw


class HouseForm(forms.Form):
    """Some fields of the house. What is wrong with them the house itself says, when it is changed."""

    names: tuple[str, ...] = ()

    def __init__(self, *args: Any, house: House, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "initial": model_to_dict(house, self.names)})
        for name, made in fields_for_model(House, self.names).items():
            self.fields.setdefault(name, made)
            of_the_house = House._meta.get_field(name)
            assert isinstance(of_the_house, models.Field)
            _bound(self.fields[name], of_the_house.validators)

    def refuse(self, error: ValidationError) -> None:
        """Put what the house said to its fields."""
        for name, words in error.message_dict.items():
            self.add_error(name if name in self.fields else None, words)


def _bound(field: forms.Field, validators: list[Any]) -> None:
    """Say the bounds to the browser, too."""
    for validator in validators:
        if isinstance(validator, MinValueValidator):
            field.widget.attrs["min"] = validator.limit_value
        elif isinstance(validator, MaxValueValidator):
            field.widget.attrs["max"] = validator.limit_value


class Colour(forms.CharField):
    """`#2f5d50`, also as `2F5D50`; empty for the shipped one."""

    def to_python(self, value: Any) -> str:
        written = (super().to_python(value) or "").lower().removeprefix("#")
        return f"#{written}" if written else ""


class LookForm(HouseForm):
    names = ("name", "door_light", "door_dark")

    name = forms.CharField(
        label="Name",
        max_length=40,
        help_text=(
            "It stands at the top of every page, also of the one where people sign in. "
            "Choose one that does not say what the place is for."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    door_light = Colour(
        label="Links and buttons by day",
        max_length=7,
        required=False,
        help_text="# and six digits, such as #1d5c56. Empty for ours.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    door_dark = Colour(
        label="Links and buttons at night",
        max_length=7,
        required=False,
        help_text="A light one, such as #9ccdb8. Empty for ours.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class LogoForm(forms.Form):
    logo = forms.FileField(
        label="A picture",
        help_text="A PNG of at most 64 kB, best square. It stands in place of the lamp, 28 pixels high.",
        widget=forms.FileInput(attrs={"accept": "image/png"}),
        error_messages={"required": "Choose a file first.", "empty": "The file is empty."},
    )

    def clean_logo(self) -> bytes:
        """The picture with nothing but its pixels."""
        sent = self.cleaned_data["logo"]
        try:
            return png.plain(
                sent.read(png.BYTES_MAX + 1) if sent.size <= png.BYTES_MAX else b"\0" * sent.size
            )
        except png.NotAPicture as error:
            raise ValidationError(str(error)) from None


class SettingsForm(HouseForm):
    """Everything else that a steward may set while people are here, in groups."""

    groups = (
        ("Coming in", "", ("sign_up", "invitation_days", "newcomer_days")),
        (
            "A second step when signing in",
            "A code from an app or a passkey, besides the password. Whoever must have one and has none is asked to "
            "set it up at the next sign-in.",
            ("second_factor_for",),
        ),
        (
            "How long a sign-in lasts",
            "Listening in a meeting counts as being here.",
            ("idle_days", "absolute_days", "staff_idle_hours", "staff_absolute_hours"),
        ),
        ("When someone has lost every way in", "", ("recovery_wait_hours",)),
        ("Handles", "", ("handle_pause_days", "handle_held_days")),
        ("Certificates of attendance", "", ("attendance_percent",)),
    )
    names = tuple(name for _, _, members in groups for name in members)
    words = {
        "sign_up": ("Who may come in", ""),
        "invitation_days": ("Days until an invitation runs out", "From 1 to 90."),
        "newcomer_days": (
            "Days for which someone is new",
            "In these days a newcomer can’t ask others for direct contact. From 0 to 90.",
        ),
        "second_factor_for": ("Who must have one", ""),
        "idle_days": ("Days without a visit", "Then a member signs in again. From 1 to 365."),
        "absolute_days": ("Days at the longest", "Then everyone signs in again. From 1 to 365."),
        "staff_idle_hours": (
            "Hours without a visit, for those who keep the place",
            "Stewards, clinicians, facilitators and moderators. From 1 to 720.",
        ),
        "staff_absolute_hours": ("Hours at the longest, for them", "From 1 to 2,160."),
        "recovery_wait_hours": (
            "Hours to wait before a steward may let them in anew",
            "Notices go out meanwhile, so that nobody takes another’s place unseen. From 24 to 336.",
        ),
        "handle_pause_days": ("Days between two changes of a handle", "From 0 to 365."),
        "handle_held_days": (
            "Days for which an old handle stays taken",
            "So that nobody can pass for someone who changed theirs. From 0 to 3,650.",
        ),
        "attendance_percent": (
            "How much of a session is enough, in percent",
            "Whoever was there for less gets no certificate of it. From 1 to 100.",
        ),
    }

    sign_up = forms.ChoiceField(choices=House.SignUp, widget=forms.RadioSelect)
    second_factor_for = forms.MultipleChoiceField(
        choices=House.SecondFactor, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (label, help_text) in self.words.items():
            self.fields[name].label, self.fields[name].help_text = label, help_text
            if isinstance(self.fields[name].widget, forms.NumberInput):
                self.fields[name].widget.attrs["inputmode"] = "numeric"

    def grouped(self) -> Iterator[tuple[str, str, list[forms.BoundField]]]:
        for title, about, names in self.groups:
            yield title, about, [self[name] for name in names]

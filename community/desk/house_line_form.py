"""A help line as a steward writes it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from pydantic import ValidationError as NotALine

from community.text import safe_href
from moderation.crisis.lines import Line

WAYS = 4
KINDS = [("", "Not used"), ("call", "Ring"), ("text", "Send a text"), ("chat", "Open a page")]
NUMBER = re.compile(r"\+?[0-9]{3,15}")
SPACING = re.compile(r"[\s().\-/–]+")
MEANT = {"call": "Call {}", "text": "Text {}", "chat": "Chat"}


class LineForm(forms.Form):
    name = forms.CharField(
        label="Name", max_length=120, help_text="Whom one reaches, and when: “988, day and night”."
    )
    about = forms.CharField(
        label="What to expect",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Who answers, for what, and what it costs. Plain words for someone who can hardly read just now.",
    )
    hours = forms.CharField(
        label="When somebody answers",
        max_length=80,
        required=False,
        help_text="Such as “Every evening, 6 to 10 pm”.",
    )
    place = forms.CharField(
        label="Where it helps, if not everywhere",
        max_length=80,
        required=False,
        help_text="Such as “St. Louis County”.",
    )
    emergency = forms.BooleanField(label="It sends an ambulance or the police", required=False)

    def __init__(self, *args: Any, line: Line | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "initial": said(line) if line is not None else {}})
        for number in range(1, WAYS + 1):
            self.fields[f"kind_{number}"] = forms.ChoiceField(
                label="What the button does", choices=KINDS, required=False
            )
            self.fields[f"where_{number}"] = forms.CharField(
                label="Number, or address of the page", max_length=200, required=False
            )
            self.fields[f"label_{number}"] = forms.CharField(
                label="Words on the button",
                max_length=60,
                required=False,
                help_text="Empty for ours, such as “Call 988”.",
            )
            self.fields[f"words_{number}"] = forms.CharField(
                label="Words to send, for a text",
                max_length=30,
                required=False,
                help_text="Such as HOME. Often none.",
            )
        for field in self.fields.values():
            if isinstance(field.widget, forms.TextInput):
                field.widget.attrs["autocomplete"] = "off"

    def ways(self) -> Iterator[tuple[int, bool, list[forms.BoundField]]]:
        """The buttons: their number, whether it is used, and its fields."""
        for number in range(1, WAYS + 1):
            fields = [self[f"{name}_{number}"] for name in ("kind", "where", "label", "words")]
            used = any(field.value() or field.errors for field in fields)
            yield number, used or number == 1, fields

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        ways = [way for number in range(1, WAYS + 1) if (way := self._way(number, data)) is not None]
        if not ways and not self.errors:
            self.add_error("where_1", "Give at least one number or page.")
        if not self.errors:
            self.line = self._line(data, ways)
        return data

    def _way(self, number: int, data: Mapping[str, Any]) -> dict[str, str] | None:
        kind, where = data.get(f"kind_{number}", ""), data.get(f"where_{number}", "")
        if not kind and not where:
            return None
        try:
            way = checked_way(kind, where)
        except ValidationError as error:
            self.add_error(f"where_{number}", error)
            return None
        way["label"] = data.get(f"label_{number}") or MEANT[kind].format(where)
        if kind == "text":
            way["words"] = data.get(f"words_{number}", "")
        return way

    def _line(self, data: Mapping[str, Any], ways: list[dict[str, str]]) -> Line | None:
        plain = {name: data[name] for name in ("name", "about", "hours", "place", "emergency")}
        try:
            return Line.model_validate({**plain, "ways": ways})
        except NotALine as error:
            for problem in error.errors():
                self.add_error(None, f"{problem['loc'][-1]}: {problem['msg']}")
        return None


def checked_way(kind: str, where: str) -> dict[str, str]:
    """A button's number or address, tidied. Raises ValidationError."""
    if not kind:
        raise ValidationError("Choose what the button does.")
    if kind == "chat":
        if not (where.startswith("https://") and safe_href(where)):
            raise ValidationError("Write the whole address, beginning with https://")
        return {"kind": kind, "url": where}
    number = SPACING.sub("", where)
    if not NUMBER.fullmatch(number):
        raise ValidationError("Write the number in digits, such as 218 555 0100 or +1 218 555 0100.")
    return {"kind": kind, "number": number}


def said(line: Line) -> dict[str, Any]:
    """A line as the form's fields."""
    fields: dict[str, Any] = line.model_dump(include={"name", "about", "hours", "place", "emergency"})
    for number, way in enumerate(line.ways[:WAYS], start=1):
        fields |= {
            f"kind_{number}": way.kind,
            f"where_{number}": way.url if way.kind == "chat" else way.number,
            f"label_{number}": way.label,
            f"words_{number}": way.words if way.kind == "text" else "",
        }
    return fields

"""What a member wants to be told, how, and when not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms import BoundField

from community.notifications.kinds import Kind, switchable
from community.notifications.models import Channel, Choice, QuietHours

How = Choice.How
HOW: Mapping[Channel, list[tuple[str, str]]] = {
    Channel.EMAIL: [(how.value, str(how.label)) for how in How],
    Channel.INBOX: [(How.AT_ONCE.value, "Yes"), (How.NEVER.value, "No")],
}
LABELS = {Channel.EMAIL: "By e-mail", Channel.INBOX: "In your inbox here"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A kind, and its fields, one for each channel."""

    kind: Kind
    fields: list[BoundField]


class ChoicesForm(forms.Form):
    """One select for each kind and channel, and the hours without mail; both ends of these or none."""

    quiet_from = forms.TimeField(label="From", required=False, widget=forms.TimeInput(attrs={"type": "time"}))
    quiet_to = forms.TimeField(label="Until", required=False, widget=forms.TimeInput(attrs={"type": "time"}))

    def __init__(
        self, *args: Any, chosen: Mapping[tuple[str, str], str], quiet: QuietHours | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._asked: dict[str, tuple[Kind, Channel]] = {}
        if quiet is not None:
            self.initial["quiet_from"] = f"{quiet.start:%H:%M}"
            self.initial["quiet_to"] = f"{quiet.end:%H:%M}"
        for number, kind in enumerate(switchable()):
            for channel in kind.channels:
                name = f"kind{number}_{channel.value}"
                self._asked[name] = (kind, channel)
                choices = HOW[channel]
                if kind.urgent and channel == Channel.EMAIL:
                    choices = [choice for choice in choices if choice[0] in {How.AT_ONCE, How.NEVER}]
                self.fields[name] = forms.ChoiceField(
                    label=LABELS[channel],
                    choices=choices,
                    initial=chosen.get((kind.name, channel.value), How.AT_ONCE),
                )

    def asked(self) -> Iterator[Asked]:
        for kind in switchable():
            yield Asked(kind, [self[name] for name, (its, _) in self._asked.items() if its == kind])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        start, end = cleaned.get("quiet_from"), cleaned.get("quiet_to")
        if "quiet_to" not in self.errors and "quiet_from" not in self.errors:
            if (start is None) != (end is None):
                self.add_error("quiet_to", ValidationError("Fill in both, or neither."))
            elif start is not None and start == end:
                self.add_error(
                    "quiet_to", ValidationError("That would be the whole day. Choose another end.")
                )
        return cleaned

    @property
    def choices(self) -> dict[tuple[Kind, Channel], Choice.How]:
        return {asked: How(self.cleaned_data[name]) for name, asked in self._asked.items()}

    @property
    def quiet(self) -> tuple[time, time] | None:
        start, end = self.cleaned_data["quiet_from"], self.cleaned_data["quiet_to"]
        return None if start is None else (start, end)

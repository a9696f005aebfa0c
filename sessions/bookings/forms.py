"""Opening times in plain words, booking one with a note, cancelling one, naming a mentor."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from community.calendar.forms import REMIND
from community.groups.models import Group
from community.members.handles import skeleton
from community.members.models import Member
from community.text import tidy
from sessions.bookings.models import Hours
from sessions.bookings.slots import FARTHEST
from sessions.rooms.acts import NOT_TEXT

NOTE_CHARS = 500
LENGTHS = [
    (20, "20 minutes"), (30, "Half an hour"), (45, "45 minutes"), (50, "50 minutes"), (60, "An hour"),
    (90, "An hour and a half"),
]  # fmt: skip
PAUSES = [(0, "None"), (5, "5 minutes"), (10, "10 minutes"), (15, "15 minutes"), (30, "Half an hour")]


class HoursForm(forms.Form):
    day = forms.DateField(label="Day", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    starts = forms.TimeField(label="From", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    ends = forms.TimeField(label="To", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    minutes = forms.TypedChoiceField(label="How long each time is", choices=LENGTHS, coerce=int, initial=50)
    pause = forms.TypedChoiceField(label="Pause between two", choices=PAUSES, coerce=int, initial=10)
    until = forms.DateField(
        label="Every week on that day, until",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Empty: only that day.",
    )
    group = forms.ModelChoiceField(
        label="For whom", queryset=Group.objects.none(), to_field_name="slug", required=False
    )

    def __init__(
        self, *args: Any, keeper: Member, groups: QuerySet[Group], to_all: bool, today: date, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.keeper, self.today = keeper, today
        whom: Any = self.fields["group"]
        whom.queryset = groups
        whom.required = not to_all
        whom.empty_label = "Everyone here but family" if to_all else "Choose a group"
        whom.error_messages["required"] = "Which of your groups is it for?"

    def clean_day(self) -> date:
        day: date = self.cleaned_data["day"]
        if day < self.today:
            raise ValidationError("That day is over.")
        if day > self.today + FARTHEST:
            raise ValidationError("That is more than a year away.")
        return day

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        starts, ends, until = cleaned.get("starts"), cleaned.get("ends"), cleaned.get("until")
        if starts and ends and ends <= starts:
            self.add_error("ends", "It ends after it starts, on the same day.")
        day = cleaned.get("day")
        if day and until:
            self._clean_until(day, until)
        return cleaned

    def _clean_until(self, day: date, until: date) -> None:
        if until < day:
            self.add_error("until", "That is before the first day.")
        elif until > self.today + FARTHEST - timedelta(days=1):
            self.add_error("until", "At most a year ahead.")

    @property
    def hours(self) -> Hours:
        """Validated, not saved."""
        said = self.cleaned_data
        rule = f"FREQ=WEEKLY;UNTIL={said['until']:%Y%m%d}" if said["until"] else ""
        return Hours(
            keeper=self.keeper, group=said["group"], day=said["day"], starts=said["starts"], ends=said["ends"],
            minutes=said["minutes"], pause=said["pause"], zone=self.keeper.time_zone, rule=rule,
        )  # fmt: skip


class NoteForm(forms.Form):
    """What goes with a booking."""

    note = forms.CharField(
        label="A few words beforehand, or none",
        help_text="Only the two of you can read it.",
        required=False,
        max_length=NOTE_CHARS,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    remind = forms.ChoiceField(label="Remind me", choices=REMIND, required=False, initial="60")

    def clean_note(self) -> str:
        note = tidy(self.cleaned_data["note"])
        if NOT_TEXT.search(note):
            raise ValidationError("There is a character in it that can’t be kept.")
        return note

    @property
    def remind_minutes(self) -> int | None:
        return int(self.cleaned_data["remind"]) if self.cleaned_data["remind"] else None


class CancelForm(forms.Form):
    because = forms.CharField(
        label="Why, if you like", max_length=200, required=False, help_text="The other one reads it."
    )
    close = forms.BooleanField(label="Nobody else can book this time", required=False, initial=True)

    def __init__(self, *args: Any, keeps: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not keeps:
            del self.fields["close"]


class MentorForm(forms.Form):
    handle = forms.CharField(label="Their handle", max_length=60)

    def __init__(self, *args: Any, people: QuerySet[Member], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = people

    def clean_handle(self) -> Member:
        person = self.people.filter(handle_skeleton=skeleton(self.cleaned_data["handle"])).first()
        if person is None:
            raise ValidationError("Nobody whom you could name goes by that.")
        return person

"""What is asked at the door, and of whoever has the chair."""

from __future__ import annotations

from django import forms

from sessions.meetings.actions.helping import WORDS_MAX
from sessions.meetings.models import Entry
from sessions.rooms.acts import TURN_SECONDS_MAX


class WhomForm(forms.Form):
    """One of the people at the meeting, by public id."""

    member = forms.SlugField(max_length=40)


class AllowForm(forms.Form):
    """How long each of their turns is; 0 is as long as everyone's."""

    seconds = forms.IntegerField(min_value=0, max_value=TURN_SECONDS_MAX)


class StepForm(forms.Form):
    step = forms.IntegerField(min_value=0)


class CallForm(forms.Form):
    call = forms.IntegerField(min_value=1)


class HelpForm(forms.Form):
    words = forms.CharField(
        label="What would help (you may leave this empty)",
        max_length=WORDS_MAX,
        required=False,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
    )


class DoorwayForm(forms.Form):
    entry = forms.ChoiceField(label="How people come in", choices=Entry.choices, widget=forms.RadioSelect)

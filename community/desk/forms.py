"""What a steward fills in at the desk."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone

from community.desk.access import member_called
from community.desk.people import State, Wanted
from community.desk.trail import Asked
from community.groups.models import Group, Membership
from community.members.models import Member
from moderation.audit.verbs import Verb
from sessions.rooms.keeping import USUAL

REASON_CHARS = 500
ANY = [("", "Any")]
SUSPEND_FOR = [
    ("1", "A day"),
    ("3", "Three days"),
    ("7", "A week"),
    ("30", "Thirty days"),
    ("", "Until a steward ends it"),
]


def reason_field(help_text: str) -> forms.CharField:
    return forms.CharField(
        label="Why",
        help_text=help_text,
        max_length=REASON_CHARS,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say why, in a sentence."},
    )


def day_field(label: str, help_text: str = "", *, required: bool = True) -> forms.DateField:
    return forms.DateField(
        label=label, help_text=help_text, required=required, widget=forms.DateInput(attrs={"type": "date"})
    )


class ChosenGroup(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A group by its slug."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=Group.objects.none(), to_field_name="slug", **kwargs)


class PeopleForm(forms.Form):
    """What the list of people is narrowed to. It stands in the page's address, where an e-mail address has no place."""

    handle = forms.CharField(
        label="Handle, or part of it", required=False, max_length=60,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )  # fmt: skip
    state = forms.ChoiceField(label="State", choices=[*ANY, *State.choices], required=False)
    role = forms.ChoiceField(label="Role", choices=[*ANY, *Member.Role.choices], required=False)
    group = ChosenGroup(label="Group", required=False, empty_label="Any")
    after = forms.CharField(required=False, max_length=24)

    def __init__(self, *args: Any, groups: QuerySet[Group], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["group"].queryset = groups  # type: ignore[attr-defined]

    def clean_handle(self) -> str:
        handle: str = self.cleaned_data["handle"]
        if "@" in handle:
            raise ValidationError(
                "For an e-mail address, use “By e-mail address”: here it would stay in the browser."
            )
        return handle

    def wanted(self) -> Wanted:
        """What was asked for, as far as it could be understood."""
        self.is_valid()
        asked = self.cleaned_data
        group = asked.get("group")
        return Wanted(
            handle=asked.get("handle", ""),
            state=asked.get("state", ""),
            role=asked.get("role", ""),
            group=group.slug if group else "",
            after=asked.get("after", ""),
        )


class AddressForm(forms.Form):
    address = forms.EmailField(
        label="E-mail address",
        help_text="The whole address. Who is found this way is noted in the audit log.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )


class SuspendForm(forms.Form):
    days = forms.ChoiceField(label="For how long", choices=SUSPEND_FOR, required=False, initial="7")
    reason = reason_field("Kept with the suspension. Other stewards read it.")

    def until(self, at: datetime) -> datetime | None:
        days = self.cleaned_data["days"]
        return at + timedelta(days=int(days)) if days else None


class RoleForm(forms.Form):
    role = forms.ChoiceField(label="Role", choices=Member.Role.choices)
    reason = reason_field("Kept with the change. Other stewards read it.")


class ReasonForm(forms.Form):
    reason = reason_field("Kept. Other stewards read it.")


class DeathForm(forms.Form):
    words = forms.CharField(
        label="Words for those who knew them, or none",
        help_text="They stand on the profile, for people who shared a group with them. Nobody is told by the machine.",
        required=False,
        max_length=REASON_CHARS,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class PlaceForm(forms.Form):
    """The group that someone is put in, and their role there."""

    group = ChosenGroup(label="Group", empty_label=None)
    role = forms.ChoiceField(label="Role in it", choices=Membership.Role.choices)

    def __init__(self, *args: Any, groups: QuerySet[Group], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["group"].queryset = groups  # type: ignore[attr-defined]


class GroupRoleForm(forms.Form):
    role = forms.ChoiceField(label="Role", choices=Membership.Role.choices)


class GroupForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Group
        fields = ["name", "about", "joining", "listed", "audience"]
        labels = {
            "about": "What it is for",
            "joining": "How people come in",
            "listed": "Everybody it is meant for may see that it exists",
            "audience": "For whom",
        }
        help_texts = {"audience": "Family see groups for family only. Alumni see both."}
        widgets = {
            "about": forms.Textarea(attrs={"rows": 3}),
            "joining": forms.RadioSelect,
            "audience": forms.RadioSelect,
        }


class RoomForm(forms.Form):
    name = forms.CharField(label="Name", max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    about = forms.CharField(
        label="In a line", required=False, max_length=280, widget=forms.Textarea(attrs={"rows": 2})
    )
    usual_phase = forms.ChoiceField(
        label="When it opens",
        choices=USUAL,
        widget=forms.RadioSelect,
        initial="open",
    )


class TrainingForm(forms.Form):
    group = ChosenGroup(label="For", required=False, empty_label="Every group")
    note = forms.CharField(
        label="What it was",
        help_text="Such as “Peer moderators, two evenings”. Nothing about the person.",
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    trained_on = day_field("When")
    expires_on = day_field("Holds until", "Leave it empty if it doesn’t expire.", required=False)

    def __init__(self, *args: Any, groups: QuerySet[Group], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["group"].queryset = groups  # type: ignore[attr-defined]

    def clean_trained_on(self) -> Any:
        if self.cleaned_data["trained_on"] > timezone.localdate():
            raise ValidationError("That day is still to come.")
        return self.cleaned_data["trained_on"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        trained_on, expires_on = cleaned.get("trained_on"), cleaned.get("expires_on")
        if trained_on and expires_on and expires_on <= trained_on:
            self.add_error("expires_on", "This is not after the day it was given.")
        return cleaned


def verbs() -> list[tuple[str, str]]:
    """Each verb as it reads about somebody, in the order of the words."""
    words = [(verb.value, str(verb.label).format(subject="…")) for verb in Verb]
    return sorted(words, key=lambda choice: choice[1])


class TrailForm(forms.Form):
    """What the audit log is narrowed to."""

    person = forms.CharField(
        label="Person",
        help_text="The whole handle: what they did, and what was done about them.",
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    verb = forms.ChoiceField(label="What was done", required=False)
    group = ChosenGroup(label="Group", required=False, empty_label="Any")
    since = day_field("From", required=False)
    until = day_field("To", required=False)
    before = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, groups: QuerySet[Group], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["group"].queryset = groups  # type: ignore[attr-defined]
        self.fields["verb"].choices = [*ANY, *verbs()]  # type: ignore[attr-defined]

    def clean_person(self) -> Member | None:
        handle: str = self.cleaned_data["person"]
        if not handle:
            return None
        found = member_called(handle)
        if found is None:
            raise ValidationError("Nobody here goes by that handle.")
        return found

    def asked(self) -> Asked:
        """Of a valid form."""
        return Asked(**self.cleaned_data)

"""What is asked of stewards who invite, of people at the door, and of newcomers."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from community.groups.models import Group, Membership
from community.house.access import house
from community.invitations import access, csvfile
from community.invitations.actions.making import Offer
from community.invitations.actions.uploading import Defaults
from community.invitations.models import PLAIN_ROLES, USES_MAX, FirstStep, Invitation, SignUp
from community.members import handles
from community.members.forms import is_taken
from community.members.models import Member
from community.members.zones import by_country

if TYPE_CHECKING:
    MemberModelForm = forms.ModelForm[Member]
    GroupsField = forms.ModelMultipleChoiceField[Group]
else:
    MemberModelForm = forms.ModelForm
    GroupsField = forms.ModelMultipleChoiceField

DAYS_MAX = 90
LONG_ENOUGH = "At least 15 characters. A few words in a row are easy to remember and hard to guess."


class OfferForm(forms.Form):
    """Who they will be here, and for how long the invitation stands."""

    role = forms.ChoiceField(label="They come as", choices=Member.Role.choices, initial=Member.Role.ALUMNUS)
    groups = GroupsField(
        label="Groups they will be in",
        queryset=Group.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    group_role = forms.ChoiceField(
        label="In these groups they are", choices=Membership.Role.choices, initial=Membership.Role.MEMBER
    )
    days = forms.IntegerField(
        label="Stands for so many days", min_value=1, max_value=DAYS_MAX, widget=forms.NumberInput
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["groups"].queryset = access.groups_to_invite_into()  # type: ignore[attr-defined]
        self.fields["days"].initial = house().invitation_days

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for group in cleaned.get("groups") or ():
            if not access.is_meant_for(group, cleaned.get("role", "")):
                self.add_error("groups", f"{group.name} is not for family.")
        return cleaned

    def offer(self, address: str = "") -> Offer:
        cleaned = self.cleaned_data
        group_role = cleaned.get("group_role") or Membership.Role.MEMBER.value
        return Offer(
            address=cleaned.get("address") or address,
            role=cleaned["role"],
            places=[(group, group_role) for group in cleaned["groups"]],
            uses=cleaned.get("uses") or 1,
            days=cleaned["days"],
            note=cleaned.get("note") or "",
        )


class MailForm(OfferForm):
    address = forms.EmailField(
        label="E-mail",
        max_length=254,
        help_text="The invitation goes there. It says nothing of what this place is for.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    field_order = ("address",)

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"].lower()
        if access.has_account(address):
            raise ValidationError("Someone here signs in with this address already.")
        return address


class LinkForm(OfferForm):
    """For a link that anyone may hold; it makes members, and no keepers or staff."""

    uses = forms.IntegerField(
        label="For how many people", min_value=1, max_value=USES_MAX, initial=1, widget=forms.NumberInput
    )
    note = forms.CharField(
        label="A word for your own list",
        max_length=80,
        required=False,
        help_text="Such as “Spring group”. Whoever is invited never sees it.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    field_order = ("uses", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["group_role"]
        self.fields["role"].choices = plain_roles()  # type: ignore[attr-defined]


def plain_roles() -> list[tuple[str, str]]:
    return [(value, label) for value, label in Member.Role.choices if value in PLAIN_ROLES]


class UploadForm(OfferForm):
    """A file, and what a line gets that doesn't say."""

    file = forms.FileField(
        label="The file",
        help_text="CSV, as any spreadsheet saves it. One line a person, and a column “email”.",
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv"}),
    )
    field_order = ("file",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["group_role"]
        self.fields["role"].choices = plain_roles()  # type: ignore[attr-defined]

    def clean_file(self) -> csvfile.Table:
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        try:
            return csvfile.read(file.read(csvfile.BYTES_MAX + 1))
        except csvfile.NotReadable as why:
            raise ValidationError(str(why)) from None

    def defaults(self) -> Defaults:
        cleaned = self.cleaned_data
        groups = [group.pk for group in cleaned["groups"]]
        return Defaults(role=cleaned["role"], groups=groups, days=cleaned["days"])


class AnswerForm(OfferForm):
    """For someone who asked: what they get if they are let in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["group_role"]
        self.fields["role"].choices = plain_roles()  # type: ignore[attr-defined]


class ListForm(forms.Form):
    """Which part of the list."""

    state = forms.ChoiceField(choices=Invitation.State.choices, required=False)
    before = forms.IntegerField(min_value=1, max_value=2**53, required=False)

    def at(self) -> tuple[Invitation.State | None, int | None]:
        """Nonsense is as good as nothing."""
        self.is_valid()
        state = self.cleaned_data.get("state")
        return (Invitation.State(state) if state else None), self.cleaned_data.get("before")


# At the door


class AccountForm(forms.Form):
    address = forms.EmailField(
        label="E-mail",
        max_length=254,
        help_text="You sign in with it. Nobody here sees it.",
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )
    password = forms.CharField(
        label="A password",
        max_length=1000,
        strip=False,
        help_text=LONG_ENOUGH,
        # What was typed comes back with an error: typing it again on a phone is how people give up.
        widget=forms.PasswordInput(render_value=True, attrs={"autocomplete": "new-password"}),
    )

    def clean_address(self) -> str:
        return str(self.cleaned_data["address"]).lower()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "password" in cleaned:
            try:
                validate_password(cleaned["password"], Member(email=cleaned.get("address", "")))
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned


class CodeForm(forms.Form):
    code = forms.CharField(
        label="The code",
        max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autocapitalize": "off"}
        ),
    )


class AskForm(forms.Form):
    address = forms.EmailField(
        label="E-mail", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    words = forms.CharField(
        label="A few words, or none",
        required=False,
        max_length=500,
        help_text="Whoever looks at it may want to know how you heard of this place.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class SignUpAnswerForm(forms.Form):
    answer = forms.ChoiceField(choices=SignUp.Answer.choices)


# First steps


class HandleForm(MemberModelForm):
    handle = forms.CharField(
        label="Your handle",
        max_length=handles.MAX,
        help_text="The only name others here see. It need not be yours, and better isn’t.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "words"}),
        error_messages={"required": handles.REFUSALS["empty"], "max_length": handles.REFUSALS["long"]},
    )

    class Meta:
        model = Member
        fields = ["time_zone"]
        help_texts = {"time_zone": "Every time you see here is in it."}

    field_order = ("handle", "time_zone")

    def __init__(self, *args: Any, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.at = at
        self.fields["handle"].initial = self.instance.handle
        zones = by_country(settings.PORCHLIGHT_COUNTRY)
        now = self.instance.time_zone
        if not any(now == zone for _, choices in zones for zone, _ in choices):
            zones = [("Yours now", [(now, now)]), *zones]
        self.fields["time_zone"].widget = forms.Select(choices=zones, attrs={"data-guess-zone": now})

    def clean_handle(self) -> str:
        handle = handles.tidy(self.cleaned_data["handle"])
        handles.check(handle, house=house().name)
        if is_taken(handles.skeleton(handle), self.instance, self.at):
            raise ValidationError(handles.TAKEN, code="taken")
        return handle

    def save(self, commit: bool = True) -> Member:
        member = super().save(commit=False)
        member.handle = self.cleaned_data["handle"]
        return member


class GroupsForm(forms.Form):
    groups = GroupsField(queryset=Group.objects.none(), required=False)

    def __init__(self, *args: Any, member: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["groups"].queryset = access.open_groups_for(member)  # type: ignore[attr-defined]


class StepForm(forms.Form):
    """The button that was pressed."""

    skip = forms.BooleanField(required=False)

    def skips(self, name: FirstStep.Name) -> bool:
        return self.is_valid() and self.cleaned_data["skip"] and name != FirstStep.Name.RULES

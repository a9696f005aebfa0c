"""The forms about oneself: what others see, and how one reads."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone

from community.house.access import house
from community.members import handles, naming
from community.members.models import Departure, HeldHandle, Member
from community.members.zones import by_country

if TYPE_CHECKING:
    MemberModelForm = forms.ModelForm[Member]
else:
    MemberModelForm = forms.ModelForm

HANDLE_HELP = "The only name others here see. It need not be yours."


class ProfileForm(MemberModelForm):
    """What others see. The handle is checked only where it changes: who came before a rule keeps theirs."""

    handle = forms.CharField(
        max_length=handles.MAX,
        strip=True,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "words"}),
        error_messages={"required": handles.REFUSALS["empty"], "max_length": handles.REFUSALS["long"]},
    )
    help_with = forms.MultipleChoiceField(
        label="What I can help with",
        choices=Member.Help.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Member
        fields = ["pronouns", "about", "help_with", "help_words", "contact_from"]
        labels = {
            "about": "A few words about you",
            "help_words": "Or in your own words",
            "contact_from": "Who may ask to write to me alone",
        }
        widgets = {
            "pronouns": forms.TextInput(attrs={"autocomplete": "off"}),
            "about": forms.Textarea(attrs={"rows": 3}),
            "help_words": forms.Textarea(attrs={"rows": 2}),
            "contact_from": forms.RadioSelect,
        }

    def __init__(self, *args: Any, at: datetime | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.at = at or timezone.now()
        handle = self.fields["handle"]
        handle.initial = self.instance.handle
        self.asked = naming.open_request(self.instance)
        self.paused_until = None if self.asked else naming.pause_of(self.instance, self.at)
        if self.paused_until is None:
            pause = house().handle_pause_days
            handle.help_text = (
                f"{HANDLE_HELP} Once changed, it stays for {pause} days." if pause else HANDLE_HELP
            )
        else:
            day = timezone.localtime(self.paused_until)
            handle.help_text = f"{HANDLE_HELP} You can choose another from {day.day} {day:%B %Y}."

    def clean_handle(self) -> str:
        handle = handles.tidy(self.cleaned_data["handle"])
        if handle == self.instance.handle:
            return handle
        handles.check(handle, house=house().name)
        reads = handles.skeleton(handle)
        if reads != handles.skeleton(self.instance.handle) and self.paused_until is not None:
            raise ValidationError(
                "You changed your handle a short while ago. It stays for now.", code="paused"
            )
        if is_taken(reads, self.instance, self.at):
            raise ValidationError(handles.TAKEN, code="taken")
        return handle

    def save(self, commit: bool = True) -> Member:
        member = super().save(commit=False)
        member.handle = self.cleaned_data["handle"]
        return member


def is_taken(skeleton: str, member: Member, at: datetime) -> bool:
    others = Member.objects.filter(handle_skeleton=skeleton).exclude(pk=member.pk)
    return others.exists() or HeldHandle.objects.against(member.pk, skeleton, at).exists()


class ReadingForm(MemberModelForm):
    class Meta:
        model = Member
        fields = ["time_zone", "language", "text_size", "theme", "less_data", "less_motion"]
        labels = {"theme": "Light or dark", "less_data": "Send me less", "less_motion": "Keep the page still"}
        help_texts = {
            "time_zone": "Every time you see here is in it.",
            "less_data": "Shorter pages, and rooms that say nothing of who is here or writing.",
            "less_motion": "Nothing fades in, also if your phone would let it.",
        }
        widgets = {"theme": forms.RadioSelect, "text_size": forms.RadioSelect}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = by_country(settings.PORCHLIGHT_COUNTRY)
        now = self.instance.time_zone
        if not any(now == zone for _, choices in zones for zone, _ in choices):
            zones = [("Yours now", [(now, now)]), *zones]
        self.fields["time_zone"].widget = forms.Select(choices=zones)
        if len(settings.LANGUAGES) > 1:
            self.fields["language"] = forms.ChoiceField(label="Language", choices=settings.LANGUAGES)
        else:
            del self.fields["language"]


class LeavingForm(forms.Form):
    """What happens to what one wrote, and that one means it."""

    name = forms.ChoiceField(
        label="What I wrote stays. My name on it:",
        choices=[
            (Departure.Name.OFF.value, "Take it off: it says “Someone who left”"),
            (Departure.Name.STAYS.value, "Leave it on, and keep my handle from others for good"),
        ],
        initial=Departure.Name.OFF.value,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what happens to your name."},
    )
    sure = forms.BooleanField(
        label="I mean it", error_messages={"required": "Tick this if you mean it, or go back."}
    )

    def clean_name(self) -> Departure.Name:
        return Departure.Name(self.cleaned_data["name"])

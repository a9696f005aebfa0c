"""The form about oneself: the profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from community.members.models import Member, skeleton
from community.members.zones import by_country

if TYPE_CHECKING:
    MemberModelForm = forms.ModelForm[Member]
else:
    MemberModelForm = forms.ModelForm


class ProfileForm(MemberModelForm):
    class Meta:
        model = Member
        fields = ["handle", "pronouns", "about", "time_zone", "theme"]
        labels = {"about": "A few words about you", "theme": "Light or dark"}
        help_texts = {
            "handle": "The only name others here see. It need not be yours.",
            "time_zone": "Every time you see here is in it.",
        }
        widgets = {
            "handle": forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "words"}),
            "pronouns": forms.TextInput(attrs={"autocomplete": "off"}),
            "about": forms.Textarea(attrs={"rows": 3}),
            "theme": forms.RadioSelect,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = by_country(settings.PORCHLIGHT_COUNTRY)
        now = self.instance.time_zone
        if not any(now == zone for _, choices in zones for zone, _ in choices):
            zones = [("Yours now", [(now, now)]), *zones]
        self.fields["time_zone"].widget = forms.Select(choices=zones)

    def clean_handle(self) -> str:
        handle: str = self.cleaned_data["handle"]
        if Member.objects.filter(handle_skeleton=skeleton(handle)).exclude(pk=self.instance.pk).exists():
            raise ValidationError("Someone here already goes by that handle.")
        return handle

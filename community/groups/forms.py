"""What is asked of people who join a group, and of those who keep one."""

from __future__ import annotations

from django import forms

from community.groups.models import JoinRequest, Membership


class AskForm(forms.Form):
    words = forms.CharField(
        label="A few words, or none",
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class AnswerForm(forms.Form):
    answer = forms.ChoiceField(choices=JoinRequest.Answer.choices)


class RoleForm(forms.Form):
    role = forms.ChoiceField(label="Role in this group", choices=Membership.Role.choices)


class RemovalForm(forms.Form):
    reason = forms.CharField(
        label="Why",
        help_text="Kept with the removal, for whoever looks at it again.",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say why, in a sentence."},
    )

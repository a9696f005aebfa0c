"""What one writes to someone one would like to talk with."""

from __future__ import annotations

from unicodedata import category

from django import forms
from django.core.exceptions import ValidationError

from community.text import TooManyLinks, render_room_text, tidy
from sessions.rooms.acts import INVISIBLE, NOT_TEXT

WORDS_CHARS = 200


class AskForm(forms.Form):
    words = forms.CharField(
        label="A few words, or none",
        help_text="Only they read it.",
        required=False,
        max_length=WORDS_CHARS,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean_words(self) -> str:
        words = tidy(self.cleaned_data["words"])
        if all(category(letter)[0] in INVISIBLE for letter in words):
            return ""
        if NOT_TEXT.search(words):
            raise ValidationError("There is a character in it that can’t be kept.")
        try:
            render_room_text(words)
        except TooManyLinks:
            raise ValidationError("That is a lot of links for a few words.") from None
        return words


class AnswerForm(forms.Form):
    answer = forms.ChoiceField(choices=[("yes", "Yes"), ("not_now", "Not now")])

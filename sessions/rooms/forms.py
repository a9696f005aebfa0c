"""What the room's addresses may carry."""

from __future__ import annotations

from django import forms

from community.live.log import SEQ_MAX


class Place(forms.Form):
    """Where in the log a page begins, what the reader has seen, and which message is being answered: all seqs."""

    before = forms.IntegerField(min_value=1, max_value=SEQ_MAX, required=False)
    seen = forms.IntegerField(min_value=0, max_value=SEQ_MAX, required=False)
    reply = forms.IntegerField(min_value=1, max_value=SEQ_MAX, required=False)

    def at(self, name: str) -> int | None:
        """What was asked for; None for nothing, and for nonsense."""
        self.is_valid()
        value: int | None = self.cleaned_data.get(name)
        return value

"""A format as a form: its name, whether people answer each other, and its steps."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from sessions.formats.models import Format, FormatVersion, Plan
from sessions.formats.steps import (
    MINUTES,
    PHASES,
    STEPS_MAX,
    TITLE_MAX,
    TURN_MINUTES,
    WORDS_MAX,
    BadScript,
    Crosstalk,
    Script,
    read_script,
)
from sessions.rooms.phases import PHASES as KNOWN
from sessions.rooms.phases import Writes

ANSWERS = [
    (Crosstalk.NONE.value, "No, until the meeting is over"),
    (Crosstalk.AFTER_CHECK_IN.value, "After the check-in"),
    (Crosstalk.OPEN.value, "Yes"),
]
WRITES = [
    (Writes.ALL.value, "Everyone"), (Writes.TURN.value, "Whoever has the floor"), (Writes.HOSTS.value, "The hosts"),
]  # fmt: skip


class PlanForm(forms.Form):
    follows = forms.ModelChoiceField(
        label="It follows", queryset=Format.objects.none(), to_field_name="slug", required=False,
        empty_label="No format", help_text="Its newest version. Choose it again after you changed it.",
    )  # fmt: skip

    def __init__(self, *args: Any, formats: QuerySet[Format], planned: Plan | None, **kwargs: Any) -> None:
        if planned is not None:
            kwargs["initial"] = {"follows": planned.version.format.slug}
        super().__init__(*args, **kwargs)
        self.fields["follows"].queryset = formats  # type: ignore[attr-defined]


class FormatForm(forms.Form):
    name = forms.CharField(label="Its name", max_length=80)
    about = forms.CharField(label="In one line", max_length=280, required=False)
    crosstalk = forms.ChoiceField(
        label="May people answer each other?", choices=ANSWERS, widget=forms.RadioSelect
    )
    after = forms.IntegerField(widget=forms.HiddenInput)


class StepForm(forms.Form):
    phase = forms.ChoiceField(
        label="Part of the meeting", choices=[(name, KNOWN[name].label) for name in PHASES]
    )
    title = forms.CharField(label="Its title", max_length=TITLE_MAX)
    words = forms.CharField(
        label="What is read", max_length=WORDS_MAX, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    minutes = forms.IntegerField(label="Minutes", min_value=MINUTES.start, max_value=MINUTES.stop - 1)
    writes = forms.ChoiceField(label="Who may write", choices=WRITES)
    turn_minutes = forms.IntegerField(
        label="Minutes a turn", min_value=TURN_MINUTES.start, max_value=TURN_MINUTES.stop - 1, required=False
    )


StepFormSet = forms.formset_factory(
    StepForm, extra=0, can_delete=True, max_num=STEPS_MAX, validate_max=True, absolute_max=STEPS_MAX + 1
)


def forms_of(version: FormatVersion, data: Any = None) -> tuple[FormatForm, Any]:
    """The format's form and its steps', as they are or as they were sent."""
    script = version.script
    kept = version.format
    form = FormatForm(
        data,
        initial={
            "name": kept.name, "about": kept.about, "crosstalk": script.crosstalk.value, "after": version.number,
        },
    )  # fmt: skip
    return form, StepFormSet(data, prefix="step", initial=version.body["steps"])


def with_one_more(data: Any) -> Any:
    """What was sent, with an empty step at its end."""
    more = data.copy()
    more["step-TOTAL_FORMS"] = str(min(int(more.get("step-TOTAL_FORMS") or 0) + 1, STEPS_MAX))
    return more


def script_of(form: FormatForm, steps: Any) -> Script | None:
    """The script that was sent; None if something is wrong with it, which then stands at its field."""
    if not (form.is_valid() & steps.is_valid()):
        return None
    standing = [each for each in steps.forms if each not in steps.deleted_forms]
    rows = [{name: each.cleaned_data.get(name) for name in StepForm.base_fields} for each in standing]
    try:
        return read_script({"crosstalk": form.cleaned_data["crosstalk"], "steps": rows})
    except BadScript as error:
        if error.step:
            standing[error.step - 1].add_error(error.field, str(error))
        else:
            form.add_error(None, str(error))
        return None

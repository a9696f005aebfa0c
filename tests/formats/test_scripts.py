"""The scripts of meetings: those that come with the house can be run, and one that can't is refused in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sessions.formats import shipping
from sessions.formats.models import Format, FormatVersion
from sessions.formats.steps import BadScript, Crosstalk, read_script

NOW = datetime(2026, 11, 22, 17, tzinfo=UTC)
STEP = {
    "phase": "sharing",
    "title": "Sharing",
    "words": "Speak.",
    "minutes": 30,
    "writes": "turn",
    "turn_minutes": 5,
}


@pytest.mark.parametrize("plan", shipping.read_shipped(), ids=lambda plan: plan["slug"])
def test_every_format_that_comes_with_the_house_can_be_run(plan: dict[str, Any]) -> None:
    script = read_script({"crosstalk": plan["crosstalk"], "steps": plan["step"]})
    assert 20 <= script.minutes <= 90
    assert script.steps[0].phase == "opening"
    assert any(step.phase == "closing" for step in script.steps)
    assert read_script(script.as_json()) == script


@pytest.mark.django_db
def test_they_are_there_once_the_tables_are_and_a_changed_text_is_a_new_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shipping.ship_formats(at=NOW)
    assert Format.objects.filter(shipped=True).count() == 6
    assert shipping.ship_formats(at=NOW) == 0
    plans = shipping.read_shipped()
    plans[0]["step"][0]["words"] = "Other words."
    monkeypatch.setattr(shipping, "read_shipped", lambda: plans)
    assert shipping.ship_formats(at=NOW) == 1
    versions = FormatVersion.objects.filter(format__slug=plans[0]["slug"])
    assert [version.script.steps[0].words == "Other words." for version in versions] == [True, False]


@pytest.mark.parametrize(
    ("crosstalk", "allowed"),
    [
        (Crosstalk.NONE, [False, False, True]),
        (Crosstalk.OPEN, [True] * 3),
        (Crosstalk.AFTER_CHECK_IN, [False, True, True]),
    ],
)
def test_crosstalk_holds_for_the_meeting_and_opens_where_it_says(
    crosstalk: Crosstalk, allowed: list[bool]
) -> None:
    steps = [STEP | {"phase": phase} for phase in ("check-in", "sharing", "fellowship")]
    script = read_script({"crosstalk": crosstalk, "steps": steps})
    assert [script.answers_allowed(place) for place in range(3)] == allowed


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"phase": "lobby"}, "phase"), ({"title": ""}, "title"), ({"title": "x" * 61}, "title"),
        ({"words": "x" * 2001}, "words"), ({"minutes": 0}, "minutes"), ({"minutes": "soon"}, "minutes"),
        ({"writes": "nobody"}, "writes"), ({"turn_minutes": 31}, "turn_minutes"), ({"phase": "opening"}, "phase"),
    ],
)  # fmt: skip
def test_what_can_not_be_run_is_refused_at_its_step_and_field(changes: dict[str, Any], field: str) -> None:
    read_script({"crosstalk": "none", "steps": [STEP, STEP]})
    with pytest.raises(BadScript) as refused:
        read_script({"crosstalk": "none", "steps": [STEP, STEP | changes]})
    assert (refused.value.step, refused.value.field) == (2, field)


@pytest.mark.parametrize(
    ("value", "field"), [({"crosstalk": "none", "steps": []}, "steps"), ({"steps": [STEP]}, "crosstalk")]
)
def test_a_script_needs_steps_and_a_rule_for_answers(value: dict[str, Any], field: str) -> None:
    with pytest.raises(BadScript) as refused:
        read_script(value)
    assert (refused.value.step, refused.value.field) == (0, field)

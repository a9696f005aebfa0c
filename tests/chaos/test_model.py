"""A real server and a model of the log in plain Python never disagree, whatever is asked over whichever transport."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.chaos.conftest import Measure, Record
from tests.chaos.following import Following, Step
from tests.chaos.house import House

pytestmark = pytest.mark.chaos

NUMBERS = st.integers(0, 999)
STEPS = st.builds(Step, what=st.integers(0, 16), who=st.integers(0, 59), one=NUMBERS, two=NUMBERS)


def test_the_server_and_the_model_agree_on_every_answer_and_every_log(
    standing_house: House, model_seed: int, measure: Measure, record_property: Record
) -> None:
    standing_house.open()
    done = events = 0

    @seed(model_seed)
    @settings(
        max_examples=measure.programs,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.lists(STEPS, min_size=measure.steps, max_size=measure.steps))
    def agree(program: list[Step]) -> None:
        nonlocal done, events
        following = Following(standing_house.first, standing_house.place())
        asyncio.run(following.follow(program))
        done, events = done + len(program), events + following.model.head

    agree()
    assert done == measure.programs * measure.steps
    record_property("steps", f"{done}, events {events}")

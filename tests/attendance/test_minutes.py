"""Minutes present are those of a clock that looks at every second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions.attendance.minutes import attended, time_within

START = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
# Up to twenty minutes, and stays from before to after.
LENGTHS = st.integers(0, 1200)
STAYS = st.lists(st.tuples(st.integers(-600, 1800), st.integers(0, 900)), max_size=12)


def spans(stays: list[tuple[int, int]]) -> list[tuple[datetime, datetime]]:
    return [(START + began * SECOND, START + (began + lasted) * SECOND) for began, lasted in stays]


def seconds_counted(stays: list[tuple[int, int]], length: int) -> int:
    """Second by second: was anybody's device of theirs there?"""
    return sum(any(began <= second < began + lasted for began, lasted in stays) for second in range(length))


@settings(deadline=None)
@given(stays=STAYS, length=LENGTHS)
def test_the_time_is_what_one_counts_second_by_second(stays: list[tuple[int, int]], length: int) -> None:
    found = time_within(spans(stays), START, START + length * SECOND)
    assert found == seconds_counted(stays, length) * SECOND


@settings(deadline=None)
@given(stays=STAYS, length=LENGTHS, percent=st.integers(1, 100))
def test_minutes_are_whole_ones_and_never_more_than_there_were(
    stays: list[tuple[int, int]], length: int, percent: int
) -> None:
    found = attended(spans(stays), START, START + length * SECOND, percent)
    assert found.minutes == seconds_counted(stays, length) // 60
    assert found.minutes <= found.length == length // 60
    assert found.enough == (found.length > 0 and found.minutes >= max(1, length // 60 * percent // 100))


@settings(deadline=None)
@given(stays=STAYS, length=LENGTHS)
def test_neither_the_order_nor_a_second_device_makes_a_difference(
    stays: list[tuple[int, int]], length: int
) -> None:
    end = START + length * SECOND
    found = time_within(spans(stays), START, end)
    assert time_within(spans([*reversed(stays), *stays]), START, end) == found


@settings(deadline=None)
@given(length=st.integers(60, 36_000), percent=st.integers(1, 100))
def test_whoever_was_there_all_along_was_there_long_enough(length: int, percent: int) -> None:
    end = START + length * SECOND
    assert attended([(START, end)], START, end, percent).enough


@pytest.mark.parametrize(
    ("stays", "minutes", "enough"),
    [
        ([(0, 3600)], 60, True),
        ([(-900, 900), (0, 2879)], 47, False),
        ([(-900, 900), (0, 2880)], 48, True),
        ([(0, 1500), (1200, 600), (3000, 900)], 40, False),
        ([(3600, 600)], 0, False),
        ([], 0, False),
    ],
)
def test_of_an_hour_four_fifths_are_enough(stays: list[tuple[int, int]], minutes: int, enough: bool) -> None:
    found = attended(spans(stays), START, START + timedelta(hours=1), 80)
    assert (found.minutes, found.needed, found.enough) == (minutes, 48, enough)


def test_a_meeting_that_was_not_held_is_nobodys() -> None:
    assert not attended([(START, START + 60 * SECOND)], START, START, 80).enough

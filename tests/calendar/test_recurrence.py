"""Our occurrences against an oracle that asks every day in turn; rules that can't be followed are refused in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from community.calendar.recurrence import DAYS, BadRule, Series, in_words, on_the_clock, read_rule
from tests.calendar import oracle

ZONES = [
    "America/New_York", "America/Denver", "America/Phoenix", "Europe/Dublin", "Australia/Lord_Howe", "Asia/Kolkata",
    "America/St_Johns", "Pacific/Auckland", "UTC",
]  # fmt: skip
HOUR = timedelta(hours=1)
NUMBERED = [f"{number}{day}" for number in (1, 2, 4, 5, -1, -2) for day in DAYS]


def some(values: list[str], most: int = 3) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True).map(",".join)


def numbers(least: int, most: int) -> list[str]:
    return [str(number) for number in range(least, most + 1) if number]


@st.composite
def rules(draw: st.DrawFn) -> str:
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = {"FREQ": frequency}
    if draw(st.booleans()):
        parts["INTERVAL"] = str(draw(st.integers(1, 6)))
    if frequency == "WEEKLY" and draw(st.booleans()):
        parts["WKST"] = draw(st.sampled_from(DAYS))
    if draw(st.booleans()):
        plain = frequency in {"DAILY", "WEEKLY"} or draw(st.booleans())
        parts["BYDAY"] = draw(some(list(DAYS) if plain else NUMBERED, 5))
    if draw(st.integers(0, 3)) == 0:
        parts["BYMONTH"] = draw(some(numbers(1, 12)))
    if frequency != "WEEKLY" and draw(st.integers(0, 2)) == 0:
        parts["BYMONTHDAY"] = draw(some(numbers(-31, 31), 4))
    chosen_from = frequency in {"MONTHLY", "YEARLY"} and parts.keys() & {"BYDAY", "BYMONTHDAY", "BYMONTH"}
    if chosen_from and draw(st.integers(0, 3)) == 0:
        parts["BYSETPOS"] = draw(some(numbers(-3, 3), 2))
    ending = draw(st.sampled_from(["", "COUNT", "UNTIL"]))
    if ending == "COUNT":
        parts["COUNT"] = str(draw(st.integers(1, 40)))
    if ending == "UNTIL":
        parts["UNTIL"] = draw(st.datetimes(datetime(2029, 1, 1), datetime(2032, 1, 1))).strftime(
            "%Y%m%dT%H%M%S"
        )
    return ";".join(f"{name}={value}" for name, value in parts.items())


STARTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31)).map(
    lambda wall: wall.replace(minute=wall.minute // 15 * 15, second=0, microsecond=0)
)


@given(text=rules(), start=STARTS, zone=st.sampled_from(ZONES))
def test_every_rule_falls_on_the_days_that_the_oracle_finds(text: str, start: datetime, zone: str) -> None:
    try:
        rule = read_rule(text, start=start, zone=zone)
    except BadRule:
        assert oracle.walls(text, start, start + timedelta(days=365 * 12)) == [start]
        return
    series = Series(start, zone, HOUR, rule)
    last = start + timedelta(days=365 * 6)
    since, until = oracle.instant(start, zone), oracle.instant(last, zone)
    ours = list(series.between(since - HOUR, until))
    expected = [wall for wall in oracle.walls(text, start, last) if oracle.instant(wall, zone) < until]
    assert [instance.recurrence_id for instance in ours] == expected
    assert [instance.starts_at for instance in ours] == [oracle.instant(wall, zone) for wall in expected]
    assert all(instance.ends_at - instance.starts_at == HOUR for instance in ours)


@given(text=rules(), start=STARTS, place=st.integers(0, 30), added=st.lists(STARTS, max_size=3))
def test_a_series_cut_in_two_falls_on_the_same_days(
    text: str, start: datetime, place: int, added: list[datetime]
) -> None:
    try:
        rule = read_rule(text, start=start, zone="UTC")
    except BadRule:
        assume(False)
    later = tuple(one for one in added if one > start)
    whole = Series(start, "UTC", HOUR, rule, added=later)
    far = datetime(2036, 1, 1, tzinfo=UTC)
    all_of_it = [one.recurrence_id for one in whole.between(datetime(2026, 1, 1, tzinfo=UTC), far)]
    assume(0 < place < len(all_of_it))
    assume(all_of_it[place] not in later)
    cut = all_of_it[place]
    halves = [whole.before(cut), whole.since(cut)]
    since = datetime(2026, 1, 1, tzinfo=UTC)
    assert [one.recurrence_id for half in halves for one in half.between(since, far)] == all_of_it


@given(wall=STARTS, zone=st.sampled_from(ZONES))
def test_a_wall_clock_time_is_the_instant_that_the_oracle_finds(wall: datetime, zone: str) -> None:
    assert on_the_clock(wall, zone) == oracle.instant(wall, zone)


def dates(series: Series, since: datetime, until: datetime) -> list[str]:
    return [f"{one.starts_at:%Y-%m-%d %H:%M}" for one in series.between(since, until)]


def test_a_weekly_seven_stays_seven_through_both_clock_changes() -> None:
    start = datetime(2026, 10, 25, 19)
    rule = read_rule("FREQ=WEEKLY;COUNT=3", start=start, zone="America/Denver")
    series = Series(start, "America/Denver", HOUR, rule)
    found = dates(series, datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    assert found == ["2026-10-26 01:00", "2026-11-02 02:00", "2026-11-09 02:00"]


def test_a_time_that_is_skipped_is_read_with_the_offset_before_and_one_that_comes_twice_is_the_first() -> (
    None
):
    assert on_the_clock(datetime(2027, 3, 14, 2, 30), "America/New_York") == datetime(
        2027, 3, 14, 7, 30, tzinfo=UTC
    )
    assert on_the_clock(datetime(2026, 11, 1, 1, 30), "America/New_York") == datetime(
        2026, 11, 1, 5, 30, tzinfo=UTC
    )


def test_the_29th_of_february_comes_in_leap_years() -> None:
    start = datetime(2028, 2, 29, 12)
    series = Series(start, "UTC", HOUR, read_rule("FREQ=YEARLY", start=start, zone="UTC"))
    found = dates(series, datetime(2028, 1, 1, tzinfo=UTC), datetime(2037, 1, 1, tzinfo=UTC))
    assert found == ["2028-02-29 12:00", "2032-02-29 12:00", "2036-02-29 12:00"]


@pytest.mark.parametrize(
    ("until", "count"),
    [
        ("20261208", 3),
        ("20261208T190000", 3),
        ("20261208T185959", 2),
        ("20261209T000000Z", 3),
        ("20261208T235959Z", 2),
    ],
)
def test_until_means_the_day_the_wall_clock_or_the_instant_and_is_part_of_it(until: str, count: int) -> None:
    start = datetime(2026, 11, 24, 19)
    rule = read_rule(f"FREQ=WEEKLY;UNTIL={until}", start=start, zone="America/New_York")
    series = Series(start, "America/New_York", HOUR, rule)
    assert (
        len(list(series.between(datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)))) == count
    )
    assert str(rule) == f"FREQ=WEEKLY;UNTIL={until}"


def test_dates_left_out_and_dates_added() -> None:
    start = datetime(2026, 11, 24, 19)
    rule = read_rule("FREQ=WEEKLY;COUNT=3", start=start, zone="UTC")
    series = Series(
        start, "UTC", HOUR, rule, frozenset({datetime(2026, 12, 1, 19)}), (datetime(2026, 12, 24, 15),)
    )
    found = dates(series, datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    assert found == ["2026-11-24 19:00", "2026-12-08 19:00", "2026-12-24 15:00"]


def test_a_whole_day_is_as_long_as_the_day_is_there() -> None:
    series = Series(datetime(2026, 11, 1), "America/New_York", timedelta(days=1), all_day=True)
    (only,) = series.between(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    assert only.ends_at - only.starts_at == timedelta(hours=25)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "“” is not a part"), ("FREQ=HOURLY", "not one we keep"), ("BYDAY=TU", "FREQ is missing"),
        ("FREQ=WEEKLY;BYDAY=XX", "not a weekday"), ("FREQ=WEEKLY;BYDAY=2TU", "no meaning in a weekly rule"),
        ("FREQ=WEEKLY;INTERVAL=0", "INTERVAL=0 is not between"), ("FREQ=WEEKLY;COUNT=many", "is not a number"),
        ("FREQ=WEEKLY;COUNT=2;UNTIL=20270101", "not by both"), ("FREQ=WEEKLY;UNTIL=20261301", "is not a date"),
        ("FREQ=WEEKLY;UNTIL=20200101", "ends before its first date"), ("FREQ=WEEKLY;FREQ=DAILY", "twice"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "never falls on a date"), ("FREQ=DAILY;BYHOUR=3", "not kept here"),
        ("FREQ=MONTHLY;BYDAY=MO,1TU", "don’t go together"), ("FREQ=WEEKLY;COLOUR=BLUE", "not a part of a rule"),
        ("FREQ=MONTHLY;BYSETPOS=1", "needs days"), ("FREQ=MONTHLY;BYMONTHDAY=0", "is not between"),
        ("FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=1", "monthly and yearly rules only"),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=WE", "never falls on a date"), ("FREQ=WEEKLY;" + "BYDAY=MO," * 99, "too long"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_followed_is_refused_in_words(text: str, words: str) -> None:
    start = datetime(2026, 11, 24, 19)
    assert read_rule("FREQ=WEEKLY", start=start, zone="UTC").part("FREQ") == "WEEKLY"
    with pytest.raises(BadRule, match=words):
        read_rule(text, start=start, zone="UTC")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("FREQ=WEEKLY", "every Tuesday"), ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "every weekday"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,FR", "every second week on Tuesday and Friday"),
        ("FREQ=MONTHLY", "every month on the 24th"), ("FREQ=MONTHLY;BYDAY=-1FR", "every month on the last Friday"),
        ("FREQ=YEARLY;COUNT=3", "every year on 24 November, 3 times"),
        ("FREQ=DAILY;UNTIL=20270101", "every day, until 1 January 2027"),
    ],
)  # fmt: skip
def test_a_rule_reads_as_a_person_would_say_it(text: str, words: str) -> None:
    start = datetime(2026, 11, 24, 19)
    assert in_words(read_rule(text, start=start, zone="UTC"), start) == words


def test_a_single_date_has_no_words() -> None:
    assert in_words(None, datetime(2026, 11, 24, 19)) == ""

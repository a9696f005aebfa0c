"""Quiet hours and bundles fall where the member's own clock says, through every change of it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from community.notifications.times import next_bundle, quiet_until

DENVER, LONDON, LORD_HOWE = (
    ZoneInfo("America/Denver"),
    ZoneInfo("Europe/London"),
    ZoneInfo("Australia/Lord_Howe"),
)
instants = st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
zones = st.sampled_from(
    [DENVER, LONDON, LORD_HOWE, ZoneInfo("Asia/Kathmandu"), ZoneInfo("Pacific/Apia"), UTC]
)
hours = st.times().map(lambda each: each.replace(second=0, microsecond=0))


def is_quiet(at: datetime, start: time, end: time, zone: ZoneInfo) -> bool:
    now = at.astimezone(zone).time()
    return start <= now < end if start < end else now >= start or now < end


@settings(max_examples=500)
@given(at=instants, start=hours, end=hours, zone=zones)
def test_mail_waits_from_within_quiet_hours_until_just_after_them(
    at: datetime, start: time, end: time, zone: ZoneInfo
) -> None:
    assume(start != end)
    until = quiet_until(at, start, end, zone)
    if not is_quiet(at, start, end, zone):
        assert until is None
        return
    assert until is not None
    assert at < until <= at + timedelta(hours=49)
    assert not is_quiet(until, start, end, zone)
    just_before = until - timedelta(seconds=1)
    # The clock springs past the end at most by the hour that it is put forward.
    assert any(is_quiet(just_before - timedelta(minutes=late), start, end, zone) for late in (0, 30, 60))


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-01-10T05:00+00:00", "2026-01-10T14:00+00:00"),  # 22:00 to 7:00 the next day
        ("2026-01-10T13:59+00:00", "2026-01-10T14:00+00:00"),
        ("2026-01-10T14:00+00:00", None),
        ("2026-01-11T04:59+00:00", None),
        ("2026-03-08T06:00+00:00", "2026-03-08T13:00+00:00"),  # the night that is an hour shorter
        ("2026-11-01T06:00+00:00", "2026-11-01T14:00+00:00"),  # the night that is an hour longer
    ],
)
def test_ten_to_seven_in_denver(at: str, until: str | None) -> None:
    found = quiet_until(datetime.fromisoformat(at), time(22), time(7), DENVER)
    assert found == (None if until is None else datetime.fromisoformat(until))


def test_an_end_that_the_clock_springs_over_comes_as_much_later() -> None:
    """2:30 does not exist on that night; 3:30 by the new time is when 2:30 by the old one would have been."""
    at = datetime(2026, 3, 8, 8, 0, tzinfo=UTC)
    assert quiet_until(at, time(1), time(2, 30), DENVER) == datetime(2026, 3, 8, 9, 30, tzinfo=UTC)


def test_quiet_hours_of_nearly_a_day_last_another_when_the_clock_springs_over_their_end() -> None:
    at = datetime(2026, 3, 8, 8, 0, tzinfo=UTC)
    assert quiet_until(at, time(2, 45), time(2, 30), DENVER) == datetime(2026, 3, 9, 8, 30, tzinfo=UTC)


def test_an_end_that_the_clock_shows_twice_counts_again_in_the_second_hour() -> None:
    first, second = datetime(2026, 11, 1, 7, 10, tzinfo=UTC), datetime(2026, 11, 1, 8, 10, tzinfo=UTC)
    assert quiet_until(first, time(0, 30), time(1, 30), DENVER) == first + timedelta(minutes=20)
    assert quiet_until(second, time(0, 30), time(1, 30), DENVER) == second + timedelta(minutes=20)


@given(at=instants, zone=zones, weekly=st.booleans())
def test_a_bundle_comes_at_nine_within_a_day_or_a_week(at: datetime, zone: ZoneInfo, weekly: bool) -> None:
    moment = next_bundle(at, zone, weekly=weekly)
    here = moment.astimezone(zone)
    assert (here.hour, here.minute) == (9, 0)
    assert at < moment <= at + timedelta(days=8 if weekly else 2)
    if weekly:
        assert here.weekday() == 0
    else:
        assert next_bundle(moment - timedelta(seconds=1), zone, weekly=False) == moment

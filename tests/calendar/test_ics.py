"""What calendar apps get, read back by another reader: the very dates of our page, through changes and exceptions."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
import recurring_ical_events
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from community.calendar import actions, ics
from community.calendar.models import Event, Occurrence
from community.calendar.vtimezone import vtimezone
from tests.calendar import oracle
from tests.calendar.making import NOW, facilitator, make_event, nth

ZONES = [
    "America/New_York", "America/Phoenix", "Europe/Dublin", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kolkata",
    "Africa/Casablanca", "Pacific/Auckland", "America/St_Johns", "UTC", "Asia/Gaza", "Pacific/Chatham",
]  # fmt: skip


def read_back(exported: bytes, since: datetime, until: datetime) -> list[tuple[str, str]]:
    """(start in UTC, title) of what stands, cancelled dates left out."""
    found = recurring_ical_events.of(Calendar.from_ical(exported)).between(since, until)
    dates = [
        (one["DTSTART"].dt, str(one["SUMMARY"])) for one in found if str(one.get("STATUS", "")) != "CANCELLED"
    ]
    return sorted((said(start), title) for start, title in dates)


def said(start: date | datetime) -> str:
    return f"{start.astimezone(UTC):%Y-%m-%d %H:%M}" if isinstance(start, datetime) else f"{start:%Y-%m-%d}"


def on_our_page(event: Event, since: datetime, until: datetime) -> list[tuple[str, str]]:
    rows = event.occurrences.filter(starts_at__gte=since, starts_at__lt=until).select_related("event")
    return sorted(
        (f"{one.wall:%Y-%m-%d}" if event.all_day else said(one.starts_at), one.name)
        for one in rows
        if not one.gone
    )


def exported(event: Event, *, plain: bool = False) -> bytes:
    rows = Occurrence.objects.filter(event=event).select_related("event", "event__kind")
    return ics.calendar(rows, name="Porch", plain=plain)


def both(event: Event) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    since, until = NOW - timedelta(days=30), NOW + timedelta(days=390)
    return read_back(exported(event), since, until), on_our_page(event, since, until)


@pytest.mark.django_db
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=WEEKLY", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SA", "FREQ=MONTHLY;BYDAY=-1TU", "FREQ=MONTHLY;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "FREQ=YEARLY", "FREQ=DAILY;UNTIL=20270320",
        "FREQ=WEEKLY;UNTIL=20270310T000000Z",
    ],
)  # fmt: skip
def test_a_series_is_read_back_as_it_stands_on_our_page(zone: str, rule: str) -> None:
    theirs, ours = both(make_event(zone=zone, rule=rule))
    assert ours
    assert theirs == ours


@pytest.mark.django_db
def test_moved_cancelled_renamed_left_out_and_added_dates_are_read_back() -> None:
    event = make_event(rule="FREQ=WEEKLY", left_out=["20261215T190000"], added=["20261224T150000"])
    by = facilitator()
    one = nth(event, 1)
    moved = {"starts_at": one.starts_at + timedelta(days=1), "ends_at": one.ends_at + timedelta(days=1)}
    actions.change_one(occurrence=one, changes=moved, by=by, at=NOW)
    actions.change_one(occurrence=nth(event, 2), changes={"title": "With a guest"}, by=by, at=NOW)
    actions.cancel_one(occurrence=nth(event, 0), because="the holiday", by=by, at=NOW)
    theirs, ours = both(event)
    assert theirs == ours
    titles = [title for _, title in ours]
    assert titles.count("With a guest") == 1
    assert ("2026-12-24 20:00", "Steps, read slowly") in ours
    assert not any(start.startswith(("2026-11-25", "2026-12-16")) for start, _ in ours)


@pytest.mark.django_db
def test_a_series_cut_in_two_is_read_back_without_a_gap_or_a_double() -> None:
    event = make_event(rule="FREQ=WEEKLY")
    by = facilitator()
    new = actions.change_from(occurrence=nth(event, 3), changes={"time": time(18)}, hosts=[by], by=by, at=NOW)
    event.refresh_from_db()
    rows = Occurrence.objects.filter(event__in=[event, new]).select_related("event", "event__kind")
    since, until = NOW - timedelta(days=30), NOW + timedelta(days=390)
    theirs = read_back(ics.calendar(rows, name="Porch", plain=False), since, until)
    assert theirs == sorted(on_our_page(event, since, until) + on_our_page(new, since, until))


@pytest.mark.django_db
def test_a_single_event_all_days_and_the_29th_of_february() -> None:
    for event in (
        make_event(rule=""),
        make_event(rule="", day=date(2026, 11, 26), time=None, minutes=1440),
        make_event(rule="FREQ=YEARLY", day=date(2024, 2, 29), time=None, minutes=2880),
    ):
        theirs, ours = both(event)
        assert theirs == ours
    leap = read_back(exported(event), datetime(2027, 1, 1, tzinfo=UTC), datetime(2033, 1, 1, tzinfo=UTC))
    assert [start for start, _ in leap] == ["2028-02-29", "2032-02-29"]


@pytest.mark.django_db
def test_a_change_raises_the_sequence_and_keeps_the_identity() -> None:
    event = make_event()
    before = Calendar.from_ical(exported(event)).walk("VEVENT")[0]
    by = facilitator()
    changed = actions.change_all(event=event, changes={"title": "Other"}, hosts=[by], by=by, at=NOW)
    after = Calendar.from_ical(exported(changed)).walk("VEVENT")[0]
    assert (before["UID"], before["SEQUENCE"]) == (after["UID"], 0)
    assert after["SEQUENCE"] == 1
    actions.cancel_all(event=event, because="", by=by, at=NOW)
    event.refresh_from_db()
    cancelled = Calendar.from_ical(exported(event)).walk("VEVENT")[0]
    assert (str(cancelled["STATUS"]), cancelled["SEQUENCE"], cancelled["UID"]) == (
        "CANCELLED",
        2,
        before["UID"],
    )


@pytest.mark.django_db
def test_plain_entries_say_nothing_of_what_they_are() -> None:
    link = "https://meet.example.org/x"
    event = make_event(about="We read one page.", link=link, address="Mill Street 4", audience="public")
    telling = [b"Steps", b"page", b"meet.example", b"Mill", b"Group", b"Porch"]
    full, plain = exported(event), exported(event, plain=True)
    assert all(word in full for word in telling)
    lines = [line for line in plain.splitlines() if not line.startswith(b"PRODID")]
    assert not [word for word in telling if word in b"\n".join(lines)]
    assert b"SUMMARY:Appointment" in plain


@pytest.mark.django_db
def test_single_dates_of_a_series_stand_alone() -> None:
    event = make_event()
    rows = list(Occurrence.objects.filter(event=event).select_related("event", "event__kind"))[1:3]
    since, until = NOW, NOW + timedelta(days=90)
    theirs = read_back(ics.by_date(rows, name="Porch", plain=False), since, until)
    assert [start for start, _ in theirs] == ["2026-12-02 00:00", "2026-12-09 00:00"]


@settings(deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    wall=st.datetimes(datetime(2026, 1, 1), datetime(2036, 12, 31)).map(
        lambda one: one.replace(microsecond=0)
    ),
)
def test_a_zone_as_we_write_it_says_the_same_as_the_zone_itself(zone: str, wall: datetime) -> None:
    """Left out: the two hours around a change, of which readers think differently."""
    near = {oracle.instant(wall + hours, zone) - wall.replace(tzinfo=UTC) - hours for hours in AROUND}
    if zone == "UTC" or len(near) > 1:
        return
    written = vtimezone(zone, datetime(2026, 6, 1, tzinfo=UTC)).to_tz(lookup_tzid=False)
    assert wall.replace(tzinfo=written).utcoffset() == -near.pop()


AROUND = [timedelta(hours=hours) for hours in (-3, 0, 3)]

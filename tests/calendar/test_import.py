"""Reading an .ics file: held against another reader, its mistakes named by their lines, and nothing half-saved."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import recurring_ical_events
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from community.calendar import actions, ics
from community.calendar.importing import read_ics
from community.calendar.models import Event, Occurrence
from community.groups.models import Group
from tests.calendar.making import NOW, a_kind, dates, facilitator, make_event, member, nth

SINCE, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)


def vevent(*lines: str, uid: str = "one@example.org") -> str:
    return "\r\n".join(["BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260101T000000Z", *lines, "END:VEVENT"])


def file(*events: str) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tests//EN", *events, "END:VCALENDAR", ""]
    return "\r\n".join(lines).encode()


SERIES = ("SUMMARY:Circle", "DTSTART;TZID=America/Chicago:20261124T190000", "DURATION:PT1H")
FILES = {
    "weekly": file(vevent(*SERIES, "RRULE:FREQ=WEEKLY;BYDAY=TU,TH;UNTIL=20270401T000000Z")),
    "all days": file(vevent("DTSTART;VALUE=DATE:20261126", "DTEND;VALUE=DATE:20261128", "RRULE:FREQ=MONTHLY;COUNT=4")),
    "in UTC": file(vevent("DTSTART:20261124T190000Z", "DTEND:20261124T203000Z", "RRULE:FREQ=DAILY;COUNT=9")),
    "left out and added": file(
        vevent(
            *SERIES, "RRULE:FREQ=WEEKLY;COUNT=6", "EXDATE;TZID=America/Chicago:20261201T190000,20261208T190000",
            "RDATE;TZID=America/Chicago:20261224T150000",
        )
    ),
    "changed dates": file(
        vevent(*SERIES, "RRULE:FREQ=WEEKLY;COUNT=6"),
        vevent(
            "SUMMARY:Circle", "RECURRENCE-ID;TZID=America/Chicago:20261201T190000",
            "DTSTART;TZID=America/Chicago:20261202T180000", "DURATION:PT2H",
        ),
        vevent(
            "RECURRENCE-ID;TZID=America/Chicago:20261208T190000", "DTSTART;TZID=America/Chicago:20261208T190000",
            "DURATION:PT1H", "STATUS:CANCELLED",
        ),
    ),
    "a name from Windows": file(
        vevent("DTSTART;TZID=Eastern Standard Time:20261124T190000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=30")
    ),
    "a folded line": file(vevent("SUMMARY:Circle of", "  friends", *SERIES[1:])),
}  # fmt: skip


def theirs(data: bytes) -> list[tuple[datetime, datetime]]:
    found = recurring_ical_events.of(Calendar.from_ical(data)).between(SINCE, UNTIL)
    return sorted(
        (one["DTSTART"].dt.astimezone(UTC), one["DTEND"].dt.astimezone(UTC))
        for one in found
        if str(one.get("STATUS")) != "CANCELLED"
    )


@pytest.mark.parametrize("name", [name for name in FILES if name != "all days"])
def test_every_file_is_read_as_another_reader_reads_it(name: str) -> None:
    reading = read_ics(FILES[name], zone="UTC")
    assert reading.problems == []
    assert reading.events[0].dates(SINCE, UNTIL) == theirs(FILES[name])


def test_whole_days_stand_in_the_zone_of_who_reads_them() -> None:
    (event,) = read_ics(FILES["all days"], zone="America/Denver").events
    starts = [f"{start:%m-%d %H:%M} {(end - start).days}" for start, end in event.dates(SINCE, UNTIL)]
    assert starts == ["11-26 07:00 2", "12-26 07:00 2", "01-26 07:00 2", "02-26 07:00 2"]


def test_a_folded_title_is_whole_and_a_time_without_a_zone_stands_in_ours() -> None:
    assert read_ics(FILES["a folded line"], zone="UTC").events[0].title == "Circle of friends"
    floating = read_ics(file(vevent("DTSTART:20261124T190000")), zone="America/Denver")
    assert floating.events[0].dates(SINCE, UNTIL)[0][0] == datetime(2026, 11, 25, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"", 1, "begins with BEGIN:VCALENDAR"), (b"\x89PNG\r\n\x1a\n", 1, "not text in UTF-8"),
        (file(), 0, "no event"), (b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\nVERSION:2.0\r\n\xff", 4, "not text"),
        (b"BEGIN:VCALENDAR\r\n" + b"X" * 5_000_000, 0, "larger than 1 MB"),
        (file(vevent("SUMMARY:No start")), 4, "needs a start"),
        (file(vevent("DTSTART:20261324T190000Z")), 7, "can’t be read"),
        (file(vevent("DTSTART;TZID=Mars/Base:20261124T190000")), 7, "No such time zone: Mars/Base"),
        (file(vevent(*SERIES, "RRULE:FREQ=HOURLY")), 10, "not one we keep"),
        (file(vevent(*SERIES, "RRULE:FREQ=WEEKLY;COUNT=many")), 10, "can’t be read"),
        (file(vevent(*SERIES, "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")), 10, "never falls on a date"),
        (file(vevent("DTSTART:20261124T190000Z", "DTEND:20261124T180000Z")), 8, "ends before it starts"),
        (file(vevent("DTSTART:20261124T190000Z", "DTEND;VALUE=DATE:20261125")), 8, "of the same kind"),
        (file(vevent("DTSTART:20261124T190000Z", "DURATION:P99D")), 8, "longer than two weeks"),
        (file(vevent(*SERIES), vevent(*SERIES)), 12, "the same UID"),
        (file(vevent(*SERIES, "RECURRENCE-ID:20261124T190000Z", uid="two")), 10, "not in the file"),
        (
            file(vevent(*SERIES, "RRULE:FREQ=WEEKLY"), vevent(*SERIES, "RECURRENCE-ID:20261125T190000Z")), 18,
            "no such date",
        ),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nNONSENSE\r\nEND:VEVENT\r\nEND:VCALENDAR", 4, "no property"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\n", 2, "has no end"),
        (file(*[vevent(*SERIES, uid=str(number)) for number in range(1001)]), 0, "1000 are the most"),
    ],
)  # fmt: skip
def test_what_can_not_be_read_is_named_by_its_line(data: bytes, line: int, words: str) -> None:
    problems = read_ics(data, zone="UTC").problems
    assert [problem.line for problem in problems][:1] == [line], problems
    assert words in problems[0].words


@given(st.binary(max_size=400), st.integers(0, 10_000), st.sampled_from(sorted(FILES)))
def test_nonsense_anywhere_in_a_file_is_a_problem_or_is_passed_over_and_never_an_accident(
    nonsense: bytes, place: int, name: str
) -> None:
    data = FILES[name]
    cut = place % len(data)
    reading = read_ics(data[:cut] + nonsense + data[cut + len(nonsense) :], zone="UTC")
    assert reading.events or reading.problems
    assert all(problem.words for problem in reading.problems)


# In the calendar


def put(data: bytes, group: Group, **options: Any) -> tuple[int, int]:
    reading = read_ics(data, zone="UTC")
    assert reading.problems == []
    by = options.get("by") or facilitator()
    return actions.import_events(plans=reading.events, group=group, kind=a_kind(), host=by, at=NOW)


@pytest.mark.django_db
@pytest.mark.parametrize("name", [name for name in FILES if name != "all days"])
def test_what_is_imported_stands_in_the_calendar_as_it_was_read(name: str) -> None:
    by = facilitator()
    group = by.memberships.get().group
    assert put(FILES[name], group, by=by) == (1, 0)
    rows = Occurrence.objects.filter(
        cancelled_at__isnull=True, starts_at__gt=SINCE, starts_at__lt=NOW + timedelta(days=390)
    )
    expected = [start for start, _ in theirs(FILES[name]) if start < NOW + timedelta(days=390)]
    assert sorted(rows.values_list("starts_at", flat=True)) == expected


@pytest.mark.django_db
def test_a_second_import_updates_by_uid_and_makes_nothing_twice() -> None:
    by = facilitator()
    group = by.memberships.get().group
    put(FILES["changed dates"], group, by=by)
    before = dates(Event.objects.get())
    assert put(FILES["changed dates"], group, by=by) == (0, 1)
    assert dates(Event.objects.get()) == before
    renamed = FILES["changed dates"].replace(b"Circle", b"Ring")
    assert put(renamed, group, by=by) == (0, 1)
    assert Event.objects.get().title == "Ring"


@pytest.mark.django_db
def test_the_uid_of_another_groups_event_changes_nothing_of_it() -> None:
    event = make_event()
    theirs_now = ics.calendar(
        Occurrence.objects.filter(event=event).select_related("event__kind"), name="", plain=False
    )
    by = facilitator()
    both = theirs_now.replace(b"END:VCALENDAR", vevent(*SERIES, uid="new").encode() + b"\r\nEND:VCALENDAR")
    with pytest.raises(actions.NotYours):
        put(both, by.memberships.get().group, by=by)
    assert Event.objects.count() == 1
    assert Event.objects.get().title == "Steps, read slowly"


@pytest.mark.django_db
def test_an_export_comes_back_as_it_was() -> None:
    by = facilitator()
    event = make_event(by=by, group=by.memberships.get().group, audience="group", rule="FREQ=WEEKLY")
    one = nth(event, 1)
    moved = {"starts_at": one.starts_at + timedelta(hours=3), "ends_at": one.ends_at + timedelta(hours=3)}
    actions.change_one(occurrence=one, changes=moved, by=by, at=NOW)
    before = dates(event)
    exported = ics.calendar(Occurrence.objects.select_related("event__kind"), name="", plain=False)
    assert put(exported, by.memberships.get().group, by=by) == (0, 1)
    assert dates(event) == before


# The command


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("import_ics", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_the_command_says_what_it_would_do_and_does_it(tmp_path: Path) -> None:
    by = facilitator()
    group = by.memberships.get().group
    path = tmp_path / "circle.ics"
    path.write_bytes(FILES["changed dates"])
    usual = [
        str(path),
        "--group",
        group.slug,
        "--host",
        by.email,
        "--from",
        "2026-11-01",
        "--until",
        "2026-12-10",
    ]
    said = json.loads(run(*usual, "--dry-run", "--json"))
    assert not Event.objects.exists()
    assert said == [
        {
            "uid": "one@example.org", "title": "Circle", "zone": "America/Chicago", "all_day": False,
            "rule": "FREQ=WEEKLY;COUNT=6",
            "occurrences": [
                {"start": "2026-11-25T01:00:00Z", "end": "2026-11-25T02:00:00Z"},
                {"start": "2026-12-03T00:00:00Z", "end": "2026-12-03T02:00:00Z"},
            ],
        }
    ]  # fmt: skip
    assert "1 new, 0 updated." in run(*usual)
    assert Event.objects.get().group == group
    assert json.loads(run(*usual, "--json")) == said


@pytest.mark.django_db
def test_the_command_refuses_in_words_and_saves_nothing(tmp_path: Path) -> None:
    by = facilitator()
    group = by.memberships.get().group
    path = tmp_path / "wrong.ics"
    path.write_bytes(file(vevent(*SERIES, uid="right"), vevent(*SERIES, "RRULE:FREQ=HOURLY")))
    usual = [str(path), "--group", group.slug, "--host", by.email]
    with pytest.raises(CommandError, match="Line 17: FREQ=HOURLY"):
        run(*usual)
    with pytest.raises(CommandError, match="no group"):
        run(str(path), "--group", "nowhere", "--host", by.email)
    with pytest.raises(CommandError, match="nobody"):
        run(str(path), "--group", group.slug, "--host", "nobody@example.org")
    with pytest.raises(CommandError, match="No such file"):
        run(str(tmp_path / "none.ics"), "--group", group.slug, "--host", by.email)
    assert not Event.objects.exists()


# The page


@pytest.mark.django_db
def test_a_file_is_looked_at_first_and_kept_when_confirmed(client: Client) -> None:
    by = facilitator()
    group = by.memberships.get().group
    client.force_login(by)
    page = reverse("calendar:import")
    upload = SimpleUploadedFile("circle.ics", FILES["weekly"])
    looked = client.post(page, {"group": group.slug, "file": upload})
    assert looked.status_code == 200
    assert "Every Tuesday and Thursday" in looked.content.decode()
    assert not Event.objects.exists()
    confirmed = client.post(
        page, {"group": group.slug, "text": looked.context["text"], "confirm": ""}, follow=True
    )
    assert "1 new, 0 updated" in confirmed.content.decode()
    assert Event.objects.get().title == "Circle"


@pytest.mark.django_db
def test_the_page_names_the_lines_keeps_nothing_and_is_for_those_who_schedule(client: Client) -> None:
    by = facilitator()
    group = by.memberships.get().group
    page = reverse("calendar:import")
    wrong = {"group": group.slug, "text": file(vevent(*SERIES, "RRULE:FREQ=HOURLY")).decode(), "confirm": ""}
    client.force_login(member())
    assert client.get(page).status_code == 403
    assert client.post(page, wrong).status_code == 403
    client.force_login(by)
    refused = client.post(page, wrong)
    assert refused.status_code == 422
    assert "Line 10: FREQ=HOURLY" in refused.content.decode()
    assert client.post(page, {"group": group.slug}).status_code == 422
    other = facilitator().memberships.get().group
    assert client.post(page, wrong | {"group": other.slug}).context["form"].errors.keys() == {"group"}
    assert not Event.objects.exists()

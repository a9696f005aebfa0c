"""Our public meetings as a Meeting Guide feed, by what its readers need; and the feeds of others, kept apart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, time
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from community.calendar.meeting_guide import read_feed
from community.calendar.models import MeetingElsewhere, Source
from community.members.models import Member
from moderation.audit.models import AuditEntry
from tests.calendar.making import NOW, make_event
from tests.factories import MemberFactory

FEED, PUBLIC = reverse("meeting_guide:feed"), reverse("meeting_guide:public")
SOURCES, ELSEWHERE = reverse("meeting_guide:sources"), reverse("meeting_guide:elsewhere")
ROW = {
    "name": "Early Risers", "slug": "early-risers", "day": 1, "time": "06:30", "end_time": "07:30",
    "timezone": "America/Denver", "formatted_address": "12 Mill Street, Denver, CO, USA", "types": ["O"],
    "conference_url": "https://zoom.us/j/1", "conference_phone": "+1 555 010 0123", "entity": "District 7",
}  # fmt: skip


@pytest.fixture(autouse=True)
def sunday_noon() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def public(**fields: Any) -> None:
    usual: dict[str, Any] = {
        "audience": "public",
        "rule": "FREQ=WEEKLY",
        "address": "Grange Hall, Mill Street",
    }
    make_event(**usual | fields)


@pytest.mark.django_db
def test_a_weekly_public_meeting_is_one_row_a_weekday(client: Client) -> None:
    public(rule="FREQ=WEEKLY;BYDAY=SU,TU", link="https://zoom.us/j/7")
    rows = client.get(FEED).json()
    assert [row["day"] for row in rows] == [0, 2]
    assert len({row["slug"] for row in rows}) == 2
    assert rows[0] | {"slug": "", "updated": ""} == {
        "name": "Steps, read slowly", "slug": "", "day": 0, "time": "19:00", "end_time": "20:00",
        "timezone": "America/New_York", "formatted_address": "Grange Hall, Mill Street", "types": ["ONL"],
        "url": "http://testserver/meetings/", "updated": "", "entity": "Porchlight", "entity_url": "http://testserver/",
        "conference_url": "https://zoom.us/j/7",
    }  # fmt: skip


@pytest.mark.django_db
def test_what_readers_would_drop_or_misread_is_not_in_it(client: Client, settings: Any) -> None:
    public(title="Right")
    public(title="Every other week", rule="FREQ=WEEKLY;INTERVAL=2")
    public(title="Monthly", rule="FREQ=MONTHLY")
    public(title="Once", rule="")
    public(title="Over", rule="FREQ=WEEKLY;COUNT=2", day=date(2026, 1, 6))
    public(title="For alumni", audience="alumni")
    public(title="Nowhere", address="", link="https://zoom.us/j/7")
    assert [row["name"] for row in client.get(FEED).json()] == ["Right"]
    settings.PORCHLIGHT_PLACE = "Denver, CO, USA"
    found = {row["name"]: row for row in client.get(FEED).json()}
    assert found["Nowhere"]["formatted_address"] == "Denver, CO, USA"
    assert found["Nowhere"]["approximate"] == "yes"


@pytest.mark.django_db
def test_an_end_never_passes_midnight(client: Client) -> None:
    public(time=time(23, 30), minutes=90)
    assert client.get(FEED).json()[0]["end_time"] == "23:59"


@pytest.mark.django_db
def test_the_public_page_is_there_as_soon_as_there_is_a_public_meeting_and_points_to_the_feed(
    client: Client,
) -> None:
    make_event()
    assert client.get(PUBLIC).status_code == 404
    assert client.get(FEED).json() == []
    public()
    page = client.get(PUBLIC)
    assert page.status_code == 200
    link = f'<link rel="alternate" type="application/json" title="Meetings Feed" href="{FEED}">'
    assert link in page.content.decode()
    assert client.get(FEED)["Access-Control-Allow-Origin"] == "*"


def read(*rows: Any) -> Any:
    return read_feed(json.dumps(list(rows)).encode(), zone="America/New_York")


def test_a_feed_is_read_with_days_as_numbers_words_and_arrays() -> None:
    feed = read(ROW, ROW | {"slug": "b", "day": "3"}, ROW | {"slug": "c", "day": [1, "5", 1]})
    assert feed.problems == []
    assert [(one.slug, one.day) for one in feed.meetings] == [
        ("early-risers", 1),
        ("b", 3),
        ("c", 1),
        ("c", 5),
    ]
    assert (feed.meetings[0].time, feed.meetings[0].zone) == (time(6, 30), "America/Denver")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"day": 7}, "Meeting 2: 7 is no weekday"), ({"day": None}, "needs a weekday"), ({"day": "Monday"}, "weekday"),
        ({"time": "25:00"}, "time must be written"), ({"time": None}, "time must be written"),
        ({"timezone": "Mars/Base"}, "no such time zone: Mars/Base"), ({"name": ""}, "a name and a slug"),
        ({"slug": 7}, "a name and a slug"), ({"end_time": "late"}, "end_time must be"),
    ],
)  # fmt: skip
def test_a_row_that_can_not_be_kept_is_named_by_its_number(changes: dict[str, Any], words: str) -> None:
    feed = read(ROW, ROW | changes)
    assert len(feed.meetings) == 1
    assert words in feed.problems[0]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no JSON"), (b"[{]", "no JSON"), (b"\xff\xfe", "no JSON"), (b'{"meetings": []}', "a list"),
        (b"[1]", "not an object"), (b"[" * 100_000, "no JSON"), (b" " * 8_000_001, "larger than 8 MB"),
    ],
)  # fmt: skip
def test_a_feed_full_of_nonsense_is_refused_in_words(data: bytes, words: str) -> None:
    feed = read_feed(data, zone="UTC")
    assert feed.meetings == []
    assert words in feed.problems[0]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(sorted(ROW)), inner, max_size=6)
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_json_is_read_or_refused_and_never_an_accident(value: Any) -> None:
    feed = read_feed(json.dumps(value).encode(), zone="UTC")
    assert all(0 <= one.day <= 6 and one.name for one in feed.meetings)


def test_only_links_that_are_safe_to_follow_are_kept() -> None:
    for link in ("javascript:alert(1)", "http://zoom.us/j/1", "https://zoom.us@evil.example/"):
        assert read(ROW | {"conference_url": link}).meetings[0].link == ""
    assert read(ROW).meetings[0].link == "https://zoom.us/j/1"


def upload(*rows: Any) -> SimpleUploadedFile:
    return SimpleUploadedFile("feed.json", json.dumps(list(rows)).encode())


@pytest.mark.django_db
def test_a_steward_takes_in_replaces_and_lets_go_what_others_hold_and_members_see_whose_it_is(
    client: Client,
) -> None:
    steward, wren = MemberFactory(role=Member.Role.STEWARD), MemberFactory()
    client.force_login(wren)
    assert client.get(SOURCES).status_code == 404
    assert client.post(SOURCES, {"source": "District 7", "file": upload(ROW)}).status_code == 404
    assert not Source.objects.exists()
    client.force_login(steward)
    client.post(SOURCES, {"source": "District 7", "file": upload(ROW, ROW | {"slug": "b"})})
    assert MeetingElsewhere.objects.count() == 2
    client.post(SOURCES, {"source": "District 7", "file": upload(ROW | {"slug": "c", "day": [0, 1]})})
    assert list(MeetingElsewhere.objects.values_list("slug", "day")) == [("c", 0), ("c", 1)]
    client.force_login(wren)
    assert b"From District 7" in client.get(ELSEWHERE).content
    assert b"Early Risers" not in client.get(f"{ELSEWHERE}?day=4").content
    assert b"Early Risers" not in client.get(reverse("calendar:agenda")).content
    source = Source.objects.get()
    end = reverse("meeting_guide:end_source", args=[source.pk])
    assert client.post(end).status_code == 404
    client.force_login(steward)
    client.post(end)
    assert not MeetingElsewhere.objects.exists()
    verbs = AuditEntry.objects.filter(subject_kind="source").order_by("seq").values_list("verb", flat=True)
    assert list(verbs) == ["source.kept", "source.kept", "source.dropped"]


@pytest.mark.django_db
def test_a_feed_with_a_wrong_row_is_kept_only_if_that_is_wanted(client: Client) -> None:
    client.force_login(MemberFactory(role=Member.Role.STEWARD))
    wrong = {"source": "District 7", "file": upload(ROW, ROW | {"day": 9})}
    refused = client.post(SOURCES, wrong)
    assert refused.status_code == 422
    assert b"Meeting 2: 9 is no weekday" in refused.content
    assert not Source.objects.exists()
    assert (
        client.post(SOURCES, wrong | {"file": upload(ROW, ROW | {"day": 9}), "leave_out": "on"}).status_code
        == 302
    )
    assert MeetingElsewhere.objects.count() == 1

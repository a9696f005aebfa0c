"""Help lines that stewards set: on the page at once, never without somebody to ring, and there when nothing else is."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks, Settings

from community.house import kept as house_kept
from community.house.desk import what_waits
from community.members.models import Member
from moderation.crisis import access, actions, kept
from moderation.crisis.lines import Line
from moderation.crisis.models import HelpLine
from tests.factories import MemberFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NEED = "988-day-and-night"
AMBULANCE = "someone-may-die-or-be-badly-hurt"


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, settings: Settings) -> Path:
    settings.PORCHLIGHT_DATA = tmp_path
    return tmp_path


def a_line(**changes: Any) -> Line:
    said = {
        "name": "Our duty phone", "about": "Somebody from here.", "hours": "Every evening, 6 to 10 pm",
        "place": "Duluth",
        "ways": [{"kind": "call", "number": "+12185550100", "label": "Call 218 555 0100"}],
    }  # fmt: skip
    return Line.model_validate(said | changes)


def add(**changes: Any) -> HelpLine:
    made = actions.add_line(country="US", line=a_line(**changes), by_id=None, at=NOW)
    access.read_anew()
    return made


def names(country: str = "US") -> list[str]:
    access.read_anew()
    return [line.name for line in access.countries_now()[country].lines]


# --- on the page ------------------------------------------------------------------------------------------------


def test_a_line_of_the_house_stands_below_the_shipped_ones_with_its_place_and_hours(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    add()
    with django_assert_num_queries(0):
        page = Client().get("/help/").text
    assert page.index("tel:988") < page.index("tel:911") < page.index("tel:+12185550100")
    assert "<b>Duluth.</b> Every evening, 6 to 10 pm" in page
    assert "Set by Porchlight, last checked on 22 November 2026." in page
    assert "Our duty phone" not in Client().get("/help/?country=IE").text


def test_a_shipped_line_is_written_anew_and_can_go_back_to_ours() -> None:
    ours = names()
    actions.change_line(country="US", key=NEED, line=a_line(name="Ring 988"), by_id=None, at=NOW)
    assert names() == ["Ring 988", *ours[1:]]
    actions.take_back_line(country="US", key=NEED, by_id=None, at=NOW)
    assert names() == ours


def test_lines_are_ordered_hidden_and_shown() -> None:
    ours = names()
    own = f"own-{add().pk}"
    for _ in range(len(ours) + 1):  # once more than there are places: the first stays the first
        actions.move_line(country="US", key=own, by=-1, by_id=None, at=NOW)
    assert names() == ["Our duty phone", *ours]
    actions.move_line(country="US", key=own, by=1, by_id=None, at=NOW)
    assert names() == [ours[0], "Our duty phone", *ours[1:]]
    actions.hide_line(country="US", key=own, by_id=None, at=NOW)
    assert names() == ours
    actions.show_line(country="US", key=own, by_id=None, at=NOW)
    assert names() == [ours[0], "Our duty phone", *ours[1:]]
    actions.take_back_line(country="US", key=own, by_id=None, at=NOW)
    assert names() == ours
    with pytest.raises(actions.NoSuchLine):
        actions.move_line(country="US", key=own, by=1, by_id=None, at=NOW)


def test_there_is_always_somebody_to_ring_and_an_ambulance() -> None:
    with pytest.raises(actions.LastToRing):
        actions.hide_line(country="US", key=AMBULANCE, by_id=None, at=NOW)
    with pytest.raises(actions.LastToRing):
        actions.change_line(country="US", key=AMBULANCE, line=a_line(), by_id=None, at=NOW)
    assert not HelpLine.objects.exists()
    own = add(emergency=True)
    actions.hide_line(country="US", key=AMBULANCE, by_id=None, at=NOW)
    with pytest.raises(actions.LastToRing):
        actions.take_back_line(country="US", key=f"own-{own.pk}", by_id=None, at=NOW)
    assert "Our duty phone" in names()


def test_a_country_that_we_have_no_lines_for_can_have_the_houses_own() -> None:
    actions.add_line(country="NZ", line=a_line(), by_id=None, at=NOW)
    assert names("NZ") == ["Our duty phone"]
    page = Client().get("/help/?country=NZ").text
    assert '<option value="NZ" selected>New Zealand</option>' in page
    assert "tel:+12185550100" in page


def test_what_a_new_release_brings_is_shown_and_what_it_drops_takes_nothing_along() -> None:
    actions.hide_line(country="US", key="samhsa-helpline", by_id=None, at=NOW)
    HelpLine.objects.filter(shipped="samhsa-helpline").update(shipped="a-line-that-is-gone")
    assert "SAMHSA helpline" in names()
    HelpLine.objects.create(
        country="US", content={"name": "no ways"}, position=0, changed_at=NOW, checked_at=NOW
    )
    assert "988, day and night" in names()


# --- when nothing else is there -----------------------------------------------------------------------------------


def test_the_phones_copy_is_fetched_anew_when_a_line_changes() -> None:
    def version() -> str:
        return re.search("VERSION = (.+);", kept.service_worker())[1]  # type: ignore[index]

    before = version()
    assert version() == before
    add()
    after = version()
    assert after != before
    actions.add_line(country="NZ", line=a_line(), by_id=None, at=NOW)
    access.read_anew()
    assert version() != after
    assert "/help/?country=NZ" in kept.service_worker()


def away(*how: Any, **more: Any) -> Any:
    raise OperationalError("the server is not there")


def test_without_the_database_the_lines_are_those_last_known(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = 100.0
    monkeypatch.setattr(house_kept, "monotonic", lambda: seconds)
    monkeypatch.setattr(house_kept.Kept, "away_until", 0.0)
    add()
    monkeypatch.setattr(HelpLine.objects, "values_list", away)
    seconds += 60
    assert "tel:+12185550100" in Client().get("/help/").text


def test_a_process_that_starts_without_the_database_knows_them_too(
    monkeypatch: pytest.MonkeyPatch, own_folder: Path
) -> None:
    add()
    assert json.loads((own_folder / "help-lines.json").read_text())[0]["country"] == "US"
    monkeypatch.setattr(house_kept.Kept, "away_until", 0.0)
    monkeypatch.setattr(HelpLine.objects, "values_list", away)
    monkeypatch.setattr(access._own, "_known", None)  # as after a start
    assert "tel:+12185550100" in Client().get("/help/").text
    (own_folder / "help-lines.json").write_text("{half a fi")
    monkeypatch.setattr(access._own, "_known", None)
    page = Client().get("/help/").text
    assert "tel:988" in page
    assert "tel:+12185550100" not in page


def test_another_process_shows_a_change_within_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = 100.0
    monkeypatch.setattr(house_kept, "monotonic", lambda: seconds)
    monkeypatch.setattr(house_kept.Kept, "away_until", 0.0)
    access.remember(())
    actions.add_line(
        country="US", line=a_line(), by_id=None, at=NOW
    )  # nobody tells this one: nothing is committed
    assert "Our duty phone" not in Client().get("/help/").text
    seconds += 5.1
    assert "Our duty phone" in Client().get("/help/").text


# --- once a year --------------------------------------------------------------------------------------------------


def test_after_a_year_the_desk_asks_for_a_call() -> None:
    add()
    actions.hide_line(
        country="US", key=NEED, by_id=None, at=NOW - timedelta(days=999)
    )  # ours: not theirs to ring

    def asked(at: datetime) -> list[str]:
        return [one.url for one in what_waits(at) if "help lines" in one.words]

    url = f"{reverse('desk:lines')}?country=US"
    assert asked(NOW + timedelta(days=364)) == []
    assert asked(NOW + timedelta(days=365)) == [url]
    actions.note_check(country="US", by_id=None, at=NOW + timedelta(days=366))
    assert asked(NOW + timedelta(days=367)) == []


# --- the desk -----------------------------------------------------------------------------------------------------


WRITTEN = {
    "name": "Our duty phone", "about": "Somebody from here.", "kind_1": "call", "where_1": "(218) 555-0100",
    "kind_2": "text", "where_2": "741 741", "words_2": "HOME", "kind_3": "chat", "where_3": "https://example.org/chat/",
}  # fmt: skip


@pytest.fixture
def steward() -> Client:
    client = Client()
    client.force_login(
        MemberFactory(role=Member.Role.STEWARD), backend="django.contrib.auth.backends.ModelBackend"
    )
    return client


def test_a_steward_writes_a_line_sees_it_and_puts_it_on_the_page(
    steward: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    shown = steward.post("/desk/help-lines/US/new/", WRITTEN | {"preview": ""}).text
    assert 'href="tel:2185550100"' in shown
    assert not HelpLine.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        steward.post("/desk/help-lines/US/new/", WRITTEN | {"save": ""})
    page = Client().get("/help/").text
    for way in (
        "tel:2185550100",
        "sms:741741?&amp;body=HOME",
        "https://example.org/chat/",
        "Call (218) 555-0100",
    ):
        assert way in page
    key = f"own-{HelpLine.objects.get().pk}"
    form = steward.get(f"/desk/help-lines/US/{key}/").text
    assert 'value="2185550100"' in form
    with django_capture_on_commit_callbacks(execute=True):
        steward.post(f"/desk/help-lines/US/{key}/act/", {"do": "hide"})
    assert "Our duty phone" not in Client().get("/help/").text
    assert "Not shown." in steward.get("/desk/help-lines/").text


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"where_1": "nine one one"}, "in digits"),
        ({"where_1": "12"}, "in digits"),
        ({"where_1": "1" * 16}, "in digits"),
        ({"where_3": "http://example.org"}, "beginning with https://"),
        ({"where_3": "https://example.org@evil.example"}, "beginning with https://"),
        ({"where_3": "javascript:alert(1)"}, "beginning with https://"),
        ({"kind_1": "", "where_1": "911"}, "Choose what the button does."),
        ({"words_2": "HOME & HOW"}, "words"),
        ({"name": ""}, "This field is required."),
    ],
)
def test_what_nobody_could_ring_is_refused_at_its_field(
    changes: dict[str, str], complaint: str, steward: Client
) -> None:
    answer = steward.post("/desk/help-lines/US/new/", WRITTEN | changes | {"save": ""})
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert complaint in answer.text
    assert not HelpLine.objects.exists()


def test_a_line_needs_one_way_to_reach_somebody(steward: Client) -> None:
    answer = steward.post("/desk/help-lines/US/new/", {"name": "x", "about": "y", "save": ""})
    assert "Give at least one number or page." in answer.text


def test_the_last_line_cant_be_hidden_and_the_page_says_why(steward: Client) -> None:
    answer = steward.post(f"/desk/help-lines/US/{AMBULANCE}/act/", {"do": "hide"}, follow=True)
    assert "no ambulance" in answer.text
    assert (
        steward.post("/desk/help-lines/US/nothing/act/", {"do": "hide"}).status_code == HTTPStatus.NOT_FOUND
    )
    assert steward.get("/desk/help-lines/XX/new/").status_code == HTTPStatus.NOT_FOUND


def test_the_list_costs_the_same_however_many_lines_there_are(
    steward: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        add(name=f"Line {number}")
    steward.get("/desk/help-lines/")
    with django_assert_max_num_queries(6):
        assert "Line 11" in steward.get("/desk/help-lines/").text


@pytest.mark.parametrize("path", ["", "US/new/", f"US/{NEED}/"])
def test_only_stewards_know_of_these_pages(path: str, steward: Client) -> None:
    assert steward.get(f"/desk/help-lines/{path}").status_code == HTTPStatus.OK
    other = Client()
    other.force_login(MemberFactory(), backend="django.contrib.auth.backends.ModelBackend")
    assert other.get(f"/desk/help-lines/{path}").status_code == HTTPStatus.NOT_FOUND

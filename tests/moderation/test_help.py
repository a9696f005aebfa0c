"""Help now: the first button rings, signed in or out, with or without a connection."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries, Settings

from moderation.crisis import kept, lines
from moderation.crisis.lines import LinesError


@pytest.fixture(autouse=True)
def read_anew() -> Any:
    yield
    lines.countries.cache_clear()
    kept.worker_for.cache_clear()


def own_lines(folder: Path, settings: Settings, content: object) -> Path:
    file = folder / "lines.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    settings.PORCHLIGHT_HELP_LINES = file
    return file


CALL = {"kind": "call", "number": "0123456", "label": "Call us"}
HARBOUR = {"name": "Harbour line", "about": "Ours.", "ways": [CALL]}


def here(**changes: object) -> dict[str, object]:
    """The United States with one line, `changes` made to it."""
    return {"US": {"name": "Here", "lines": [HARBOUR | changes]}}


@pytest.mark.django_db
def test_the_first_button_rings_and_no_database_is_asked(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(0):
        page = Client().get("/help/").text
    assert re.search(r'class="btn[^"]*" href="([^"]+)"', page)[1] == "tel:988"  # type: ignore[index]
    for number in ("tel:911", "sms:988", "sms:741741", "tel:+18006624357", "https://988lifeline.org/chat/"):
        assert number in page


@pytest.mark.parametrize(
    ("country", "numbers"),
    [
        ("CA", ["tel:988", "tel:911"]), ("IE", ["tel:116123", "sms:50808", "tel:112", "tel:999"]),
        ("GB", ["tel:116123", "sms:85258", "tel:999", "tel:03001236600"]), ("XX", ["tel:988", "tel:911"]),
        ("\x00", ["tel:988"]),
    ],
)  # fmt: skip
def test_each_country_has_its_lines_and_an_unknown_one_gets_ours(country: str, numbers: list[str]) -> None:
    page = Client().get("/help/", {"country": country}).text
    assert all(f'href="{number}' in page for number in numbers)


def test_the_instances_country_is_the_default(settings: Settings) -> None:
    settings.PORCHLIGHT_COUNTRY = "IE"
    assert 'href="tel:116123"' in Client().get("/help/").text
    assert 'href="tel:988"' in Client().get("/help/?country=us").text


def test_an_instances_own_lines_replace_a_country_and_add_others(tmp_path: Path, settings: Settings) -> None:
    own_lines(tmp_path, settings, here() | {"NZ": {"name": "New Zealand", "lines": [HARBOUR]}})
    page = Client().get("/help/").text
    assert 'href="tel:0123456"' in page
    assert 'href="tel:911"' not in page
    assert "New Zealand" in page
    assert "Ireland" in page


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{", "Invalid JSON"),
        ({"usa": {"name": "x", "lines": [HARBOUR]}}, "usa"),
        ({"US": {"name": "x", "lines": []}}, "US > lines"),
        (here(ways=[CALL | {"number": "nine"}]), "number"),
        (here(ways=[{"kind": "chat", "url": "javascript:1", "label": "x"}]), "url"),
    ],
)
def test_lines_that_nobody_could_ring_stop_the_start(
    content: object, complaint: str, tmp_path: Path, settings: Settings
) -> None:
    assert run_checks() == []
    own_lines(tmp_path, settings, content)
    (error,) = [problem for problem in run_checks() if str(problem.id).startswith("crisis")]
    assert "PORCHLIGHT_HELP_LINES" in error.msg
    assert complaint in error.msg


def test_a_country_without_lines_stops_the_start(settings: Settings) -> None:
    settings.PORCHLIGHT_COUNTRY = "FR"
    assert [error.id for error in run_checks()] == ["crisis.E002"]


def test_a_file_that_goes_bad_later_leaves_our_lines_standing(tmp_path: Path, settings: Settings) -> None:
    file = own_lines(tmp_path, settings, "{")
    with pytest.raises(LinesError):
        lines.read(file)
    assert 'href="tel:988"' in Client().get("/help/").text


def test_the_service_worker_keeps_pages_that_open_and_nothing_personal() -> None:
    worker = Client().get("/sw.js")
    assert worker["Content-Type"].startswith("text/javascript")
    urls = json.loads(re.search(r"const KEPT = (\[.*\]);", worker.text)[1])  # type: ignore[index]
    assert "/help/" in urls
    assert "/help/?country=IE" in urls
    pages = [url for url in urls if not url.startswith("/static/")]
    assert all(Client().get(url).status_code == HTTPStatus.OK for url in pages)
    assert all(url.startswith(("/help/", "/offline/", "/static/")) for url in urls)


def test_the_workers_version_follows_what_it_keeps(tmp_path: Path, settings: Settings) -> None:
    before = kept.service_worker()
    kept.worker_for.cache_clear()
    own_lines(tmp_path, settings, here())
    assert re.search("VERSION = (.+);", before) != re.search("VERSION = (.+);", kept.service_worker())
    assert before != kept.service_worker()


def test_the_example_in_the_docs_can_be_used(tmp_path: Path, settings: Settings) -> None:
    example = re.search(
        r"```json\n(.+?)```", (settings.BASE_DIR / "docs" / "help-lines.md").read_text(), re.DOTALL
    )
    assert example
    own_lines(tmp_path, settings, example[1])
    assert run_checks() == []
    assert 'href="tel:1737"' in Client().get("/help/?country=NZ").text

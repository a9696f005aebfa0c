"""Fixtures of every test. The ground under them (folder, servers, environment) is laid by tests/settings.py."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import TransactionTestCase
from playwright.sync_api import Page

from community.house import access as house_access
from community.house.models import House
from moderation.audit import triggers
from moderation.crisis import access as crisis_access
from tests import services
from tests.settings import GROUND
from tests.sites import Site

pytest_plugins = ["tests.live_fixtures"]

CHROMIUM_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def pytest_report_header() -> str:
    return f"database: {services.chosen()}"


def pytest_unconfigure() -> None:
    GROUND.clear()


@pytest.fixture(scope="session", autouse=True)
def flushable_audit_log() -> Iterator[None]:
    """The database refuses to empty the audit log: its triggers go before a flush; `post_migrate` puts them up anew."""
    flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]

    def without_triggers(case: TransactionTestCase) -> None:
        triggers.take_down(connection)
        flush(case)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", without_triggers)
        yield


@pytest.fixture(autouse=True)
def house_as_shipped() -> Iterator[None]:
    """What a test set in the house ends with it; reading the house and its help lines costs no query."""
    house_access.remember(House(), seconds=float("inf"))
    crisis_access.remember((), seconds=float("inf"))
    yield
    house_access.remember(House(), seconds=float("inf"))
    crisis_access.remember((), seconds=float("inf"))


@pytest.fixture(scope="session")
def sites_folder() -> Path:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    return Path(os.environ[services.FOLDER]) / f"sites-{worker}"


@pytest.fixture(scope="session")
def empty_site(sites_folder: Path) -> Iterator[Site]:
    """A migrated Porchlight with nobody in it, never started: what other sites are copied from."""
    site = Site(sites_folder / f"{sites_folder.name}-empty").lay()
    site.manage("migrate", "--no-input", "--verbosity", "0")
    site.manage("collectstatic", "--no-input", "--verbosity", "0")
    yield site
    site.clear()


@pytest.fixture(scope="session")
def seeded_site(empty_site: Site, sites_folder: Path) -> Iterator[Site]:
    """The demo community, never started: what other sites are copied from."""
    site = Site(sites_folder / f"{sites_folder.name}-seeded").lay(like=empty_site)
    site.manage("seed_demo")
    yield site
    site.clear()


MakeSite = Callable[..., Site]


@pytest.fixture
def make_site(request: pytest.FixtureRequest, sites_folder: Path) -> Iterator[MakeSite]:
    """`make_site(seeded=True, PORCHLIGHT_SENDS_PER_MIN="3")`: a running Porchlight of the test's own."""
    made: list[Site] = []

    def make(*, seeded: bool = True, **environment: str) -> Site:
        like = request.getfixturevalue("seeded_site" if seeded else "empty_site")
        site = Site(sites_folder / f"{sites_folder.name}-{os.urandom(4).hex()}", environment).lay(like=like)
        made.append(site)
        return site.start()

    yield make
    for site in made:
        site.clear()


@pytest.fixture(scope="session")
def site(seeded_site: Site, sites_folder: Path) -> Iterator[Site]:
    """One running demo community, shared by the tests of a process: say in it only what others won't trip over."""
    shared = Site(sites_folder / f"{sites_folder.name}-shared").lay(like=seeded_site).start()
    yield shared
    shared.clear()


# Chromium, for tests/flows


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The system's Chromium instead of one that Playwright would download."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.fail("Chromium is missing. Install it with: apt-get install chromium")
    return browser_type_launch_args | {"executable_path": program, "args": CHROMIUM_ARGUMENTS}


@pytest.fixture(scope="session")
def sign_in() -> Callable[[Page, Site, str, str], Page]:
    """`sign_in(page, site, email, password)` through the real form."""

    def through_the_form(page: Page, site: Site, email: str, password: str) -> Page:
        page.goto(f"{site.base_url}/accounts/login/")
        page.locator("input[name=login]").fill(email)
        page.locator("input[name=password]").fill(password)
        page.locator("form:has(input[name=password]) [type=submit]").click()
        page.wait_for_url(lambda url: "/accounts/login" not in url)
        return page

    return through_the_form

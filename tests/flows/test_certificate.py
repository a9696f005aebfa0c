"""A certificate from asking to revoking: made on a phone, downloaded, checked by somebody else, and then no more."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader

from sessions.rooms.demo.seeding import PASSWORD
from tests.flows.seats import SignIn
from tests.flows.test_every_page import AXE, look_at, problems
from tests.sites import Site

# An hour that ended a day ago: Juniper was there for it all but three minutes, Wren for half of it.
HELD = """
from community.members.models import Member
from tests.attendance.holding import a_meeting, was_there
meeting = a_meeting()
meeting.room.name = "Tuesday, after work"
meeting.room.save()
was_there(Member.objects.get(email="juniper@example.org"), meeting, (-5, 20), (23, 75))
was_there(Member.objects.get(email="wren@example.org"), meeting, (30, 60))
print("meeting", meeting.pk)
"""
NAME = "Łucja Ñandú-O’Brien"
Phone = Callable[..., Page]


@pytest.fixture(scope="module")
def meeting(house: Site) -> str:
    """The address of its page for asking."""
    printed = house.manage("shell", "--no-imports", "-c", HELD)
    found = re.search(r"^meeting (\d+)$", printed, re.MULTILINE)
    assert found, printed
    return f"/sessions/attendance/meetings/{found[1]}/"


@pytest.fixture
def phone(browser: Browser) -> Iterator[Phone]:
    made = []

    def take(*, scripts: bool = True) -> Page:
        context = browser.new_context(
            viewport={"width": 360, "height": 740}, service_workers="block", java_script_enabled=scripts
        )
        made.append(context)
        return context.new_page()

    yield take
    for context in made:
        context.close()


def check(page: Page, house: Site, code: str) -> None:
    page.goto(f"{house.base_url}/check/")
    page.get_by_label("The code on the certificate").fill(code)
    page.get_by_role("button", name="Check").click()


def ask(page: Page, purpose: str) -> None:
    page.get_by_label("Your name, as it is to be printed").fill(NAME)
    page.get_by_label("What it is for").fill(purpose)
    page.get_by_label("30 days").check()
    page.get_by_label("I have read this and agree to it.").check()
    page.get_by_role("button", name="Make the certificate").click()


def test_ask_agree_download_check_revoke_and_check_again(
    house: Site, meeting: str, sign_in: SignIn, phone: Phone
) -> None:
    juniper, officer = phone(), phone(scripts=False)
    sign_in(juniper, house, "juniper@example.org", PASSWORD)
    juniper.goto(f"{house.base_url}/sessions/attendance/")
    juniper.get_by_role("link", name="Tuesday, after work").click()
    expect(juniper.get_by_text("You were there for 57 of 60 minutes")).to_be_visible()
    juniper.get_by_role("button", name="Make the certificate").click()
    expect(juniper.get_by_text("Without your agreement no certificate is made.")).to_be_visible()
    juniper.evaluate(AXE)
    assert problems(juniper) == []
    ask(juniper, "for my probation officer")
    expect(juniper.get_by_role("status")).to_contain_text("Your certificate is made.")
    certificate = juniper.url
    code = juniper.locator("[data-code]").inner_text()
    with juniper.expect_download() as download:
        juniper.get_by_role("link", name="Download it as a PDF").click()
    assert download.value.suggested_filename == "certificate.pdf"
    paper = PdfReader(io.BytesIO(Path(download.value.path()).read_bytes())).pages[0].extract_text()
    for words in (NAME, "for my probation officer", code, "57 of its 60 minutes", "42 CFR part 2"):
        assert words in paper

    check(officer, house, code.lower().replace("-", " "))
    expect(officer.get_by_role("status")).to_contain_text("This certificate stands.")
    for words in (NAME, "for my probation officer", "57 of its 60 minutes", "A group session"):
        expect(officer.get_by_role("definition").filter(has_text=words)).to_be_visible()
    expect(officer.get_by_text("Juniper")).to_have_count(0)
    expect(officer.get_by_text("Tuesday, after work")).to_have_count(0)

    juniper.goto(certificate)
    expect(juniper.get_by_text("Looked at once")).to_be_visible()
    juniper.get_by_role("button", name="Revoke this certificate").click()
    expect(juniper.get_by_role("status")).to_contain_text("Revoked.")
    check(officer, house, code)
    expect(officer.get_by_text("No certificate stands under this code.")).to_be_visible()
    expect(officer.get_by_text(NAME)).to_have_count(0)


def test_whoever_was_there_too_short_is_told_how_long(
    house: Site, meeting: str, sign_in: SignIn, phone: Phone
) -> None:
    wren = sign_in(phone(scripts=False), house, "wren@example.org", PASSWORD)
    wren.goto(house.base_url + meeting)
    expect(wren.get_by_text("You were there for 30 of 60 minutes.")).to_be_visible()
    expect(wren.get_by_role("button", name="Make the certificate")).to_have_count(0)


def test_its_pages_can_be_read_and_pressed_by_everyone(
    house: Site, meeting: str, sign_in: SignIn, phone: Phone
) -> None:
    page, officer = sign_in(phone(), house, "juniper@example.org", PASSWORD), phone()
    look_at(page, house, meeting)
    page.goto(house.base_url + meeting)
    ask(page, "for my employer")
    expect(page.locator("[data-code]")).to_be_visible()
    certificate, code = page.url.removeprefix(house.base_url), page.locator("[data-code]").inner_text()
    for path in (certificate, "/sessions/attendance/"):
        look_at(page, house, path)
    check(officer, house, code)
    expect(officer.get_by_role("status")).to_be_visible()
    officer.evaluate(AXE)
    for night in (False, True):
        for width in (360, 1280):
            officer.emulate_media(color_scheme="dark" if night else "light")
            officer.set_viewport_size({"width": width, "height": 2400})
            assert problems(officer) == [], f"at {width}, by night: {night}"
    officer.set_viewport_size({"width": 320, "height": 740})
    assert officer.evaluate("document.documentElement.scrollWidth") <= 320

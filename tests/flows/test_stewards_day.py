"""A steward's day: what waits, a person, a role, a suspension, a group and a room, a mail, the audit log."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.flows.seats import SignIn
from tests.flows.test_every_page import AXE, PASSWORD, problems
from tests.sites import Site

expect.set_options(timeout=15_000)


@pytest.fixture(scope="module")
def house(seeded_site: Site, sites_folder: Path) -> Iterator[Site]:
    """A demo community of this day's own."""
    own = Site(sites_folder / "stewards-day").lay(like=seeded_site).start()
    yield own
    own.clear()


@pytest.fixture
def page(browser: Browser, house: Site, sign_in: SignIn) -> Iterator[Page]:
    """Marigold's phone."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, service_workers="block")
    yield sign_in(context.new_page(), house, "marigold@example.org", PASSWORD)
    context.close()


def said(page: Page) -> Locator:
    """What came of the last act."""
    return page.locator("main > .notice[role=status]")


def open_desk(page: Page, section: str) -> None:
    """By the desk's own navigation, which is folded on a phone."""
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Desk").click()
    page.locator("summary", has_text="The desk").click()
    page.get_by_role("navigation", name="The desk").get_by_role("link", name=section, exact=True).click()


def open_act(page: Page, title: str) -> Locator:
    act = page.locator("details.act", has=page.locator("summary", has_text=title))
    act.locator("summary").click()
    return act


def confirm_it_is_me(page: Page) -> None:
    """What is grave asks again; what had been typed goes on from there."""
    expect(page).to_have_url(re.compile("/accounts/reauthenticate/"))
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("form:has(input[name=password]) [type=submit]").click()


def find(page: Page, handle: str) -> None:
    open_desk(page, "People")
    page.get_by_label("Handle, or part of it").fill(handle)
    page.get_by_role("button", name="Look").click()
    page.locator(".rows h3 a", has_text=handle).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(handle)


def fits(page: Page) -> None:
    """Nothing scrolls sideways and axe is silent, wherever this stands in the day."""
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.evaluate(AXE)
    assert problems(page) == []


def test_a_stewards_day_on_a_phone(page: Page, house: Site) -> None:
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Desk").click()
    waits = page.get_by_role("region", name="What waits")
    expect(waits.get_by_role("link", name="One mail could not be sent")).to_be_visible()
    expect(waits.get_by_role("link", name="3 trainings run out")).to_be_visible()
    expect(waits.get_by_role("link", name="One person asks to join a group")).to_be_visible()

    find(page, "Larkspur")
    form = open_act(page, "Change their role in the house")
    form.get_by_label("Role").select_option("clinician")
    form.get_by_role("button", name="Change the role").click()
    if "reauthenticate" in page.url:
        confirm_it_is_me(page)
    act = page.locator("details.act[open]")
    expect(act.locator(".wrong")).to_have_text("Say why, in a sentence.")
    fits(page)
    act.get_by_label("Why").fill("Licensed since June, and on the team from today.")
    act.get_by_role("button", name="Change the role").click()
    expect(said(page)).to_contain_text("Larkspur: clinician from now on.")
    expect(page.get_by_role("complementary")).to_contain_text("Alumnus, then clinician")

    find(page, "Osprey")
    form = open_act(page, "Suspend")
    form.get_by_label("For how long").select_option("A week")
    form.get_by_label("Why").fill("Prices again (rule 4).")
    form.get_by_role("button", name="Suspend them").click()
    expect(page.get_by_role("region", name="Suspended")).to_contain_text("Prices again (rule 4).")
    fits(page)
    page.get_by_role("button", name="End it").click()
    expect(said(page)).to_contain_text("Osprey may sign in again.")

    open_desk(page, "Groups")
    page.get_by_role("link", name="Make a group").click()
    page.get_by_label("Name").fill("Early risers")
    page.get_by_label("What it is for").fill("Coffee at five, wherever you are.")
    page.get_by_label("Anyone here may come in").check()
    page.get_by_role("button", name="Make the group").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Early risers")
    form = open_act(page, "Make a room")
    form.get_by_label("Name").fill("The kettle")
    form.get_by_role("button", name="Make the room").click()
    expect(page.get_by_role("link", name="The kettle")).to_be_visible()
    fits(page)

    open_desk(page, "Mail")
    page.get_by_role("button", name="Send again to Marten").click()
    expect(said(page)).to_contain_text("It is on its way again.")

    open_desk(page, "Audit log")
    lines = page.locator(".rows > li")
    for number, words in enumerate((
        "Marigold had mail", "Marigold made the room The kettle", "Marigold made the group Early risers",
        "Marigold ended the suspension of Osprey", "Marigold suspended Osprey",
        "Marigold changed the role of Larkspur in the house",
    )):  # fmt: skip
        expect(lines.nth(number)).to_contain_text(words)
    page.locator("summary", has_text="Narrow it").click()
    page.get_by_label("Person").fill("Osprey")
    page.get_by_role("button", name="Look").click()
    expect(lines.first).to_contain_text("Marigold ended the suspension of Osprey")
    expect(page.locator(".rows", has_text="Larkspur")).to_have_count(0)
    fits(page)
    assert "as it was written" in house.manage("audit", "verify")


def test_the_desk_is_kept_by_keyboard_alone(page: Page, house: Site) -> None:
    """From the first page to a handle asked for anew, with Tab, Enter and the letters."""
    page.goto(f"{house.base_url}/desk/people/")
    press_to(page, "Handle, or part of it")
    page.keyboard.type("thistle")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("handle=thistle"))
    press_to(page, "Thistle")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Thistle")
    press_to(page, "Ask for another handle")
    page.keyboard.press("Enter")
    press_to(page, "Why")
    page.keyboard.type("It is a town, too.")
    press_to(page, "Ask them")
    page.keyboard.press("Enter")
    expect(said(page)).to_contain_text("Thistle is asked to choose another handle.")


def press_to(page: Page, name: str) -> None:
    """Tab until what is focused bears this name, and see that the focus shows."""
    for _ in range(120):
        page.keyboard.press("Tab")
        found: str = page.evaluate(
            "(() => { const one = document.activeElement; const label = one.labels && one.labels[0];"
            " return (label || one).innerText.trim(); })()"
        )
        if found == name:
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    raise AssertionError(f"no way to “{name}” by the keyboard")

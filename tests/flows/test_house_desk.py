"""A steward gives the house its name, colours, rules and help lines, on a phone; others have them at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.community.test_house_look import picture
from tests.flows.seats import SignIn
from tests.flows.test_every_page import AXE, PASSWORD, problems
from tests.flows.test_leaving import settled
from tests.sites import Site

DAY, NIGHT = "#0b4f8a", "#a9d0f5"
COLOUR = "getComputedStyle(document.documentElement).getPropertyValue('--door').trim()"
FILL = "getComputedStyle(document.querySelector('.btn.go')).backgroundColor"


@pytest.fixture
def phone(browser: Browser, house: Site, sign_in: SignIn) -> Iterator[Page]:
    """Marigold's. What its browser refuses to load is an error of ours."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, service_workers="block")
    page = sign_in(context.new_page(), house, "marigold@example.org", PASSWORD)
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text) if "Content Security" in said.text else None)
    yield page
    assert refused == []
    context.close()


@pytest.fixture
def other(browser: Browser) -> Iterator[Page]:
    """Somebody else's phone, with its service worker."""
    context = browser.new_context(viewport={"width": 360, "height": 740})
    yield context.new_page()
    context.close()


def open_desk(page: Page, house: Site, section: str) -> None:
    page.goto(f"{house.base_url}/desk/")
    page.locator("summary", has_text="The desk").click()
    page.get_by_role("navigation", name="The desk").get_by_role("link", name=section, exact=True).click()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def fits(page: Page) -> None:
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.evaluate(AXE)
    assert problems(page) == []


def test_name_colours_and_logo_are_seen_by_whoever_signs_in_next(
    phone: Page, other: Page, house: Site, tmp_path: Path
) -> None:
    open_desk(phone, house, "Name and colours")
    phone.get_by_label("Name", exact=True).fill("The Landing")
    phone.get_by_label("Links and buttons by day").fill("#6fa8dc")
    press(phone, "Preview")
    expect(phone.locator(".wrong")).to_contain_text("it must be 4.5 to 1")
    fits(phone)
    phone.get_by_label("Links and buttons by day").fill(DAY)
    phone.get_by_label("Links and buttons at night").fill(NIGHT)
    press(phone, "Preview")
    expect(phone.get_by_text("Nothing is saved yet.")).to_be_visible()
    sample = phone.locator(".sample.by-day .btn")
    phone.wait_for_load_state()
    assert sample.evaluate("(one) => getComputedStyle(one).backgroundColor") == "rgb(11, 79, 138)"
    assert phone.evaluate(COLOUR) != DAY
    fits(phone)
    press(phone, "Save")
    expect(phone.locator("main > .notice")).to_contain_text("Saved.")
    # The words may stand there before the page's style does.
    phone.wait_for_function(f"{COLOUR} === '{DAY}'")
    file = tmp_path / "logo.png"
    file.write_bytes(picture(64, 64))
    phone.get_by_label("A picture").set_input_files(file)
    press(phone, "Use this picture")
    expect(phone.get_by_alt_text("The logo as it is now")).to_be_visible()
    fits(phone)

    other.goto(f"{house.base_url}/accounts/login/")
    assert other.locator(".mark").inner_text().strip() == "The Landing"
    assert other.locator(".mark img").evaluate("(one) => one.naturalWidth") == 64
    assert other.evaluate(FILL) == "rgb(11, 79, 138)"
    other.emulate_media(color_scheme="dark")
    assert other.evaluate(COLOUR) == NIGHT
    fits(other)


def test_new_rules_are_previewed_published_and_agreed_to(
    phone: Page, other: Page, house: Site, sign_in: SignIn
) -> None:
    open_desk(phone, house, "House rules")
    phone.get_by_role("link", name="House rules", exact=True).last.click()
    text = phone.get_by_label("The text")
    text.fill(f"{text.input_value()}\n\n### At night\n\nWhoever is up leaves the **porch** light on.")
    phone.get_by_label("What changed").fill("What we do at night.")
    press(phone, "Preview")
    expect(phone.locator(".changes ins")).to_contain_text("Whoever is up leaves")
    fits(phone)
    press(phone, "Publish")
    expect(phone.locator("main > .notice")).to_contain_text("stands now")

    sign_in(other, house, "juniper@example.org", PASSWORD)
    other.goto(f"{house.base_url}/house/rules/")
    expect(other.get_by_role("heading", name="At night")).to_be_visible()
    fits(other)
    other.get_by_role("link", name="What changed in this version").click()
    expect(other.locator(".changes ins")).to_contain_text("the **porch** light on")
    expect(other.locator(".read").first).to_have_text("What we do at night.")
    fits(other)
    other.go_back()
    press(other, "I have read it and agree")
    expect(other.get_by_text("You agreed to this version.")).to_be_visible()


def test_a_help_line_is_on_the_page_and_there_without_a_connection(
    phone: Page, other: Page, house: Site, sign_in: SignIn
) -> None:
    open_desk(phone, house, "Help lines")
    phone.get_by_role("link", name="Add a line").click()
    phone.get_by_label("Name").fill("Our duty phone")
    phone.get_by_label("What to expect").fill("Somebody from here.")
    phone.get_by_label("Where it helps").fill("St. Louis County")
    phone.get_by_label("What the button does").first.select_option("call")
    phone.get_by_label("Number, or address").first.fill("218 555 0100")
    press(phone, "Preview")
    expect(phone.get_by_role("link", name="Call 218 555 0100")).to_have_attribute("href", "tel:2185550100")
    fits(phone)
    press(phone, "Save")
    line = phone.get_by_role("listitem").filter(has_text="Our duty phone")
    line.get_by_role("button", name="Up Our duty phone").click()
    fits(phone)

    sign_in(other, house, "wren@example.org", PASSWORD)
    settled(other)
    other.context.set_offline(True)
    other.goto(f"{house.base_url}/help/")
    expect(other.get_by_role("link", name="Call 218 555 0100")).to_be_visible()
    expect(other.get_by_text("St. Louis County.")).to_be_visible()
    assert other.evaluate(COLOUR) in {
        DAY,
        "#1d5c56",
    }  # kept with the page, in whichever colours the house has
    other.context.set_offline(False)


def test_settings_and_health_by_keyboard(phone: Page, house: Site) -> None:
    open_desk(phone, house, "Settings")
    phone.get_by_label("Days until an invitation runs out").focus()
    phone.keyboard.press("Control+A")
    phone.keyboard.type("9")
    phone.keyboard.press("Enter")
    expect(phone.locator("main > .notice")).to_contain_text("Saved.")
    expect(phone.get_by_label("Days until an invitation runs out")).to_have_value("9")
    fits(phone)
    open_desk(phone, house, "Health")
    expect(phone.get_by_role("heading", name="Backup")).to_be_visible()
    fits(phone)

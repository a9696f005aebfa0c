"""From a steward’s desk to a newcomer’s first words: by a link on a phone, by mail without scripts; 200 from a file."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from email import message_from_string
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from sessions.rooms.demo.seeding import PASSWORD
from tests.flows.seats import FOLLOWED, SignIn
from tests.flows.test_every_page import AXE, look_at, problems
from tests.sites import Site

OWN = "three lamps and a gate"
DESK = "/desk/invitations/"
THREE_MINUTES = 180


@pytest.fixture(scope="module")
def house(seeded_site: Site, sites_folder: Path) -> Iterator[Site]:
    """A demo community of this file's own, whose mail is printed into its log."""
    own = Site(sites_folder / f"{sites_folder.name}-invitations").lay(like=seeded_site).start()
    yield own
    own.clear()


@pytest.fixture
def desk(browser: Browser, house: Site, sign_in: SignIn) -> Iterator[Page]:
    """Marigold's desk."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, service_workers="block")
    yield sign_in(context.new_page(), house, "marigold@example.org", PASSWORD)
    context.close()


def phone(browser: Browser, *, scripts: bool = True) -> Page:
    return browser.new_context(
        viewport={"width": 360, "height": 740},
        service_workers="block",
        timezone_id="America/Chicago",
        java_script_enabled=scripts,
    ).new_page()


def letter_to(house: Site, address: str, page: Page) -> str:
    """The text of the newest mail to an address, once it is sent."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        mails = (house.folder / "serve.log").read_text().split("Content-Type: multipart/alternative")
        for mail in reversed(mails):
            if f"To: {address}\n" in mail:
                parts = message_from_string("Content-Type: multipart/alternative" + mail)
                text = next(part for part in parts.walk() if part.get_content_type() == "text/plain")
                return bytes(text.get_payload(decode=True)).decode()
        page.wait_for_timeout(100)
    raise AssertionError(f"no mail to {address}")


def fits(page: Page) -> None:
    """Nothing scrolls sideways and axe is silent, wherever on the way this stands."""
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]
    page.evaluate(AXE)
    assert problems(page) == []


def heading(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", name=words, level=1)).to_be_visible()


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def reach(page: Page, wanted: Locator) -> None:
    """Press Tab until the focus is on it."""
    expect(wanted).to_be_visible()
    for _ in range(80):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("it can’t be reached by keyboard")


def press(page: Page, wanted: Locator) -> None:
    reach(page, wanted)
    page.keyboard.press("Enter")


def test_from_a_link_to_the_first_words_in_a_room_on_a_phone(
    desk: Page, browser: Browser, house: Site
) -> None:
    desk.goto(house.base_url + DESK)
    desk.get_by_role("link", name="Link or card").click()
    desk.get_by_label("For how many people").fill("20")
    desk.get_by_label("The Porch").check()
    button(desk, "Make it").click()
    link = desk.locator(".link code").inner_text()
    fits(desk)

    page, began = phone(browser), time.monotonic()
    page.goto(link)
    heading(page, "You are invited to Porchlight")
    fits(page)
    button(page, "Come in").click()
    assert link.split("/join/")[1] not in page.url
    page.get_by_label("E-mail").fill("fresh@x.example")
    page.get_by_label("A password").fill("too short")
    button(page, "Continue").click()
    expect(page.locator("#id_password_error")).to_be_visible()
    expect(page.get_by_label("E-mail")).to_have_value("fresh@x.example")
    fits(page)
    page.get_by_label("A password").fill(OWN)
    button(page, "Continue").click()
    heading(page, "Look in your mail")
    fits(page)
    found = re.search(r"^(\d{3} \d{3})$", letter_to(house, "fresh@x.example", page), re.M)
    assert found is not None
    page.get_by_label("The code").fill(found[1])
    button(page, "Continue").click()

    heading(page, "Who will you be here?")
    expect(page.get_by_label("Time zone")).to_have_value("America/Chicago")
    fits(page)
    suggestion = page.locator("a.btn[href^='?handle=']").first
    name = suggestion.inner_text()
    suggestion.click()
    expect(page.get_by_label("Your handle")).to_have_value(name)
    button(page, "Continue").click()

    heading(page, "Before you go in")
    fits(page)
    page.goto(house.base_url + "/groups/")
    heading(page, "Before you go in")
    button(page, "I agree").click()
    heading(page, "Groups to look at")
    fits(page)
    page.go_back()
    heading(page, "Before you go in")
    page.get_by_role("link", name="Continue").click()
    page.get_by_label("Night shift").check()
    button(page, "Continue").click()

    heading(page, "Say hello")
    fits(page)
    words = page.get_by_label("Your first words")
    expect(words).to_have_value(f"Hello. I’m {name}, and I’m new here.")
    words.fill("Hello. This is my first evening here.")
    button(page, "Say it and go in").click()
    expect(page.locator("[data-here]")).to_have_text(FOLLOWED)
    expect(page.locator(".msg .read", has_text="This is my first evening here.")).to_be_visible()
    assert time.monotonic() - began < THREE_MINUTES
    page.goto(house.base_url + "/")
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    expect(page.locator(".rows h3", has_text="Night shift").first).to_be_visible()
    page.context.close()

    desk.reload()
    expect(desk.locator(".facts")).to_contain_text("1 of 20 came")


def test_by_mail_without_scripts_and_by_keyboard_alone(desk: Page, browser: Browser, house: Site) -> None:
    desk.goto(house.base_url + DESK)
    press(desk, desk.get_by_role("link", name="Invite someone"))
    reach(desk, desk.get_by_label("E-mail"))
    desk.keyboard.type("by.mail@x.example")
    reach(desk, desk.get_by_label("The Porch"))
    desk.keyboard.press("Space")
    press(desk, button(desk, "Send it"))
    expect(desk.locator("main > .notice")).to_contain_text("on its way")

    page = phone(browser, scripts=False)
    found = re.search(r"https?://\S+/join/\S+", letter_to(house, "by.mail@x.example", desk))
    assert found is not None
    page.goto(house.base_url + urlsplit(found[0]).path)
    press(page, button(page, "Come in"))
    reach(page, page.get_by_label("E-mail"))
    page.keyboard.type("by.mail@x.example")
    page.keyboard.press("Tab")
    page.keyboard.type(OWN)
    page.keyboard.press("Enter")
    heading(page, "Who will you be here?")
    press(page, button(page, "Skip this"))
    press(page, button(page, "I agree"))
    press(page, button(page, "Skip this"))
    press(page, button(page, "Say it and go in"))
    expect(page.locator(".msg .read", has_text="I’m new here.").last).to_be_visible()
    page.context.close()
    desk.reload()
    expect(desk.locator(".facts")).to_contain_text("Accepted")


def test_two_hundred_from_a_file(desk: Page, house: Site) -> None:
    desk.set_viewport_size({"width": 360, "height": 740})
    desk.goto(house.base_url + DESK)
    press(desk, desk.get_by_role("link", name="From a file"))
    people = "".join(f"person{number};;the-porch\r\n" for number in range(3))
    bring(desk, f"E-Mail;Role;Groups\r\n{people}".encode("utf-16"))
    heading(desk, "Look at it")
    expect(desk.locator(".wrong")).to_have_count(3)
    fits(desk)
    press(desk, desk.get_by_role("link", name="Bring the mended file"))
    people = "".join(f"person{number}@x.example;;the-porch\r\n" for number in range(200))
    bring(desk, f"E-Mail;Role;Groups\r\n{people}person7@x.example;;\r\n".encode("cp1252"))
    expect(desk.get_by_text("201 lines: 200 to invite, 1 left out, 0 wrong.")).to_be_visible()
    fits(desk)
    press(desk, button(desk, "Invite 200 people"))
    heading(desk, "Done")
    fits(desk)
    with desk.expect_download() as waiting:
        press(desk, desk.get_by_role("link", name="What became of each line"))
    lines = Path(waiting.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 202
    assert lines[1] == "2,person0@x.example,Invited"
    assert lines[-1] == "202,person7@x.example,The same address as in line 9"
    desk.goto(f"{house.base_url}{DESK}?state=waiting")
    desk.get_by_role("link", name="Earlier ones").click()
    expect(desk.locator(".rows > li")).to_have_count(50)
    assert letter_to(house, "person199@x.example", desk)


def bring(desk: Page, data: bytes) -> None:
    desk.get_by_label("The file").set_input_files(
        {"name": "people.csv", "mimeType": "text/csv", "buffer": data}
    )
    press(desk, button(desk, "Look at it"))


def test_the_card_comes_out_on_one_page_with_nothing_else_on_it(desk: Page, house: Site) -> None:
    desk.goto(f"{house.base_url}{DESK}links/new/")
    button(desk, "Make it").click()
    desk.get_by_role("link", name="Card to print").click()
    fits(desk)
    # Also by whoever reads in the dark: paper is white.
    desk.emulate_media(media="print", color_scheme="dark")
    expect(desk.locator(".card")).to_be_visible()
    expect(desk.locator(".card .link")).to_have_css("color", "rgb(0, 0, 0)")
    expect(desk.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    for other in (".top", ".side-head", ".nav"):
        expect(desk.locator(other).first).to_be_hidden()
    printed = desk.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", printed)) == 1


def test_pages_at_the_door_and_of_the_first_steps(desk: Page, browser: Browser, house: Site) -> None:
    desk.goto(f"{house.base_url}{DESK}links/new/")
    button(desk, "Make it").click()
    link = urlsplit(desk.locator(".link code").inner_text()).path
    page = phone(browser)
    for path in (link, "/join/nothing/"):
        look_at(page, house, path)
    page.goto(house.base_url + link)
    button(page, "Come in").click()
    look_at(page, house, "/join/account/")
    page.get_by_label("E-mail").fill("looks@x.example")
    page.get_by_label("A password").fill(OWN)
    button(page, "Continue").click()
    look_at(page, house, "/join/code/")
    found = re.search(r"^(\d{3} \d{3})$", letter_to(house, "looks@x.example", page), re.M)
    assert found is not None
    page.get_by_label("The code").fill(found[1])
    button(page, "Continue").click()
    for path in ("/welcome/handle/", "/welcome/rules/"):
        look_at(page, house, path)
    page.goto(house.base_url + "/welcome/rules/")
    button(page, "I agree").click()
    for path in ("/welcome/joining/", "/welcome/hello/", "/welcome/rules/", "/"):
        look_at(page, house, path)
    page.context.close()


OPEN_TO_ASK = """
from django.utils import timezone
from community.house.actions import change_house
change_house(changes={"sign_up": "approval"}, by_id=None, at=timezone.now())
"""


def test_someone_asks_to_come_in_and_a_steward_lets_them(desk: Page, browser: Browser, house: Site) -> None:
    house.manage("shell", "--no-imports", "-c", OPEN_TO_ASK)
    page = phone(browser)
    page.goto(f"{house.base_url}/accounts/signup/")
    link = page.get_by_role("link", name="Ask to come in")
    # Another process has changed it: the server notices within a few seconds.
    for _ in range(40):
        if link.count():
            break
        page.wait_for_timeout(250)
        page.reload()
    fits(page)
    link.click()
    fits(page)
    page.get_by_label("E-mail").fill("asks@x.example")
    page.get_by_label("A few words, or none").fill("Wren told me of it.")
    button(page, "Ask").click()
    heading(page, "Thank you")
    fits(page)
    page.context.close()

    desk.goto(f"{house.base_url}/desk/")
    desk.get_by_role("link", name="One person asks to be let in").click()
    look_at(desk, house, "/desk/invitations/asking/")
    desk.get_by_role("link", name="asks@x.example").click()
    expect(desk.get_by_text("Wren told me of it.")).to_be_visible()
    look_at(desk, house, urlsplit(desk.url).path)
    desk.get_by_label("The Porch").check()
    button(desk, "Let them in").click()
    expect(desk.locator("main > .notice")).to_contain_text("on its way to them")
    assert "/join/" in letter_to(house, "asks@x.example", desk)

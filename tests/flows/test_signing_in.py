"""Signing in as people do: with a passkey alone, with an app and a recovery code, by keyboard; ending a sign-in."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.flows.seats import FOLLOWED, SignIn
from tests.flows.test_every_page import look_at
from tests.sites import Site

PASSWORD = "the-light-is-on-tonight"
STEP_SECONDS = 30
INSIDE = re.compile(r"//[^/]+/$")
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def address(who: str) -> str:
    return f"{who}@example.org"


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 360, "height": 740}, service_workers="block")
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def passkeys(context: BrowserContext, page: Page) -> Page:
    """The page, in a browser whose device keeps passkeys."""
    device = context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    return page


def say_who_you_are(page: Page) -> None:
    expect(page.get_by_role("heading", name="Is it still you?")).to_be_visible()
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()


def sign_out(page: Page, site: Site) -> None:
    page.goto(f"{site.base_url}/you/signing-in/")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(re.compile("/accounts/login/"))


def code_now(secret: str, ahead: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // STEP_SECONDS + ahead))


def is_inside(page: Page, site: Site) -> None:
    page.goto(f"{site.base_url}/groups/")
    expect(page.get_by_role("heading", name="Groups", level=1)).to_be_visible()


def test_a_passkey_is_made_and_opens_the_door_alone(passkeys: Page, site: Site, sign_in: SignIn) -> None:
    page = passkeys
    sign_in(page, site, address("waxwing"), PASSWORD)
    page.goto(f"{site.base_url}/you/signing-in/")
    page.get_by_role("link", name="Add a passkey").click()
    say_who_you_are(page)
    page.get_by_label("What to call it").fill("My phone")
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.get_by_role("link", name="I have them").click()
    expect(page.get_by_role("heading", name="My phone")).to_be_visible()

    sign_out(page, site)
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(INSIDE)
    is_inside(page, site)

    # The password alone does not do any more; the passkey is the second step.
    sign_out(page, site)
    page.get_by_label("E-mail").fill(address("waxwing"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(INSIDE)
    is_inside(page, site)


def test_a_passkey_that_this_device_does_not_hold_is_said_so_kindly(passkeys: Page, site: Site) -> None:
    page = passkeys
    page.goto(f"{site.base_url}/accounts/login/")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("alert")).to_have_text(
        "The passkey didn’t answer. Try once more, or use another way."
    )


def test_an_app_and_a_recovery_code_by_keyboard_alone(page: Page, site: Site) -> None:
    """From the door to the last page without touching the mouse."""
    page.goto(f"{site.base_url}/accounts/login/")
    page.get_by_label("E-mail").focus()
    page.keyboard.type(address("thistle"))
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(INSIDE)
    page.goto(f"{site.base_url}/you/signing-in/")
    reach(page, "Add an app")
    page.keyboard.press("Enter")
    reach(page, "Your password", role="textbox")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="An authenticator app")).to_be_visible()
    secret = page.locator(".key").text_content() or ""
    reach(page, "The six numbers it shows now", role="textbox")
    page.keyboard.type(code_now(secret))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    spare = page.locator(".codes li").first.text_content() or ""

    for answer in (code_now(secret, ahead=1), spare):
        sign_out(page, site)
        page.get_by_label("E-mail").fill(address("thistle"))
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        reach(page, "Code from your app, or a recovery code", role="textbox")
        page.keyboard.type(answer)
        page.keyboard.press("Enter")
        page.wait_for_url(INSIDE)
        is_inside(page, site)

    # A recovery code opens once.
    sign_out(page, site)
    page.get_by_label("E-mail").fill(address("thistle"))
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_label("Code from your app, or a recovery code").fill(spare)
    page.keyboard.press("Enter")
    expect(page.get_by_text("That code isn’t right, or its time has passed.")).to_be_visible()


def reach(page: Page, name: str, role: str = "link") -> None:
    """Press Tab until the focus is on it."""
    wanted = page.get_by_role(role, name=name, exact=True).first  # type: ignore[arg-type]
    expect(wanted).to_be_visible()
    for _ in range(60):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{name} can’t be reached by keyboard")


def test_ending_a_sign_in_cuts_the_other_browser_off(
    page: Page, browser: Browser, site: Site, sign_in: SignIn
) -> None:
    elsewhere = browser.new_context(user_agent="Mozilla/5.0 (Android 14; Mobile; rv:131.0) Firefox/131.0")
    phone = elsewhere.new_page()
    sign_in(phone, site, address("marten"), PASSWORD)
    phone.goto(f"{site.base_url}/sessions/rooms/porch/")
    expect(phone.locator("[data-here]")).to_have_text(FOLLOWED)
    sign_in(page, site, address("marten"), PASSWORD)
    page.goto(f"{site.base_url}/you/sign-ins/")
    expect(page.get_by_role("heading", name="Firefox on Android")).to_be_visible()
    expect(page.get_by_text("This one", exact=True)).to_be_visible()
    page.get_by_role("button", name=re.compile("^End Firefox on Android")).click()
    expect(page.get_by_text("That sign-in is ended.")).to_be_visible()
    expect(page.get_by_text("You are signed in nowhere else.")).to_be_visible()
    expect(phone.locator("[data-link]")).not_to_be_empty()
    phone.goto(f"{site.base_url}/groups/")
    assert "/accounts/login/" in phone.url
    is_inside(page, site)
    elsewhere.close()


def test_the_pages_on_the_way_are_as_good_as_the_others(page: Page, site: Site, sign_in: SignIn) -> None:
    """Those that one sees only after saying once more who one is, and the second step itself."""
    sign_in(page, site, address("old-barn"), PASSWORD)
    page.goto(f"{site.base_url}/accounts/passkeys/add/")
    say_who_you_are(page)
    for path in ("/accounts/passkeys/add/", "/accounts/app/add/"):
        look_at(page, site, path)
    page.goto(f"{site.base_url}/accounts/app/add/")
    secret = page.locator(".key").text_content() or ""
    page.get_by_label("The six numbers it shows now").fill(code_now(secret))
    page.get_by_role("button", name="Use this app").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    for path in (
        "/accounts/recovery-codes/",
        "/accounts/recovery-codes/new/",
        "/accounts/app/remove/",
        "/you/signing-in/",
    ):
        look_at(page, site, path)
    sign_out(page, site)
    page.get_by_label("E-mail").fill(address("old-barn"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    look_at(page, site, "/accounts/second/")

"""Leaving in a hurry, and help without a connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.sites import Site

PASSWORD = "the-light-is-on-tonight"
ELSEWHERE = "https://www.weather.gov/"
SignIn = Callable[[Page, Site, str, str], Page]

KEEP_SOMETHING = """new Promise((done) => {
  const opening = indexedDB.open("porchlight", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("outbox", { keyPath: ["member", "key"] });
  opening.onsuccess = () => { opening.result.close(); done(); };
})"""


def elsewhere_answers(context: BrowserContext) -> BrowserContext:
    """Nothing leaves this machine: the page one leaves to is played by the test."""
    context.route(
        f"{ELSEWHERE}**", lambda route: route.fulfill(body="<title>Weather</title>", content_type="text/html")
    )
    return context


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = elsewhere_answers(browser.new_context())
    yield context.new_page()
    context.close()


def settled(page: Page) -> None:
    """The help page is kept, and the next page is served through the service worker."""
    page.evaluate("navigator.serviceWorker.ready")
    page.wait_for_function("navigator.serviceWorker.controller !== null")


def kept_databases(page: Page, site: Site) -> list[str]:
    page.goto(f"{site.base_url}/accounts/login/")
    names: list[str] = page.evaluate("indexedDB.databases().then((all) => all.map((one) => one.name))")
    return names


def signed_out(page: Page, site: Site) -> bool:
    page.goto(f"{site.base_url}/groups/")
    return "/accounts/login/" in page.url


def test_the_link_leaves_signs_out_and_back_shows_nothing(page: Page, site: Site, sign_in: SignIn) -> None:
    sign_in(page, site, "juniper@example.org", PASSWORD)
    page.goto(f"{site.base_url}/groups/")
    page.evaluate(KEEP_SOMETHING)
    page.goto(f"{site.base_url}/you/")
    page.get_by_role("link", name="Quick exit").click()
    page.wait_for_url(ELSEWHERE)
    page.go_back()
    page.wait_for_url("**/accounts/login/**")
    assert page.context.cookies() == [] or all(one["name"] != "sessionid" for one in page.context.cookies())
    assert "porchlight" not in kept_databases(page, site)


def test_shift_three_times_leaves_but_not_with_another_key_between(
    page: Page, site: Site, sign_in: SignIn
) -> None:
    sign_in(page, site, "juniper@example.org", PASSWORD)
    page.goto(f"{site.base_url}/you/")
    for key in ("Shift", "Shift", "a", "Shift", "Shift"):
        page.keyboard.press(key)
    expect(page.locator(".veil")).to_have_count(0)
    assert page.url == f"{site.base_url}/you/"
    page.keyboard.press("Shift")
    page.wait_for_url(ELSEWHERE)
    assert signed_out(page, site)


def test_slow_presses_do_not_leave(page: Page, site: Site) -> None:
    page.goto(f"{site.base_url}/accounts/login/")
    page.evaluate("""() => {
      const press = (at) => {
        const event = new KeyboardEvent("keydown", { key: "Shift", bubbles: true });
        Object.defineProperty(event, "timeStamp", { value: at });
        document.body.dispatchEvent(event);
      };
      press(0); press(3000); press(6000);
    }""")
    expect(page.locator(".veil")).to_have_count(0)


def test_the_link_leaves_without_javascript(browser: Browser, site: Site, sign_in: SignIn) -> None:
    context = elsewhere_answers(browser.new_context(java_script_enabled=False))
    page = sign_in(context.new_page(), site, "juniper@example.org", PASSWORD)
    page.get_by_role("link", name="Quick exit").click()
    page.wait_for_url(ELSEWHERE)
    assert signed_out(page, site)
    context.close()


def test_help_opens_without_a_connection_and_other_pages_say_why_not(
    page: Page, site: Site, sign_in: SignIn
) -> None:
    sign_in(page, site, "juniper@example.org", PASSWORD)
    settled(page)
    page.context.set_offline(True)
    page.goto(f"{site.base_url}/help/")
    expect(page.get_by_role("link", name="Call 988")).to_be_visible()
    assert "Juniper" not in page.content()
    page.goto(f"{site.base_url}/help/?country=IE")
    expect(page.get_by_role("link", name="Call 116 123")).to_be_visible()
    page.goto(f"{site.base_url}/groups/")
    expect(page.get_by_role("heading", name="No connection")).to_be_visible()


def test_leaving_without_a_connection_ends_the_sign_in_before_anything_else_opens(
    page: Page, site: Site, sign_in: SignIn
) -> None:
    sign_in(page, site, "juniper@example.org", PASSWORD)
    settled(page)
    page.context.set_offline(True)
    page.get_by_role("link", name="Quick exit").click()
    page.wait_for_url(ELSEWHERE)
    page.context.set_offline(False)
    assert signed_out(page, site)


def test_a_shared_phone_forgets_what_was_left_unsent(page: Page, site: Site) -> None:
    page.goto(f"{site.base_url}/accounts/login/")
    page.get_by_label("E-mail").fill("juniper@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Other people use this phone").check()
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{site.base_url}/")
    page.evaluate(KEEP_SOMETHING)
    assert [one["expires"] for one in page.context.cookies() if one["name"] == "sessionid"] == [-1]
    page.context.clear_cookies()  # as when the browser closes
    page.goto(f"{site.base_url}/accounts/login/")
    page.wait_for_function("indexedDB.databases().then((all) => all.length === 0)")


def test_a_phone_of_ones_own_keeps_it(page: Page, site: Site, sign_in: SignIn) -> None:
    sign_in(page, site, "juniper@example.org", PASSWORD)
    page.evaluate(KEEP_SOMETHING)
    page.context.clear_cookies()
    assert kept_databases(page, site) == ["porchlight"]

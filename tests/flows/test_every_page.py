"""Every page in a real browser: axe finds nothing, nothing scrolls sideways, and everything can be hit with a thumb."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Response

from tests.sites import Site

AXE = (Path(__file__).parent.parent / "vendor" / "axe.min.js").read_text()
PASSWORD = "the-light-is-on-tonight"
SignIn = Callable[[Page, Site, str, str], Page]

FOR_ANYONE = [
    "/accounts/login/", "/accounts/password/reset/", "/accounts/password/reset/done/", "/accounts/signup/",
    "/accounts/inactive/", "/accounts/password/reset/key/1-used/", "/help/", "/help/?country=IE", "/exit/about/",
    "/offline/", "/nowhere/",
]  # fmt: skip
SIGNED_IN = [
    "/", "/groups/", "/groups/the-porch/", "/groups/the-porch/people/", "/groups/after-a-loss/", "/you/",
    "/accounts/password/change/", "/accounts/logout/", "/nowhere/",
]  # fmt: skip
KEEPERS = ["/groups/parents-in-recovery/", "/groups/parents-in-recovery/people/"]

# What a thumb must hit: links in running text, and rows that are pressed as a whole, are exempt (WCAG 2.5.8).
TOO_SMALL = """[...document.querySelectorAll("a, button, input, select, textarea, summary")].filter((one) => {
  const box = one.getBoundingClientRect();
  const exempt = one.closest(".vh, .skip, p, li.read, dd, h3") || one.matches("[type=hidden], .pick input");
  return box.width && !exempt && box.height < 43.5;
}).map((one) => one.outerHTML.slice(0, 120))"""


def problems(page: Page) -> list[str]:
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate("axe.run({ resultTypes: ['violations'] })")
    return [f"{rule['id']}: {node['html'][:160]}" for rule in found["violations"] for node in rule["nodes"]]


def look_at(page: Page, site: Site, path: str) -> None:
    answer: Response | None = page.goto(site.base_url + path)
    assert answer is not None
    assert answer.status < 500, path
    width = page.viewport_size["width"] if page.viewport_size else 360
    # As tall as the page, or axe reports what lies under the bars that stick.
    page.set_viewport_size({"width": width, "height": max(740, page.evaluate("document.body.scrollHeight"))})
    assert problems(page) == [], path
    assert page.evaluate(TOO_SMALL) == [], path
    if width == 360:
        page.set_viewport_size({"width": 320, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, f"{path} scrolls sideways"
    page.set_viewport_size({"width": width, "height": 740})


@pytest.fixture(
    params=[("light", 360), ("dark", 360), ("light", 1280), ("dark", 1280)],
    ids=lambda one: f"{one[0]}-{one[1]}",
)
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    scheme, width = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 740}, color_scheme=scheme, service_workers="block"
    )
    yield context.new_page()
    context.close()


def test_pages_for_anyone(page: Page, site: Site) -> None:
    for path in FOR_ANYONE:
        look_at(page, site, path)


def test_pages_of_a_member(page: Page, site: Site, sign_in: SignIn) -> None:
    sign_in(page, site, "juniper@example.org", PASSWORD)
    page.goto(f"{site.base_url}/groups/the-porch/people/")
    profile = page.locator(".rows h3 a").first.get_attribute("href")
    for path in [*SIGNED_IN, str(profile)]:
        look_at(page, site, path)


def test_pages_of_someone_who_keeps_a_group(page: Page, site: Site, sign_in: SignIn) -> None:
    sign_in(page, site, "dogwood@example.org", PASSWORD)
    page.goto(f"{site.base_url}/groups/parents-in-recovery/people/")
    person = page.get_by_role("link", name="Change").first.get_attribute("href")
    for path in [*KEEPERS, str(person)]:
        look_at(page, site, path)


def test_errors_stand_at_their_fields_and_axe_is_content_with_them(page: Page, site: Site) -> None:
    page.goto(f"{site.base_url}/accounts/login/")
    page.get_by_label("E-mail").fill("wren@example.com")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    assert "don’t go together" in page.locator("#id_password_error").inner_text()
    assert page.get_by_label("E-mail").input_value() == "wren@example.com"
    assert problems(page) == []

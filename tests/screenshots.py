"""Take the README's pictures anew: the real thing, with its demo community, in headless Chromium.

make test                                  # once, for what it installs
.venv/bin/python -m tests.screenshots    # writes docs/screenshots/*.png
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.sites import ROOT, Site

CHROMIUM = "/usr/bin/chromium"
QUIETLY = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PASSWORD = "the-light-is-on-tonight"
Shot = tuple[str, str, str, int, int, Literal["light", "dark"]]
SHOTS: tuple[Shot, ...] = (
    ("home-360-light", "juniper", "/", 360, 780, "light"),
    ("room-360-light", "juniper", "/sessions/rooms/sunday-night-sharing/", 360, 780, "light"),
    ("room-1280-dark", "juniper", "/sessions/rooms/sunday-night-sharing/", 1280, 860, "dark"),
    ("calendar-360-light", "juniper", "/calendar/", 360, 780, "light"),
    ("chair-360-light", "alder", "/sessions/meetings/{meeting}/chair/", 360, 780, "light"),
)
MEETING = """
from community.calendar.models import Occurrence
print(Occurrence.objects.filter(event__title="The lamp is on").order_by("starts_at")[0].pk)
"""


def shoot(browser: Browser, site: Site) -> None:
    meeting = site.manage("shell", "--no-imports", "-c", MEETING).strip()
    for shot in SHOTS:
        name, who, path, width, height, scheme = shot
        if who == "alder":
            hold(browser, site, meeting)
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, device_scale_factor=1.5
        )
        page = sign_in(context.new_page(), site, who)
        page.goto(f"{site.base_url}{path.format(meeting=meeting)}")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=ROOT / "docs" / "screenshots" / f"{name}.png")
        context.close()


def sign_in(page: Page, site: Site, who: str) -> Page:
    page.goto(f"{site.base_url}/accounts/login/")
    page.get_by_label("E-mail").fill(f"{who}@example.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{site.base_url}/")
    return page


def hold(browser: Browser, site: Site, meeting: str) -> None:
    """Have a meeting go on: one has the floor, two wait for it, and one has asked for help."""
    door = f"{site.base_url}/sessions/meetings/{meeting}/"
    people = []
    for who in ("tamarack", "wren", "nine-pines"):
        page = sign_in(browser.new_page(), site, who)
        page.goto(door)
        page.get_by_role("button", name="Go in").click()
        page.wait_for_url("**/sessions/rooms/**")
        people.append(page)
    chair = sign_in(browser.new_page(), site, "alder")
    chair.goto(f"{door}chair/")
    for step in ("Welcome", "The circle"):
        chair.get_by_role("button", name=f"Begin {step}", exact=True).first.click()
        expect(chair.locator(".toc [aria-current]")).to_contain_text(step)
    chair.get_by_label("Only whoever has the floor").check()
    chair.get_by_role("button", name="Save").click()
    for place, page in enumerate(people, start=1):
        page.get_by_role("button", name="Raise my hand").click()
        expect(chair.locator("#line li[data-key^=line-]")).to_have_count(place)
    chair.get_by_role("button", name="Call Tamarack next").click()
    expect(chair.get_by_role("heading", name="Tamarack has the floor")).to_be_visible()
    people[1].get_by_role("link", name="I need help").first.click()
    people[1].get_by_role("textbox").first.fill("Is it all right if I just read?")
    people[1].locator("main form button.go, main form button[type=submit]").first.click()
    expect(chair.get_by_text("asked for help, privately")).to_be_visible()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder) / "site").lay()
        for command in (["migrate", "-v0"], ["collectstatic", "--noinput", "-v0"], ["seed_demo"]):
            site.manage(*command)
        site.start()
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIETLY)
                shoot(browser, site)
                browser.close()
        finally:
            site.stop()


if __name__ == "__main__":
    main()

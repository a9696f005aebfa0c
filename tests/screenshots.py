"""Take the README's pictures anew: the real thing, with its demo community, in headless Chromium.

make test                                  # once, for what it installs
.venv/bin/python -m tests.screenshots    # writes docs/screenshots/*.png
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, sync_playwright

from tests.sites import ROOT, Site

CHROMIUM = "/usr/bin/chromium"
QUIETLY = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PASSWORD = "the-light-is-on-tonight"
SHOTS: tuple[tuple[str, str, int, int, Literal["light", "dark"]], ...] = (
    ("home-360-light", "/", 360, 780, "light"),
    ("room-360-light", "/sessions/rooms/sunday-night-sharing/", 360, 780, "light"),
    ("room-1280-dark", "/sessions/rooms/sunday-night-sharing/", 1280, 860, "dark"),
)


def shoot(browser: Browser, site: Site) -> None:
    for name, path, width, height, scheme in SHOTS:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, device_scale_factor=1.5
        )
        page = context.new_page()
        page.goto(f"{site.base_url}/accounts/login/")
        page.get_by_label("E-mail").fill("juniper@example.org")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{site.base_url}/")
        page.goto(f"{site.base_url}{path}")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=ROOT / "docs" / "screenshots" / f"{name}.png")
        context.close()


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

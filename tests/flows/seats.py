"""A seat in a room: one signed-in browser with the room's page open, and the words for what a person does there."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from sessions.rooms.demo.seeding import PASSWORD
from tests.sites import Site

# The server itself says "here now": it can't know that this page will follow.
FOLLOWED = re.compile(r"people here|Only you are here")
SignIn = Callable[[Page, Site, str, str], Page]

# Several browsers and a server share the machine.
expect.set_options(timeout=15_000)

TEXTS = """
from community.live.models import Event
import orjson
for row in Event.objects.filter(log__room__slug="{room}", type="message.posted").order_by("seq"):
    print(row.seq, orjson.loads(row.payload)["data"].get("text", "(hidden)"))
"""


# Signing in once is enough: site and address -> what the browser keeps.
SIGNED_IN: dict[tuple[str, str], Any] = {}


class Seat:
    """`who` is the part before the @ of a demo member's address."""

    def __init__(
        self, browser: Browser, site: Site, sign_in: SignIn, who: str, room: str = "porch", **options: Any
    ) -> None:
        self.site = site
        self.room = room
        known = (str(site.folder), who)
        usual = {"viewport": {"width": 1280, "height": 900}, "service_workers": "block"}
        self.context = browser.new_context(**{**usual, "storage_state": SIGNED_IN.get(known), **options})
        self.page = self.context.new_page()
        self.enter()
        if "/accounts/login/" in self.page.url:
            sign_in(self.page, site, f"{who}@example.org", PASSWORD)
            SIGNED_IN[known] = self.context.storage_state()
            self.enter()

    def cut_off(self) -> None:
        """From now on pages load, and no way to the log opens."""
        self.page.route_web_socket(re.compile("/live/"), lambda socket: socket.close(code=1011))
        self.page.route(re.compile("//[^/]+/(live/|healthz)"), lambda route: route.abort())

    @property
    def path(self) -> str:
        return f"/sessions/rooms/{self.room}/"

    def enter(self) -> Seat:
        self.page.goto(self.site.base_url + self.path)
        return self

    def live(self) -> Seat:
        """Wait until the room is followed: whoever is here has been counted."""
        expect(self.page.locator("[data-here]")).to_have_text(FOLLOWED)
        return self

    @property
    def field(self) -> Locator:
        return self.page.locator("#words")

    @property
    def link(self) -> Locator:
        """The words about the link; empty when all is well."""
        return self.page.locator("[data-link]")

    @property
    def floor(self) -> Locator:
        return self.page.locator("[data-floor] > summary")

    @property
    def why(self) -> Locator:
        """Why one may not write."""
        return self.page.locator("[data-why]")

    @property
    def waiting(self) -> Locator:
        return self.page.locator("li[data-key]")

    def say(self, text: str) -> None:
        self.field.fill(text)
        self.page.get_by_role("button", name="Send", exact=True).click()

    def message(self, text: str) -> Locator:
        """The message with these words in it; those that wait are not messages yet."""
        return self.page.locator(".msg[data-by]", has=self.page.locator(".read, .gist", has_text=text))

    def sees(self, text: str, times: int = 1) -> None:
        expect(self.message(text)).to_have_count(times)

    def choose(self, text: str, what: str) -> None:
        """Press one of the things that can be done with a message."""
        menu = self.message(text).locator(".menu")
        menu.locator("summary").click()
        menu.get_by_role("button", name=what, exact=True).click()

    def order(self) -> list[str]:
        return self.page.locator(".msg[data-by] .read").all_inner_texts()

    def leave(self) -> None:
        self.context.close()


Sit = Callable[..., Seat]


def in_database(site: Site, room: str = "porch") -> list[str]:
    """What the log of the room holds, in its order."""
    printed = site.manage("shell", "--no-imports", "-c", TEXTS.format(room=room))
    return [line.split(" ", 1)[1] for line in printed.splitlines() if line[:1].isdigit()]

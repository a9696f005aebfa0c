"""In a real browser: whoever wants less data tells nobody that they write, hears of nobody, and misses no words."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Browser, WebSocket, expect

from tests.flows.seats import Seat, SignIn
from tests.sites import Site


def test_words_come_and_go_and_nothing_else_does(browser: Browser, site: Site, sign_in: SignIn) -> None:
    hers = Seat(browser, site, sign_in, "snowberry")
    hers.page.goto(f"{site.base_url}/you/settings/")
    hers.page.get_by_label("Send me less").check()
    hers.page.get_by_role("button", name="Save").click()
    expect(hers.page.get_by_text("Saved.")).to_be_visible()
    sent: list[dict[str, Any]] = []
    heard: list[dict[str, Any]] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", lambda words: sent.append(json.loads(words)))
        socket.on("framereceived", lambda words: heard.append(json.loads(words)))

    hers.page.on("websocket", listen)
    with hers.page.expect_event("websocket"):
        hers.enter()
    assert hers.page.locator(".log .msg").count() == 15
    his = Seat(browser, site, sign_in, "osprey").live()
    his.field.fill("Is anyone up?")
    his.field.press("Control+Enter")
    expect(hers.page.get_by_text("Is anyone up?")).to_be_visible()
    hers.field.press_sequentially("I am.", delay=20)
    hers.field.press("Control+Enter")
    expect(his.page.get_by_text("I am.", exact=True)).to_be_visible()
    assert {frame["t"] for frame in sent} & {"typing"} == set()
    assert {frame["t"] for frame in heard} & {"pres", "eph"} == set()
    assert "send" in {frame["t"] for frame in sent}
    his.leave()
    hers.leave()

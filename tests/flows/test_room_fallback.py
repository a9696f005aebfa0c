"""Networks that break one way into the room: the page finds another, loses nothing, says so quietly, and goes back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Request, WebSocketRoute, expect

from tests.flows.seats import Seat, SignIn, in_database
from tests.sites import Site

Sit = Callable[..., Any]
SOCKETS, STREAMS = re.compile("/live/$"), re.compile("/stream/")
SLOWER = "On a slower way in. Everything still arrives."
FIVE_MINUTES = 300_000
WAYS = ("stream", "poll")


class Network:
    """What stands between one page and the server: it lets through what it is told to, and remembers what was tried."""

    def __init__(self, seat: Seat) -> None:
        self.page = seat.page
        self.sockets = False
        self.streams = True
        self.holds_streams = False
        self.tried: list[str] = []
        self.page.route_web_socket(SOCKETS, self._socket)
        self.page.route(STREAMS, self._stream)
        self.page.on("request", self._note)

    def _socket(self, socket: WebSocketRoute) -> None:
        self.tried.append("socket")
        if self.sockets:
            socket.connect_to_server()
        else:
            socket.close(code=1011)

    def _stream(self, route: Any) -> None:
        if self.holds_streams:
            return  # as behind a proxy that waits for the end
        if self.streams:
            route.continue_()
        else:
            route.abort()

    def _note(self, request: Request) -> None:
        if request.method == "GET" and (found := re.search(r"/(stream|events)/\?", request.url)):
            self.tried.append("stream" if found[1] == "stream" else "poll")


class Held(Seat):
    """A seat whose network holds sockets back."""

    network: Network

    def behind(self, way: str) -> Held:
        self.network = Network(self)
        self.network.streams = way == "stream"
        self.page.clock.install()
        self.enter()
        expect(self.link).to_have_text(SLOWER)
        return self


@pytest.fixture
def sit(browser: Browser, house: Site, sign_in: SignIn, taken: list[Seat]) -> Sit:
    """`sit("juniper")`: that member's browser; with `way`, one whose network leaves only that way in."""

    def take(who: str, way: str = "socket") -> Seat:
        seat = Seat(browser, house, sign_in, who) if way == "socket" else Held(browser, house, sign_in, who)
        taken.append(seat)
        return seat.behind(way) if isinstance(seat, Held) else seat.live()

    return take


@pytest.mark.parametrize("way", WAYS)
def test_two_people_talk_when_one_of_them_has_only_that_way(sit: Sit, house: Site, way: str) -> None:
    juniper, wren = sit("juniper", way), sit("wren")
    assert juniper.network.tried[:2] == ["socket", "socket"]
    assert juniper.network.tried[-1] == way
    juniper.say(f"In by {way}.")
    wren.sees(f"In by {way}.")
    juniper.sees(f"In by {way}.")
    wren.say(f"Good to have you by {way}.")
    juniper.sees(f"Good to have you by {way}.")
    juniper.choose(f"Good to have you by {way}.", "Respond")
    juniper.message(f"Good to have you by {way}.").get_by_role("button", name="With you").click()
    expect(wren.message(f"Good to have you by {way}.").locator(".said")).to_have_text("With you 1")
    expect(juniper.message(f"Good to have you by {way}.").locator(".said")).to_have_text("With you 1")
    agreed = [f"In by {way}.", f"Good to have you by {way}."]
    assert in_database(house)[-2:] == agreed
    for seat in (juniper, wren):
        assert seat.order()[-2:] == agreed


@pytest.mark.parametrize("way", WAYS)
def test_what_is_written_without_a_link_goes_out_when_it_is_back(sit: Sit, house: Site, way: str) -> None:
    juniper, wren = sit("juniper", way), sit("wren")
    juniper.context.set_offline(True)
    expect(juniper.link).to_contain_text("The link is down.")
    juniper.say(f"First, without {way}.")
    juniper.say(f"Second, without {way}.")
    expect(juniper.waiting).to_have_count(2)
    expect(juniper.waiting.first).to_contain_text("Waiting for the link.")
    wren.say(f"Meanwhile, before {way}.")
    wren.sees(f"Meanwhile, before {way}.")
    juniper.context.set_offline(False)
    wren.sees(f"Second, without {way}.")
    expect(juniper.waiting).to_have_count(0)
    expect(juniper.link).to_have_text(SLOWER)
    agreed = [f"Meanwhile, before {way}.", f"First, without {way}.", f"Second, without {way}."]
    assert in_database(house)[-3:] == agreed
    for seat in (juniper, wren):
        expect(seat.message(agreed[-1])).to_have_count(1)
        assert seat.order()[-3:] == agreed


@pytest.mark.parametrize("way", WAYS)
def test_when_sockets_work_again_the_page_goes_back_to_them(sit: Sit, way: str) -> None:
    juniper, wren = sit("juniper", way), sit("wren")
    juniper.network.sockets = True
    juniper.network.tried.clear()
    juniper.page.clock.fast_forward(FIVE_MINUTES)
    expect(juniper.link).to_be_empty()
    assert "socket" in juniper.network.tried
    juniper.field.press_sequentially("Hm")
    expect(wren.page.locator("[data-typing]")).to_have_text("Juniper is writing")
    juniper.say(f"No more {way}.")
    wren.sees(f"No more {way}.")
    juniper.sees(f"No more {way}.")
    juniper.network.tried.clear()
    juniper.enter().live()
    assert juniper.network.tried == ["socket"]


def test_a_network_that_changes_is_tried_at_once(sit: Sit) -> None:
    juniper = sit("juniper", "stream")
    juniper.network.sockets = True
    juniper.page.evaluate("dispatchEvent(new Event('online'))")
    expect(juniper.link).to_be_empty()


def test_a_try_that_fails_is_not_noticed(sit: Sit) -> None:
    juniper, wren = sit("juniper", "stream"), sit("wren")
    juniper.network.tried.clear()
    juniper.page.evaluate("dispatchEvent(new Event('online'))")
    wren.say("Through all of it.")
    juniper.sees("Through all of it.")
    assert juniper.network.tried == ["socket"]
    expect(juniper.link).to_have_text(SLOWER)


def test_a_proxy_that_holds_the_stream_back_is_got_round(sit: Sit) -> None:
    juniper, wren = sit("juniper", "stream"), sit("wren")
    juniper.network.holds_streams = True
    juniper.network.tried.clear()
    with juniper.page.expect_request(STREAMS):
        juniper.enter()
    juniper.page.clock.run_for(11_000)
    expect(juniper.link).to_have_text(SLOWER)
    assert juniper.network.tried[0] == "stream"
    assert juniper.network.tried[-1] == "poll"
    wren.say("Round the proxy.")
    juniper.sees("Round the proxy.")


def test_a_page_remembers_the_way_that_worked(sit: Sit) -> None:
    juniper = sit("juniper", "poll")
    juniper.network.tried.clear()
    juniper.enter()
    expect(juniper.link).to_have_text(SLOWER)
    assert set(juniper.network.tried) == {"poll"}


@pytest.mark.parametrize("way", WAYS)
def test_what_was_seen_that_way_is_kept(sit: Sit, way: str) -> None:
    juniper, wren = sit("juniper", way), sit("wren")
    wren.say(f"Seen by {way}.")
    with juniper.page.expect_response(lambda answer: answer.request.method == "POST") as told:
        juniper.sees(f"Seen by {way}.")
        juniper.page.clock.run_for(2_000)
    assert told.value.json()["t"] == "ok"
    juniper.enter()
    newest = juniper.message(f"Seen by {way}.").get_attribute("id")
    assert newest == f"m{juniper.page.locator('[data-room]').get_attribute('data-read')}"


@pytest.mark.parametrize("way", WAYS)
def test_a_sign_in_that_ends_elsewhere_ends_this_way_too(sit: Sit, house: Site, way: str) -> None:
    juniper = sit("juniper", way)
    juniper.field.fill("Half a thought")
    elsewhere = juniper.context.request.get(f"{house.base_url}/accounts/logout/")
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', elsewhere.text())
    assert token
    juniper.context.request.post(
        f"{house.base_url}/accounts/logout/",
        form={"csrfmiddlewaretoken": token[1]},
        headers={"Referer": house.base_url},
    )
    expect(juniper.link).to_contain_text("You are signed out.")
    expect(juniper.field).to_have_value("Half a thought")


@pytest.mark.parametrize(("way", "who"), [("stream", "osprey"), ("poll", "heron")])
def test_whoever_is_removed_is_told_this_way_too(sit: Sit, way: str, who: str) -> None:
    nine_pines, removed = sit("nine-pines"), sit(who, way)
    removed.say(f"Last words by {way}.")
    nine_pines.choose(f"Last words by {way}.", "Remove from the group")
    dialog = nine_pines.page.get_by_role("dialog")
    dialog.get_by_label("Why, kept with the removal").fill("rule 4, again")
    dialog.get_by_role("button", name="Remove").click()
    expect(removed.link).to_contain_text("You are no longer in this room.")


def test_a_server_that_was_away_is_no_reason_for_a_slower_way(sit: Sit, house: Site) -> None:
    juniper = sit("juniper")
    house.stop()
    expect(juniper.link).to_contain_text("The link is down.")
    with juniper.page.expect_event("requestfailed", lambda request: "healthz" in request.url):
        juniper.page.get_by_role("button", name="Try now").click()
    house.start()
    juniper.page.get_by_role("button", name="Try now").click()
    expect(juniper.link).to_be_empty()
    juniper.live()

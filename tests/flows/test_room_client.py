"""The rules of the client: the real page in a real browser, against a server that the test plays, and plays badly."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.flows.seats import Seat, SignIn
from tests.sites import Site

Frame = dict[str, Any]
PATIENCE = 15.0
SOMEONE = {"id": "0f" * 10, "handle": "Somebody New"}


class Played:
    """The server's side of the socket: hears everything, and says what the test wants."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.sockets: list[WebSocketRoute] = []
        self.heard: list[Frame] = []
        self.window = 1024
        self.state: Frame = {}
        self.member: Frame | None = None
        self.answers_pings = True
        self._room: dict[str, str] = {}
        page.route_web_socket(re.compile("/live/"), self._connect)

    def _connect(self, socket: WebSocketRoute) -> None:
        self.sockets.append(socket)
        socket.on_message(lambda text: self._hear(socket, json.loads(text)))
        limits = {
            "text_chars": 2000,
            "window_events": self.window,
            "window_bytes": 262_144,
            "sends_per_min": 40,
        }
        member = self.member or {"id": self.room["me"], "handle": self.room["handle"]}
        self.say({"t": "welcome", "conn": "x", "member": member, "heartbeat_s": 20, "limits": limits})

    def _hear(self, socket: WebSocketRoute, frame: Frame) -> None:
        self.heard.append(frame)
        if frame["t"] == "sub":
            self.say(
                {"t": "subd", "id": frame["id"], "room": "porch", "epoch": frame["epoch"], "head": frame["since"],
                 "min_seq": 1, "since": frame["since"], "mode": "resume", "state": self.whole_state()}
            )  # fmt: skip
        elif frame["t"] == "ping" and self.answers_pings:
            self.say({"t": "pong", "n": frame["n"]})

    def whole_state(self) -> Frame:
        return {
            "phase": "open", "writes": "all", "crosstalk": True, "queue": [], "turn": None, "members": {},
            "can": ["write", "react", "raise"], "muted": False, "muted_until": None, "read": 0, "blocked": [],
        } | self.state  # fmt: skip

    @property
    def room(self) -> dict[str, str]:
        if not self._room:
            self._room = self.page.evaluate("({ ...document.querySelector('[data-room]').dataset })")
        return self._room

    @property
    def head(self) -> int:
        return int(self.room["head"])

    def say(self, frame: Frame) -> None:
        self.sockets[-1].send(json.dumps(frame))

    def event(
        self, after_head: int, kind: str = "message.posted", by: Frame | None = None, **data: Any
    ) -> Frame:
        if kind == "message.posted":
            words = data.setdefault("text", f"words {after_head}")
            data.setdefault("html", f"<p>{words}</p>")
        return {
            "seq": self.head + after_head, "type": kind, "by": by or SOMEONE, "at": "2026-03-04T19:00:00.000Z",
            "key": None, "data": data,
        }  # fmt: skip

    def post(
        self, after_head: int, kind: str = "message.posted", by: Frame | None = None, **data: Any
    ) -> None:
        self.say({"t": "ev", "room": "porch", **self.event(after_head, kind, by, **data)})

    def all(self, kind: str) -> list[Frame]:
        return [frame for frame in self.heard if frame["t"] == kind]

    def until(self, holds: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, f"never happened; heard {self.heard[-5:]}"
            self.page.wait_for_timeout(20)


@pytest.fixture
def juniper(browser: Browser, site: Site, sign_in: SignIn) -> Iterator[Seat]:
    seat = Seat(browser, site, sign_in, "juniper")
    yield seat
    seat.leave()


@pytest.fixture
def server(juniper: Seat) -> Played:
    """Played before the room is opened with `enter(juniper, server)`."""
    return Played(juniper.page)


def enter(seat: Seat, server: Played) -> None:
    seat.enter()
    server.until(lambda: server.all("sub"))


def words(seat: Seat) -> list[str]:
    return [text for text in seat.order() if text.startswith("words ")]


def test_what_came_already_is_passed_over_and_a_gap_asks_again(juniper: Seat, server: Played) -> None:
    enter(juniper, server)
    assert server.all("sub")[0] | {"id": 0} == {
        "t": "sub", "id": 0, "room": "porch", "epoch": server.room["epoch"], "since": server.head,
    }  # fmt: skip
    server.post(1)
    server.post(1, text="words again")
    server.post(3)
    server.until(lambda: len(server.all("sub")) == 2)
    assert server.all("sub")[1]["since"] == server.head + 1
    server.say({"t": "batch", "room": "porch", "ev": [server.event(2), server.event(3)]})
    juniper.sees("words 3")
    assert words(juniper) == ["words 1", "words 2", "words 3"]


def test_an_event_of_an_unknown_kind_and_a_skip_move_the_cursor(juniper: Seat, server: Played) -> None:
    enter(juniper, server)
    server.post(1, "moon.risen", colour="amber")
    server.post(2)
    server.say({"t": "skip", "room": "porch", "to": server.head + 9})
    server.post(10)
    juniper.sees("words 10")
    assert words(juniper) == ["words 2", "words 10"]
    assert len(server.all("sub")) == 1


def test_a_reset_forgets_all_before_it(juniper: Seat, server: Played) -> None:
    enter(juniper, server)
    server.post(1)
    juniper.sees("words 1")
    since = server.head + 40
    server.say(
        {"t": "subd", "id": 0, "room": "porch", "epoch": "5" * 32, "head": since + 1, "min_seq": 1, "since": since,
         "mode": "reset", "state": server.whole_state()}
    )  # fmt: skip
    server.post(41)
    juniper.sees("words 41")
    assert juniper.order() == ["words 41"]
    expect(juniper.page.locator("[data-earlier]")).to_have_attribute("href", f"?before={since + 1}")


def test_acks_come_at_a_quarter_of_the_window_or_after_a_second(juniper: Seat, server: Played) -> None:
    server.window = 16
    juniper.page.clock.install()
    enter(juniper, server)
    for number in range(1, 5):
        server.post(number)
    server.until(lambda: server.all("ack"))
    assert [ack["seq"] - server.head for ack in server.all("ack")] == [4]
    server.post(5)
    juniper.sees("words 5")
    juniper.page.clock.run_for(1_000)
    server.until(lambda: len(server.all("ack")) == 2)
    assert server.all("ack")[1]["seq"] == server.head + 5


@pytest.mark.parametrize(
    ("code", "says"), [(4401, "You are signed out."), (4403, "Your place here is paused.")]
)
def test_a_final_close_is_final(juniper: Seat, server: Played, code: int, says: str) -> None:
    juniper.page.clock.install()
    enter(juniper, server)
    server.sockets[-1].close(code=code)
    expect(juniper.link).to_contain_text(says)
    juniper.page.clock.run_for(120_000)
    assert len(server.sockets) == 1


def test_any_other_close_is_followed_by_another_try(juniper: Seat, server: Played) -> None:
    juniper.page.clock.install()
    # Waits of 5, 10 and 20 seconds: long enough to be seen, shorter than a heartbeat.
    juniper.page.add_init_script("Math.random = () => 10")
    enter(juniper, server)
    for number in range(2, 5):
        server.sockets[-1].close(code=1011)
        expect(juniper.link).to_contain_text("The link is down.")
        juniper.page.clock.run_for(19_900)
        server.until(lambda number=number: len(server.sockets) == number)  # type: ignore[misc]
    expect(juniper.link).to_be_empty()


def test_a_restart_is_waited_for_as_long_as_it_asks(juniper: Seat, server: Played) -> None:
    juniper.page.clock.install()
    enter(juniper, server)
    juniper.page.clock.pause_at(time.time() + 3600)
    server.say({"t": "gone", "code": "restart", "retry_ms": 9_000})
    juniper.page.clock.run_for(400)
    expect(juniper.link).to_contain_text("The link is down.")
    juniper.page.clock.run_for(8_500)
    assert len(server.sockets) == 1
    juniper.page.clock.run_for(200)
    server.until(lambda: len(server.sockets) == 2)


def test_a_link_that_says_nothing_is_taken_for_dead(juniper: Seat, server: Played) -> None:
    juniper.page.clock.install()
    enter(juniper, server)
    juniper.page.clock.run_for(25_000)
    server.until(lambda: server.all("ping"))
    assert len(server.sockets) == 1
    server.answers_pings = False
    juniper.page.clock.run_for(60_000)
    server.until(lambda: len(server.sockets) > 1)


def test_words_leave_only_over_a_link_of_whoever_wrote_them(juniper: Seat, server: Played) -> None:
    server.member = SOMEONE
    enter(juniper, server)
    juniper.say("words of Juniper")
    expect(juniper.waiting).to_have_count(1)
    server.post(1)
    juniper.sees("words 1")
    assert server.all("send") == []
    server.member = None
    server.sockets[-1].close(code=1011)
    server.until(lambda: server.all("send"))
    assert server.all("send")[0]["text"] == "words of Juniper"


def test_a_key_is_repeated_until_it_is_answered_and_the_order_kept(juniper: Seat, server: Played) -> None:
    enter(juniper, server)
    juniper.say("first")
    juniper.say("second")
    server.until(lambda: server.all("send"))
    server.sockets[-1].close(code=1011)
    server.until(lambda: len(server.all("send")) == 2)
    before, again = server.all("send")
    assert (before["key"], before["text"]) == (again["key"], again["text"]) == (before["key"], "first")
    server.say({"t": "ok", "id": again["id"], "room": "porch", "seq": server.head + 1, "dup": True})
    expect(juniper.waiting.first).to_contain_text("Sent")
    server.until(lambda: len(server.all("send")) == 3)
    assert server.all("send")[2]["text"] == "second"


def test_words_of_people_i_blocked_are_folded(juniper: Seat, server: Played) -> None:
    server.state = {"blocked": [SOMEONE["id"]]}
    enter(juniper, server)
    server.post(1, text="words 1")
    folded = juniper.page.locator(f"#m{server.head + 1}")
    expect(folded.locator("summary", has_text="A message from someone you blocked")).to_be_visible()
    expect(folded.get_by_text("words 1")).to_be_hidden()
    expect(juniper.page.locator("[data-announce]")).to_be_empty()


def test_help_that_is_meant_for_me_stands_above_the_field(juniper: Seat, server: Played) -> None:
    enter(juniper, server)
    card = {"title": "You are not alone with this", "text": "Someone can talk with you now."}
    server.say({"t": "you", "card": card})
    shown = juniper.page.get_by_role("alert")
    expect(shown).to_contain_text("You are not alone with this")
    expect(shown.get_by_role("link", name="Help now")).to_have_attribute("href", "/help/")
    shown.get_by_role("button", name="Not now").click()
    expect(shown).to_have_count(0)

"""Who asks too much waits: at the door, and at each question; nobody else does."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from community.live import door, engine
from community.live.clock import clock
from community.live.rate import (
    FRAMES_AT_ONCE,
    FRAMES_PER_SECOND,
    REMEMBERED,
    REST_SECONDS,
    Callers,
    Patience,
    callers,
    patience,
)

WREN, JUNIPER = 1, 2


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The engine's monotonic clock; a test moves it."""
    at = [1000.0]
    monkeypatch.setattr(clock, "monotonic", lambda: at[0])
    return at


def test_what_is_asked_at_an_easy_pace_costs_no_wait(now: list[float]) -> None:
    purse = Patience()
    for _ in range(1000):
        assert purse.charge(WREN, 1) == 0
        now[0] += 1 / FRAMES_PER_SECOND


def test_what_is_owed_is_paid_by_waiting_and_no_longer_than_that(now: list[float]) -> None:
    purse = Patience()
    assert purse.charge(WREN, FRAMES_AT_ONCE) == 0
    wait = purse.charge(WREN, 10)
    assert wait == pytest.approx(10 / FRAMES_PER_SECOND)
    now[0] += wait
    assert purse.charge(WREN, 0) == 0
    assert purse.charge(WREN, 1) > 0


def test_a_debt_is_never_longer_than_a_short_rest(now: list[float]) -> None:
    purse = Patience()
    assert purse.charge(WREN, 10**6) == REST_SECONDS
    now[0] += REST_SECONDS
    assert purse.charge(WREN, 0) == 0


def test_one_persons_debt_is_nobody_elses(now: list[float]) -> None:
    purse = Patience()
    assert purse.charge(WREN, 10**6) > 0
    assert purse.charge(JUNIPER, 1) == 0


def test_only_so_many_callers_are_remembered() -> None:
    known = Callers()
    for number in range(REMEMBERED + 1):
        assert known.remember(f"key {number}", number) is True
    assert known.recognise("key 0") is None
    assert known.recognise(f"key {REMEMBERED}") == REMEMBERED
    assert known.remember(f"key {REMEMBERED}", REMEMBERED) is False


# --- at the door -------------------------------------------------------------------------------------------------


class Arrivals:
    """An application behind the door; notes how long each of its callers had to wait."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.waits: list[float] = []
        self.let_in = 0
        monkeypatch.setattr(asyncio, "sleep", self._sleep)

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    async def application(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        assert door.REVOKED in scope
        self.let_in += 1

    async def come(self, cookie: bytes) -> float:
        """Arrive with this Cookie header; how long it took to be let in."""
        before = len(self.waits)
        scope = {"type": "websocket", "headers": [(b"host", b"localhost"), (b"cookie", cookie)]}
        await door.watched(self.application)(scope, None, None)
        return sum(self.waits[before:])


class NoHub:
    eviction_serial = 0


class NoEngine:
    hub = NoHub


@pytest.fixture
def arrivals(monkeypatch: pytest.MonkeyPatch, now: list[float]) -> Arrivals:
    async def start() -> Any:
        return NoEngine

    monkeypatch.setattr(engine, "start", start)
    return Arrivals(monkeypatch)


async def test_who_comes_back_again_and_again_waits_before_anyone_asks_who_it_is(arrivals: Arrivals) -> None:
    door.came_in("wrens-key", WREN)
    door.came_in("junipers-key", JUNIPER)
    waits = [await arrivals.come(b"theme=dark; sessionid=wrens-key") for _ in range(50)]
    assert waits[0] == 0
    assert waits == sorted(waits)
    assert waits[-1] == REST_SECONDS
    assert await arrivals.come(b"sessionid=junipers-key") == 0
    assert arrivals.let_in == 51


async def test_who_is_not_known_yet_is_charged_once_known(arrivals: Arrivals) -> None:
    assert await arrivals.come(b"sessionid=a-new-key") == 0
    before = patience.charge(WREN, FRAMES_AT_ONCE - door.CONNECT_COST)
    assert before == 0
    door.came_in("a-new-key", WREN)
    assert callers.recognise("a-new-key") == WREN
    assert await arrivals.come(b"sessionid=a-new-key") > 0


async def test_a_cut_for_breaking_the_protocol_is_paid_for_at_the_next_door(arrivals: Arrivals) -> None:
    door.came_in("wrens-key", WREN)
    assert await arrivals.come(b"sessionid=wrens-key") == 0
    patience.charge(WREN, door.CUT_COST)
    assert await arrivals.come(b"sessionid=wrens-key") > 1

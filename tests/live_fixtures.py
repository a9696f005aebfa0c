"""Fixtures for tests of the live engine: an engine in the test's process, servers in others, a clock, failpoints."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection, connections

from community.live import engine, failpoints
from community.live.clock import clock as engine_clock
from community.live.engine import Engine
from community.live.rate import callers, patience, rate
from community.members.models import Member
from tests.live_client import Enter, Talker, aside, connect_here, connect_to, sign_in
from tests.sites import Site

WAIT = 20.0
# The same examples in every run, and no wall clock: a busy machine is no failure.
hypothesis.settings.register_profile("house", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("house")


@dataclass
class SetClock:
    """The engine's clock, standing still until it is moved."""

    at: datetime = field(default_factory=lambda: datetime(2026, 3, 4, 19, 0, tzinfo=UTC))
    seconds: float = 1000.0

    def forward(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.seconds += seconds


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    moved = SetClock(at=datetime.now(UTC))
    monkeypatch.setattr(engine_clock, "now", lambda: moved.at)
    monkeypatch.setattr(engine_clock, "monotonic", lambda: moved.seconds)
    return moved


@pytest.fixture(autouse=True)
def full_purse() -> None:
    """Nobody has spent their sends in an earlier test."""
    rate._buckets.clear()
    rate._paid.clear()
    patience._buckets.clear()
    callers._members.clear()


SetHook = Callable[[str, Callable[..., Any]], None]


@pytest.fixture
def failpoint() -> Iterator[SetHook]:
    """`failpoint(name, hook)`: what happens at a named point of the engine during this test."""
    yield failpoints.hooks.__setitem__
    failpoints.hooks.clear()


class Stop:
    """A place where one thread is held: `reached` is set by it, `go` lets it on."""

    def __init__(self, when: Callable[..., bool] = lambda **facts: True) -> None:
        self.reached = threading.Event()
        self.go = threading.Event()
        self.when = when

    def __call__(self, **facts: Any) -> None:
        if not self.reached.is_set() and self.when(**facts):
            self.reached.set()
            assert self.go.wait(WAIT), "nobody let this thread on"

    def await_reached(self) -> None:
        assert self.reached.wait(WAIT), "no thread came here"


@pytest.fixture
async def live(transactional_db: None) -> AsyncIterator[Engine]:
    """The engine, on the test's own event loop."""
    running = await engine.start()
    yield running
    await engine.stop()
    # Channels' communicator keeps the thread that asked who is signed in from closing its connection.
    await sync_to_async(connections.close_all)()


@pytest.fixture
async def enter(live: Engine) -> AsyncIterator[Enter]:
    """`await enter(member, room)`: a socket of the member, welcomed, reading these rooms."""
    talkers: list[Talker] = []

    async def enter(member: Member, *rooms: Any, **how: Any) -> Talker:
        talker = await connect_here(await aside(sign_in, member), **how)
        talkers.append(talker)
        await talker.until("welcome")
        for room in rooms:
            assert (await talker.sub(room))["t"] == "subd"
        return talker

    yield enter
    for talker in talkers:
        await talker.close()


def on_this_database() -> dict[str, str]:
    """The environment of another process on the database (and Redis) of the tests themselves."""
    name = connection.settings_dict["NAME"]
    url = f"sqlite:///{name}"
    if connection.vendor == "postgresql":
        where = connection.settings_dict
        url = f"postgresql://{where['USER']}@{where['HOST']}:{where['PORT']}/{name}"
    environment = {
        "DATABASE_URL": url,
        "PORCHLIGHT_SECRET_KEY": settings.SECRET_KEY,
        "PORCHLIGHT_SENDS_PER_MIN": "100000",
    }
    if settings.REDIS_URL:
        environment["REDIS_URL"] = settings.REDIS_URL
    return environment


def _server(folder: Path) -> Site:
    return Site(folder, on_this_database()).start("--no-worker")


@pytest.fixture(scope="session")
def server(django_db_setup: None, sites_folder: Path) -> Iterator[Site]:
    """A server in another process, on the tests' own database, so that factories furnish it."""
    site = _server(sites_folder / "server-one")
    yield site
    site.clear()


@pytest.fixture(scope="session")
def second_server(server: Site, sites_folder: Path) -> Iterator[Site]:
    """Another server on the same database: with Redis, one house; without, only the database joins them."""
    site = _server(sites_folder / "server-two")
    yield site
    site.clear()


@pytest.fixture
async def visit(transactional_db: None) -> AsyncIterator[Enter]:
    """`await visit(server, member, room)`: like `enter`, over TCP."""
    talkers: list[Talker] = []

    async def visit(site: Site, member: Member, *rooms: Any, **how: Any) -> Talker:
        talker = await connect_to(site.base_url, await aside(sign_in, member), **how)
        talkers.append(talker)
        await talker.until("welcome")
        for room in rooms:
            assert (await talker.sub(room))["t"] == "subd"
        return talker

    yield visit
    for talker in talkers:
        await talker.close()

"""The servers that are measured. Each listens on 127.0.0.1 on a port of its own and is ended by its pid."""

from __future__ import annotations

import itertools
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from tests.load.generator import BenchFailed, Result
from tests.load.machine import process_tree
from tests.load.scenarios import BARE, OURS, TUTORIAL_REDIS
from tests.services import Service, answers, bound_to_us, free_port, start_redis
from tests.sites import ROOT, Site

STOP_SECONDS = 15
PEOPLE = 400  # at least so many: whoever opens a hundred sockets at once has to wait for most of them


class Contender(Protocol):
    name: str
    kind: str
    port: int
    pids: list[int]

    def start(self, rooms: int, readers: int) -> None:
        """Serve; be ready for this many readers in each of this many rooms."""

    def lines(self, rooms: int, readers: int) -> list[str]:
        """For each connection its room and the value of its session cookie."""

    def check(self, result: Result) -> str:
        """What is wrong with what a run left behind, or nothing."""

    def stop(self) -> None:
        """End the server."""


def slug(number: int) -> str:
    return f"bench-{number}"


class Ours:
    """`manage.py serve` as `make run` starts it: one process, SQLite, everybody signed in."""

    kind = "rooms"

    def __init__(self, folder: Path, name: str = OURS, synchronous: str = "FULL") -> None:
        self.name = name
        self.site = Site(
            folder,
            {
                "PORCHLIGHT_SQLITE_SYNCHRONOUS": synchronous,
                "PORCHLIGHT_SENDS_PER_MIN": "10000000",
                "PORCHLIGHT_ALLOW_LOADTEST": "1",
            },
        )
        self.port = self.site.port
        self.pids: list[int] = []
        self.cookies: list[str] = []

    def start(self, rooms: int, readers: int) -> None:
        self.site.lay()
        self.site.manage("migrate", "--no-input", "--verbosity", "0")
        self.site.manage("collectstatic", "--no-input", "--verbosity", "0")
        slugs = [slug(number) for number in range(rooms)]
        made = subprocess.run(
            [sys.executable, "-m", "tests.load.rooms", *slugs],
            cwd=ROOT, env=self.site.environment, capture_output=True, text=True,
        )  # fmt: skip
        if made.returncode:
            raise BenchFailed(f"the bench's rooms could not be made:\n{made.stderr}")
        # Every bench room belongs to one group, so its members may enter each of them.
        minted = self.site.manage("mint_sessions", "--room", slugs[0], "--count", str(max(readers, PEOPLE)))
        self.cookies = [json.loads(line)["cookie"] for line in minted.splitlines()]
        self.site.start()
        assert self.site.serving
        self.pids = process_tree(self.site.serving.process.pid)

    def lines(self, rooms: int, readers: int) -> list[str]:
        people = itertools.cycle(self.cookies)
        return [f"{slug(room)} {next(people)}" for room in range(rooms) for _ in range(readers)]

    def check(self, result: Result) -> str:
        """The database holds what was acknowledged, no more and no less, without a hole."""
        file = self.site.folder / "porchlight.sqlite3"
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            [kept] = database.execute(
                "SELECT count(*) FROM live_event WHERE key LIKE ?", [f"{result.run}-%"]
            ).fetchone()
            holes = database.execute(
                "SELECT count(*) FROM live_log"
                " WHERE last_seq != (SELECT count(*) FROM live_event WHERE log_id = live_log.id)"
            ).fetchone()[0]
        if kept != result.acked:
            return f"{result.acked} messages were acknowledged, and the database holds {kept}"
        return f"{holes} rooms have holes in their numbering" if holes else ""

    def stop(self) -> None:
        self.site.clear()


class Bare:
    """`websockets.broadcast` alone: no sign-in, nothing kept, nothing acknowledged."""

    name = BARE
    kind = "bare"

    def __init__(self) -> None:
        self.port = 0
        self.pids: list[int] = []
        self._process: subprocess.Popen[str] | None = None

    def start(self, rooms: int, readers: int) -> None:
        self._process = subprocess.Popen(
            [*bound_to_us("TERM"), sys.executable, "-m", "tests.load.bare"],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdout
        said = self._process.stdout.readline().strip()
        if not said.isdecimal():
            raise BenchFailed("the bare server did not start; see above")
        self.port = int(said)
        self.pids = process_tree(self._process.pid)

    def lines(self, rooms: int, readers: int) -> list[str]:
        return [f"{slug(room)} -" for room in range(rooms) for _ in range(readers)]

    def check(self, result: Result) -> str:
        return ""

    def stop(self) -> None:
        if self._process is not None:
            end(self._process)
            if self._process.stdout:
                self._process.stdout.close()
            self._process = None


class Tutorial:
    """The chat of Channels' tutorial under Daphne's own command, with the in-memory layer or with channels_redis."""

    kind = "tutorial"

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.folder = folder
        self.port = free_port()
        self.pids: list[int] = []
        self._daphne: Service | None = None
        self._redis: Service | None = None

    def start(self, rooms: int, readers: int) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        environment = dict(os.environ)
        if self.name == TUTORIAL_REDIS:
            self._redis = start_redis(self.folder)
            environment["TUTORIAL_REDIS_PORT"] = str(self._redis.port)
        options = ["--bind", "127.0.0.1", "--port", str(self.port), "--verbosity", "0"]
        self._daphne = Service.spawn(
            "Daphne", self.port,
            [*bound_to_us("TERM"), sys.executable, "-m", "daphne", *options, "tests.load.tutorial:application"],
            log=self.folder / "daphne.log", cwd=ROOT, environment=environment,
        )  # fmt: skip
        self._daphne.wait_until(lambda: answers(self.port))
        self.pids = process_tree(self._daphne.process.pid)
        if self._redis is not None:
            self.pids += process_tree(self._redis.process.pid)

    def lines(self, rooms: int, readers: int) -> list[str]:
        return [f"{slug(room)} -" for room in range(rooms) for _ in range(readers)]

    def check(self, result: Result) -> str:
        """It promises nothing: what it lost the report names."""
        return ""

    def stop(self) -> None:
        for service in (self._daphne, self._redis):
            if service is not None:
                end(service.process)
        self._daphne = self._redis = None


def end(process: subprocess.Popen[Any]) -> None:
    process.terminate()
    try:
        process.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def contender(name: str, folder: Path) -> Contender:
    """A server by the name that scenarios call it."""
    place = folder / name.replace(", ", "-").replace(" ", "-")
    match name:
        case "Porchlight":
            return Ours(place)
        case "Porchlight, NORMAL":
            return Ours(place, name, synchronous="NORMAL")
        case "bare broadcast":
            return Bare()
        case _:
            return Tutorial(place, name)

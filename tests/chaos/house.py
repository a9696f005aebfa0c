"""A whole house that can be hurt: PostgreSQL, Redis and servers of its own, each known by the pid that was started."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import psycopg

from tests import services
from tests.services import Service, bound_to_us, start_postgres, start_redis
from tests.sites import ROOT, Site

SECRET = "a-secret-of-the-tests-that-all-the-servers-of-one-house-share"
PLENTY = "10000000"
Row = tuple[int, str | None, str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Person:
    """`member` is the public id, `cookie` the value of the session cookie."""

    member: str
    handle: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Place:
    """A room of the house with people in it; `chair` facilitates, `keeper` moderates, `people` are plain members."""

    slug: str
    log_id: int
    epoch: str
    people: tuple[Person, ...]
    chair: Person
    keeper: Person


class Server(Site):
    """A `manage.py serve` of the house, started through tests/chaos/launch.py."""

    def start(self, *options: str) -> Server:
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "tests.chaos.launch", "serve", "--host", "127.0.0.1"]
        self.serving = Service.spawn(
            "serve",
            self.port,
            [*bound_to_us("TERM"), *command, "--port", str(self.port), "--no-worker", *options],
            log=self.folder / "serve.log",
            cwd=ROOT,
            environment=self.environment,
        )
        self.serving.wait_until(self.is_healthy, seconds=120)
        return self

    @property
    def pid(self) -> int:
        assert self.serving is not None
        return self.serving.process.pid

    def terminate(self) -> Service:
        """Ask it to end, without waiting."""
        assert self.serving is not None
        serving, self.serving = self.serving, None
        serving.process.terminate()
        return serving

    def resident_mib(self) -> float:
        """How much memory the server holds now."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise AssertionError("the kernel does not say")


class House:
    """Two servers, `first` and `second`, on one PostgreSQL and one Redis."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.furnished = 0
        self.places: list[Place] = []
        self.servers: list[Server] = []

    def build(self) -> House:
        self.folder.mkdir(parents=True)
        self.postgres = start_postgres(self.folder / "postgres")
        self.redis = start_redis(self.folder / "redis")
        self._arguments = self.postgres.process.args
        with self.database("postgres") as connection:
            connection.execute("CREATE DATABASE house")
        self.first, self.second = self.server("first"), self.server("second")
        self.first.manage("migrate", "--no-input", "--verbosity", "0")
        self.first.manage("collectstatic", "--no-input", "--verbosity", "0")
        self.open()
        return self

    def server(self, name: str, **environment: str) -> Server:
        """Another server of the house, not started yet."""
        server = Server(
            self.folder / name,
            {
                "DATABASE_URL": f"postgresql://porchlight@127.0.0.1:{self.postgres.port}/house",
                "REDIS_URL": f"redis://127.0.0.1:{self.redis.port}/0",
                "PORCHLIGHT_SECRET_KEY": SECRET,
                "PORCHLIGHT_SENDS_PER_MIN": PLENTY,
                **environment,
            },
        )
        self.servers.append(server)
        return server

    def open(self) -> None:
        """Start whichever of the two is not running."""
        for server in (self.first, self.second):
            if server.serving is None:
                server.start()

    def clear(self) -> None:
        for server in self.servers:
            server.clear()
        self.redis.stop()
        self.postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- what is in it -------------------------------------------------------------------------------------------

    def place(self) -> Place:
        """A room in which nothing has happened."""
        self.places = self.places or self.furnish(rooms=30, people=10)
        return self.places.pop()

    def furnish(self, rooms: int, people: int) -> list[Place]:
        """New rooms, each with the same new people in its group."""
        self.furnished += 1
        done = subprocess.run(
            [sys.executable, "-m", "tests.chaos.furnish", str(self.furnished), str(rooms), str(people)],
            cwd=ROOT, env=self.first.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        told = orjson.loads(done.stdout)
        chair, keeper, *members = [Person(**person) for person in told["people"]]
        return [
            Place(room["slug"], room["log_id"], room["epoch"], tuple(members), chair, keeper)
            for room in told["rooms"]
        ]

    @contextmanager
    def database(self, name: str = "house") -> Iterator[psycopg.Connection[Any]]:
        address = f"postgresql://porchlight@127.0.0.1:{self.postgres.port}/{name}"
        with psycopg.connect(address, autocommit=True) as connection:
            yield connection

    def rows(self, log_id: int) -> list[Row]:
        """All of a log as the database has it, in order: seq, key, type, data."""
        query = "SELECT seq, key, type, payload FROM live_event WHERE log_id = %s ORDER BY seq"
        with self.database() as connection:
            found = connection.execute(query, [log_id]).fetchall()
        return [(seq, key, kind, orjson.loads(payload)["data"]) for seq, key, kind, payload in found]

    def head(self, log_id: int) -> int:
        with self.database() as connection:
            row = connection.execute("SELECT last_seq FROM live_log WHERE id = %s", [log_id]).fetchone()
        assert row is not None
        return int(row[0])

    # --- hurting it ----------------------------------------------------------------------------------------------

    def stop_redis(self) -> None:
        self.redis.kill()

    def start_redis(self) -> None:
        self.redis = start_redis(self.folder / f"redis-{os.urandom(4).hex()}", self.redis.port)

    @contextmanager
    def frozen_redis(self) -> Iterator[None]:
        """Redis takes no step, and its connections stay open."""
        with frozen([self.redis.process.pid]):
            yield

    def stop_postgres(self) -> None:
        """An immediate stop, as a crash would: no connection is told, nothing is finished."""
        self.postgres.process.send_signal(signal.SIGQUIT)
        self.postgres.process.wait(timeout=services.STOP_SECONDS)

    def start_postgres(self) -> None:
        """The same cluster again, on the same port; it recovers from its log.

        To be called in the main thread: the kernel ends what a thread started when that thread ends.
        """
        ready = b"database system is ready to accept connections"
        before = self.postgres.log.read_bytes().count(ready)
        log = self.postgres.log
        command = self._arguments
        assert isinstance(command, Sequence)
        assert not isinstance(command, str | bytes)
        self.postgres = Service.spawn("PostgreSQL", self.postgres.port, [*map(str, command)], log=log)
        self.postgres.wait_until(lambda: log.read_bytes().count(ready) > before)

    @contextmanager
    def frozen_postgres(self) -> Iterator[None]:
        """PostgreSQL takes no step: the postmaster first, so that no process joins, then all of its own."""
        postmaster = self.postgres.process.pid
        with frozen([postmaster]), frozen(children(postmaster)):
            yield


def children(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has ended meanwhile
            if int(fields[1]) == pid:
                found.append(int(entry.name))
    return found


@contextmanager
def frozen(pids: list[int]) -> Iterator[None]:
    """These processes, all started by us, stand still inside the block."""
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)

"""Readers without a socket: what a pipe was given, and waiting for it without sleeping."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import orjson
import pytest
from django.db import transaction

from community.live import database, fanout, log
from community.live.connection import Connection
from community.live.domain import Command, Outcome
from community.live.frames import Frame
from community.live.hub import Hub
from community.live.log import Commit
from community.live.sockets import enter
from community.live.writer import Writer
from community.members.models import Member
from sessions.rooms.models import Room
from tests.live_client import aside, command, events_in, say
from tests.live_fixtures import WAIT, Stop

T = TypeVar("T")


def about(text: str) -> Callable[..., bool]:
    """Whether a failpoint was reached with a command that says this."""
    return lambda commands, **_: any(getattr(each.act, "text", None) == text for each in commands)


def passing(when: Callable[..., bool]) -> Stop:
    """A place where it is noted that a thread came by."""
    stop = Stop(when)
    stop.go.set()
    return stop


def fail_for(text: str, error: Exception, times: int = 1_000_000) -> Callable[..., None]:
    """A hook that fails as long as a batch says this, so often."""
    left = [times]

    def hook(commands: list[Command], **_: Any) -> None:
        if left[0] and about(text)(commands=commands):
            left[0] -= 1
            raise error

    return hook


async def patiently(awaitable: Awaitable[T]) -> T:
    """Wait, though the loop's own time may stand still. Raises TimeoutError after twenty real seconds."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(awaitable)
    alarm = threading.Timer(WAIT, loop.call_soon_threadsafe, [task.cancel])
    alarm.start()
    try:
        return await task
    except asyncio.CancelledError:
        raise TimeoutError("this did not come about") from None
    finally:
        alarm.cancel()


class Halt:
    """Where the event loop is held: `hook` is for `arrive`."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.go = asyncio.Event()
        self.times = 0

    async def hook(self, **facts: Any) -> None:
        self.times += 1
        self.reached.set()
        await patiently(self.go.wait())


class SlowRead:
    """A read of the log from its beginning whose answer is held after it was read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.read = asyncio.Event()
        self.go = asyncio.Event()
        self.holding = False
        in_database = database.in_database

        async def held(function: Any, *args: Any, **kwargs: Any) -> Any:
            answer = await in_database(function, *args, **kwargs)
            if self.holding and function is log.payloads_after and args[1] == 0:
                self.holding = False
                self.read.set()
                await patiently(self.go.wait())
            return answer

        monkeypatch.setattr(fanout, "in_database", held)


class HandTime:
    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self.loop = loop
        self.seconds = seconds

    async def forward(self, seconds: float) -> None:
        """Move on, and let what is due begin."""
        self.seconds += seconds
        for _ in range(5):
            await asyncio.sleep(0)


class RecordingPipe:
    """Takes every frame. What `stuck` says is what the network has not taken."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.stuck = 0
        self.paused = False
        self.closed: int | None = None
        self.came = asyncio.Event()
        self.connection: Connection

    def write(self, frame: Frame) -> int:
        self.frames.append(orjson.loads(frame.text))
        self.came.set()
        return self.stuck

    def buffered(self) -> int:
        return self.stuck

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def close(self, code: int) -> None:
        self.closed = code
        self.came.set()

    @property
    def events(self) -> list[dict[str, Any]]:
        return events_in(self.frames)

    @property
    def seqs(self) -> list[int]:
        return [event["seq"] for event in self.events]

    def of(self, t: str) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if frame["t"] == t]

    async def until(self, true: Callable[[], bool]) -> None:
        async def wait() -> None:
            while not true():
                self.came.clear()
                await self.came.wait()

        try:
            await patiently(wait())
        except TimeoutError:
            raise AssertionError(f"it never came; there were {self.frames[-20:]}") from None

    async def until_seq(self, seq: int) -> None:
        await self.until(lambda: seq in self.seqs)


async def attach(
    hub: Hub, member: Member, session_key: str, room: Room, since: int | None, pipe: RecordingPipe
) -> RecordingPipe:
    """Subscribe as a socket does: `since` a seq of the current epoch, or None for a reader without a past."""
    entered = await aside(enter, member, room.slug)
    assert entered is not None
    opened, head, _, reset_point = entered
    pipe.connection = Connection(member, session_key, pipe)
    hub.add(pipe.connection)
    hub.attach(pipe.connection, opened, head, reset_point if since is None else since)
    return pipe


class Held:
    """Commits on their way to a hub. `deliver` hands over the next one, or the one that is named; `drop` loses it."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.commits: list[Commit] = []

    def deliver(self, place: int = 0) -> None:
        self.hub.take([self.commits.pop(place)])

    def drop(self, place: int = 0) -> None:
        self.commits.pop(place)


async def written(room: Room, member: Member, *frames: dict[str, Any]) -> list[Outcome]:
    """Write these, one batch each, from a thread; what is published has been published when this returns."""

    def write_each() -> list[Outcome]:
        writer = Writer()
        return [writer.submit(command(room, member, frame)).result(WAIT) for frame in frames]

    return await aside(write_each)


def fill_room(room: Room, member: Member, count: int, text: str = "word") -> None:
    """So many messages in one batch."""
    with transaction.atomic():
        log.append(
            [
                Command(asked.opened, asked.author, asked.act)
                for number in range(count)
                for asked in [command(room, member, say(room, f"{text} {number}"))]
            ]
        )

"""A database that is away: said at once and to all, and never more than is known."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connections

from community.live.writer import Writer
from community.members.models import Member
from sessions.rooms.models import Room
from tests.live_client import code_of, command, events, say
from tests.live_fixtures import WAIT, Stop

BROKEN = OperationalError("the connection is broken")


def in_the_writer() -> bool:
    return threading.current_thread().name.startswith("writer")


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """`away(on_try)`: from now on the writer's thread can't connect; `on_try` is called each time it tries."""
    wrapper: Any = type(connections["default"])
    connect = wrapper.connect

    def go_away(on_try: Callable[[], object]) -> None:
        def refused(self: Any) -> None:
            if not in_the_writer():
                connect(self)
                return
            on_try()
            raise BROKEN

        monkeypatch.setattr(wrapper, "connect", refused)

    return go_away


def test_a_database_that_is_away_is_tried_once_a_batch_and_everyone_is_told(
    one_writer: Writer, room: Room, wren: Member, away: Callable[[Callable[[], object]], None]
) -> None:
    hold, tries = Stop(), []

    def on_try() -> None:
        tries.append(1)
        hold()

    away(on_try)
    answers = [one_writer.submit(command(room, wren, say(room)))]
    hold.await_reached()
    answers += [one_writer.submit(command(room, wren, say(room))) for _ in range(20)]
    hold.go.set()
    assert {code_of(answer.result(WAIT)) for answer in answers} == {"unavailable"}
    assert len(tries) == 2
    assert events(room) == []


def test_a_commit_that_nobody_confirmed_stays_unknown_when_the_database_is_away_then(
    one_writer: Writer,
    room: Room,
    wren: Member,
    away: Callable[[Callable[[], object]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrapper: Any = type(connections["default"])
    commit = wrapper._commit

    def commit_unheard(self: Any) -> None:
        commit(self)
        if in_the_writer():
            away(lambda: None)
            raise BROKEN

    monkeypatch.setattr(wrapper, "_commit", commit_unheard)
    answer = one_writer.submit(command(room, wren, say(room)))
    assert code_of(answer.result(WAIT)) == "unknown"
    assert len(events(room)) == 1

"""Somebody holds a lock and does nothing; and a page that writes beside a busy writer."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection, connections, transaction
from django.db.backends.sqlite3.base import DatabaseWrapper as DjangosWrapper

from community.live.domain import Committed
from community.live.models import Log
from community.live.writer import Writer
from community.members.models import Member
from sessions.rooms.models import Room
from tests.factories import GroupFactory, RoomFactory
from tests.live_client import code_of, command, events, say
from tests.live_fixtures import WAIT, SetHook, Stop
from tests.races.readers import about, passing

postgresql_only = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="only PostgreSQL locks rows")
sqlite_only = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="only SQLite has a gate")


@contextmanager
def frozen_holder(room: Room, *, freed_after_ms: int = 0) -> Iterator[None]:
    """Another process that holds the room's log (on SQLite: the write lock) and does nothing more."""
    place = connection.settings_dict
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(place["NAME"], isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            yield
            holder.execute("ROLLBACK")
        return
    connected = psycopg.connect(
        host=place["HOST"], port=place["PORT"], user=place["USER"], dbname=place["NAME"], autocommit=True
    )
    with closing(connected) as holder:
        holder.execute(f"SET idle_in_transaction_session_timeout = {freed_after_ms}".encode())
        holder.execute("BEGIN")
        holder.execute("SELECT id FROM live_log WHERE id = %s FOR UPDATE", [room.log_id])
        yield
        if freed_after_ms:
            with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout):
                holder.execute("ROLLBACK")


def hurry(commands: Any) -> None:
    """The writer's patience, cut from seconds to a fifth of one for this test."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL lock_timeout = 200" if connection.in_atomic_block else "PRAGMA busy_timeout = 200"
        )


@pytest.fixture
def beginnings(failpoint: SetHook) -> list[int]:
    """The size of every transaction that was tried, each in a hurry."""
    sizes: list[int] = []

    def begin(commands: Any) -> None:
        sizes.append(len(commands))
        hurry(commands)

    failpoint("writer.begun" if connection.vendor == "postgresql" else "writer.beginning", begin)
    return sizes


def test_behind_a_frozen_lock_holder_a_write_is_unavailable_and_the_same_key_succeeds_later(
    one_writer: Writer, room: Room, wren: Member, beginnings: list[int]
) -> None:
    frame = say(room, "patience")
    with frozen_holder(room):
        refused = one_writer.submit(command(room, wren, frame)).result(WAIT)
        assert code_of(refused) == "unavailable"
        assert refused.retry  # type: ignore[union-attr]
        assert events(room) == []
    assert one_writer.submit(command(room, wren, frame)).result(WAIT) == Committed(1)


def test_many_writes_behind_a_frozen_lock_holder_wait_for_it_together_and_not_one_after_the_other(
    one_writer: Writer, room: Room, wren: Member, beginnings: list[int], failpoint: SetHook
) -> None:
    held = Stop(about("first"))
    failpoint("log.locked", held)
    first = one_writer.submit(command(room, wren, say(room, "first")))
    held.await_reached()
    later = [one_writer.submit(command(room, wren, say(room, f"{number}"))) for number in range(20)]
    committed = Stop()
    failpoint("log.committed", committed)
    held.go.set()
    committed.await_reached()
    with frozen_holder(room):
        committed.go.set()
        assert first.result(WAIT) == Committed(1)
        assert {code_of(future.result(WAIT)) for future in later} == {"unavailable"}
    assert beginnings == [1, 20]


@postgresql_only
def test_a_frozen_lock_holder_in_one_room_leaves_the_other_rooms_alone(
    one_writer: Writer, room: Room, wren: Member, beginnings: list[int], failpoint: SetHook
) -> None:
    others = [RoomFactory(group=GroupFactory()) for _ in range(2)]
    same_thread = next(each for each in others if (each.log_id - room.log_id) % 2 == 0)
    held = Stop(about("first"))
    failpoint("log.locked", held)
    with frozen_holder(room):
        first = one_writer.submit(command(same_thread, wren, say(same_thread, "first")))
        held.await_reached()
        stuck = [one_writer.submit(command(room, wren, say(room, f"{number}"))) for number in range(5)]
        free = [
            one_writer.submit(command(same_thread, wren, say(same_thread, f"{number}")))
            for number in range(5)
        ]
        held.go.set()
        assert first.result(WAIT) == Committed(1)
        assert [future.result(WAIT) for future in free] == [Committed(seq) for seq in range(2, 7)]
        assert {code_of(future.result(WAIT)) for future in stuck} == {"unavailable"}


@postgresql_only
def test_the_database_itself_ends_a_holder_that_idles_in_its_transaction(
    one_writer: Writer, room: Room, wren: Member
) -> None:
    with frozen_holder(room, freed_after_ms=300):
        assert one_writer.submit(command(room, wren, say(room))).result(WAIT) == Committed(1)


@postgresql_only
def test_our_own_connections_give_up_a_lock_and_an_idle_transaction(transactional_db: None) -> None:
    with connection.cursor() as cursor:
        found = {}
        for name in ("lock_timeout", "idle_in_transaction_session_timeout"):
            cursor.execute(f"SHOW {name}")
            found[name] = cursor.fetchone()[0]
    assert found == {"lock_timeout": "8s", "idle_in_transaction_session_timeout": "15s"}


# --- pages beside a busy writer, on SQLite -----------------------------------------------------------------------


Tickets = list[str]


@pytest.fixture
def tickets(failpoint: SetHook) -> Tickets:
    """Who got to write, in order."""
    got: Tickets = []
    failpoint("log.locked", lambda commands: got.append(commands[0].act.text))
    return got


def page_write(room: Room, tickets: Tickets, name: str) -> None:
    try:
        with transaction.atomic():
            tickets.append(name)
            Log.objects.filter(pk=room.log_id).update(tags=room.log.tags)
    finally:
        connections.close_all()


@sqlite_only
def test_a_page_writes_before_the_batch_that_came_after_it_however_busy_the_writer_is(
    one_writer: Writer, room: Room, wren: Member, failpoint: SetHook, tickets: Tickets
) -> None:
    held, asked = Stop(about("batch 1")), passing(lambda **_: True)
    failpoint("log.saved", held)
    first = one_writer.submit(command(room, wren, say(room, "batch 1")))
    held.await_reached()
    failpoint("gate.waiting", asked)
    with ThreadPoolExecutor(1) as pool:
        page = pool.submit(page_write, room, tickets, "page")
        asked.await_reached()
        later = [one_writer.submit(command(room, wren, say(room, "batch 2"))) for _ in range(30)]
        assert tickets == ["batch 1"]
        held.go.set()
        page.result(WAIT)
    assert first.result(WAIT) == Committed(1)
    assert later[-1].result(WAIT) == Committed(31)
    assert tickets == ["batch 1", "page", "batch 2"]


@sqlite_only
def test_pages_get_to_write_in_the_order_in_which_they_asked(
    one_writer: Writer, room: Room, wren: Member, failpoint: SetHook, tickets: Tickets
) -> None:
    held = Stop(about("batch 1"))
    failpoint("log.saved", held)
    one_writer.submit(command(room, wren, say(room, "batch 1")))
    held.await_reached()
    waiting = threading.Semaphore(0)
    failpoint("gate.waiting", waiting.release)
    with ThreadPoolExecutor(5) as pool:
        pages = []
        for number in range(5):
            pages.append(pool.submit(page_write, room, tickets, f"page {number}"))
            assert waiting.acquire(timeout=WAIT)
        held.go.set()
        for page in pages:
            page.result(WAIT)
    assert tickets == ["batch 1", *(f"page {number}" for number in range(5))]


@sqlite_only
@pytest.mark.parametrize(
    "how", ["a failing statement", "a failing commit", "a rollback", "a closed connection"]
)
def test_the_gate_is_left_whatever_ends_the_transaction(
    room: Room, transactional_db: None, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_commit(self: Any) -> None:
        raise OperationalError("disk full")

    def end_badly() -> None:
        with transaction.atomic():
            Log.objects.filter(pk=room.log_id).update(tags=" ")
            match how:
                case "a failing statement":
                    with connection.cursor() as cursor:
                        cursor.execute("UPDATE nowhere SET nothing = 1")
                case "a failing commit":
                    monkeypatch.setattr(DjangosWrapper, "_commit", no_commit)
                case "a rollback":
                    raise RuntimeError("changed my mind")
                case "a closed connection":
                    connections["default"].connection.close()

    def aside(work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(Exception):  # noqa: B017, PT011 - each way fails with an error of its own
            pool.submit(aside, end_badly).result(WAIT)
        monkeypatch.undo()
        pool.submit(aside, lambda: page_write(room, [], "page")).result(WAIT)
    assert Log.objects.get(pk=room.log_id).tags != " "

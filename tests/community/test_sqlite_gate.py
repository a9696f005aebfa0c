"""The gate before SQLite: who asked first writes first, and whatever ends a transaction opens it for the next.

On a database file of the test's own, so that it is tested in every run, whatever the tests' own database is.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from django.db import DatabaseError, transaction
from django.db.utils import ConnectionHandler

from community.live.sqlite.base import Gate, gate_for
from tests.live_fixtures import WAIT, SetHook

OPTIONS = {"transaction_mode": "IMMEDIATE", "timeout": 20}


@pytest.fixture
def handler(transactional_db: None, tmp_path: Path) -> Iterator[ConnectionHandler]:
    """Connections of Django's own, one a thread, to a small database of this test."""
    scratch = ConnectionHandler(
        {
            "default": {
                "ENGINE": "community.live.sqlite",
                "NAME": str(tmp_path / "scratch.sqlite3"),
                "OPTIONS": OPTIONS,
            }
        }
    )
    with pytest.MonkeyPatch.context() as instead:
        instead.setattr(transaction, "connections", scratch)
        write(scratch, "CREATE TABLE said (word text UNIQUE)")
        yield scratch
        scratch.close_all()


def write(handler: ConnectionHandler, statement: str) -> None:
    with transaction.atomic(using="default"), handler["default"].cursor() as cursor:
        cursor.execute(statement)


def words(handler: ConnectionHandler) -> list[str]:
    with handler["default"].cursor() as cursor:
        cursor.execute("SELECT word FROM said ORDER BY rowid")
        return [word for (word,) in cursor.fetchall()]


class Crowd:
    """Threads that come to a gate one after the other: each is at the gate before the next one starts."""

    def __init__(self, failpoint: SetHook) -> None:
        self.waiting = threading.Semaphore(0)
        self.threads: list[threading.Thread] = []
        failpoint("gate.waiting", self.waiting.release)

    def send(self, work: object, *args: object) -> None:
        thread = threading.Thread(target=work, args=args)  # type: ignore[arg-type]
        self.threads.append(thread)
        thread.start()
        assert self.waiting.acquire(timeout=WAIT), "nobody waits at the gate"

    def join(self) -> None:
        for thread in self.threads:
            thread.join(WAIT)
            assert not thread.is_alive()


def test_a_gate_is_given_in_the_order_in_which_it_was_asked_for(failpoint: SetHook) -> None:
    gate, crowd = Gate(), Crowd(failpoint)
    came: list[int] = []

    def pass_through(number: int) -> None:
        gate.acquire()
        came.append(number)
        gate.release()

    gate.acquire()
    for number in range(8):
        crowd.send(pass_through, number)
    assert came == []
    gate.release()
    crowd.join()
    assert came == list(range(8))
    gate.acquire()
    gate.release()


def test_transactions_are_written_in_the_order_in_which_they_began(
    handler: ConnectionHandler, failpoint: SetHook
) -> None:
    crowd = Crowd(failpoint)

    def say(word: str) -> None:
        write(handler, f"INSERT INTO said VALUES ('{word}')")  # noqa: S608
        handler["default"].close()

    with transaction.atomic(using="default"):
        for word in "abcde":
            crowd.send(say, word)
        with handler["default"].cursor() as cursor:
            cursor.execute("INSERT INTO said VALUES ('first')")
    crowd.join()
    assert words(handler) == ["first", *"abcde"]


@pytest.mark.parametrize("end", ["raises", "breaks a rule", "loses its connection", "cannot commit"])
def test_whatever_ends_a_transaction_lets_the_next_one_in(
    handler: ConnectionHandler, failpoint: SetHook, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    crowd = Crowd(failpoint)
    write(handler, "INSERT INTO said VALUES ('there')")

    def say_after() -> None:
        write(handler, "INSERT INTO said VALUES ('after')")
        handler["default"].close()

    def cannot_commit() -> None:
        raise DatabaseError

    with suppress(ZeroDivisionError, DatabaseError), transaction.atomic(using="default"):
        crowd.send(say_after)
        match end:
            case "raises":
                raise ZeroDivisionError
            case "breaks a rule":
                with handler["default"].cursor() as cursor:
                    cursor.execute("INSERT INTO said VALUES ('there')")
            case "loses its connection":
                handler["default"].close()
            case "cannot commit":
                monkeypatch.setattr(handler["default"], "_commit", cannot_commit)
    crowd.join()
    assert words(handler) == ["there", "after"]


def test_a_begin_that_fails_opens_the_gate_again(handler: ConnectionHandler) -> None:
    def fails() -> None:
        raise DatabaseError

    connection = handler["default"]
    connection.connect()
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(connection, "cursor", fails)
        with pytest.raises(DatabaseError), transaction.atomic(using="default"):
            pass
    connection.close()
    write(handler, "INSERT INTO said VALUES ('after')")
    assert words(handler) == ["after"]


def test_reading_waits_for_nobody(handler: ConnectionHandler) -> None:
    gate = gate_for(str(handler["default"].settings_dict["NAME"]))
    read: list[list[str]] = []

    def look() -> None:
        read.append(words(handler))
        handler["default"].close()

    with transaction.atomic(using="default"):
        assert gate._held
        reader = threading.Thread(target=look)
        reader.start()
        reader.join(WAIT)
    assert read == [[]]
    assert not gate._held

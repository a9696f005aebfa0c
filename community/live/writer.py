"""The writer: a queue before the log. What arrives while a batch commits forms the next one; a lone command waits for
nothing. One log belongs to one thread of the process.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import structlog
from django.db import DatabaseError, InterfaceError, connection, transaction

from community.live import failpoints, log
from community.live.domain import Code, Command, Outcome, Refuse

BATCH = 512
IDLE_SECONDS = 5.0
UNAVAILABLE = Refuse(
    Code.UNAVAILABLE, "The house can’t write that down just now. Try again shortly.", retry=True
)
UNKNOWN = Refuse(Code.UNKNOWN, "It isn’t known whether that was kept. Send it again to be sure.", retry=True)

logger = structlog.get_logger("community.live")
Reply = Callable[[Outcome], None]


@dataclass(slots=True)
class Submission:
    command: Command
    reply: Reply
    on_loop: bool


class Writer:
    """Runs commands through `log.append`. Start it in the process that serves; elsewhere commands run in the caller."""

    def __init__(self) -> None:
        self._queues: list[queue.SimpleQueue[Submission | None]] = []
        self._threads: list[threading.Thread] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def running(self) -> bool:
        return bool(self._threads)

    def start(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Start the threads: one on SQLite (several only wait for each other), two on PostgreSQL."""
        if self._threads:
            return
        self._loop = loop
        for number in range(2 if connection.vendor == "postgresql" else 1):
            inbox: queue.SimpleQueue[Submission | None] = queue.SimpleQueue()
            thread = threading.Thread(target=self._work, args=(inbox,), name=f"writer-{number}", daemon=True)
            self._queues.append(inbox)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Write what is queued, then end the threads."""
        for inbox in self._queues:
            inbox.put(None)
        for thread in self._threads:
            thread.join(timeout=20)
        self._queues, self._threads = [], []

    def submit(self, command: Command) -> Future[Outcome]:
        """Write one command; for threads. Raises RuntimeError inside a transaction: it would wait for itself."""
        if connection.in_atomic_block and self._threads:
            raise RuntimeError("submit() inside a transaction would wait for itself; use log.append()")
        future: Future[Outcome] = Future()
        if self._threads:
            self._put(Submission(command, future.set_result, on_loop=False))
        else:
            future.set_result(_run([command])[0])
        return future

    def post(self, command: Command, reply: Reply) -> None:
        """Write one command and have `reply` called on the event loop; for the event loop."""
        self._put(Submission(command, reply, on_loop=True))

    def _put(self, submission: Submission) -> None:
        self._queues[submission.command.opened.log_id % len(self._queues)].put(submission)

    def _work(self, inbox: queue.SimpleQueue[Submission | None]) -> None:
        ending = False
        while not ending:
            batch: list[Submission] = []
            try:
                item = inbox.get(timeout=IDLE_SECONDS)
            except queue.Empty:
                connection.close()
                continue
            while True:
                if item is None:
                    ending = True
                    break
                batch.append(item)
                if len(batch) == BATCH:
                    break
                try:
                    item = inbox.get_nowait()
                except queue.Empty:
                    break
            if batch:
                self._answer(batch, _run([submission.command for submission in batch]))
        connection.close()

    def _answer(self, batch: Sequence[Submission], outcomes: Sequence[Outcome]) -> None:
        on_loop = []
        for submission, outcome in zip(batch, outcomes, strict=True):
            if submission.on_loop:
                on_loop.append((submission.reply, outcome))
            else:
                submission.reply(outcome)
        if on_loop and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_reply_all, on_loop)


def _reply_all(answers: Sequence[tuple[Reply, Outcome]]) -> None:
    for reply, outcome in answers:
        try:
            reply(outcome)
        except Exception:
            logger.exception("reply_failed")


def _run(commands: Sequence[Command]) -> list[Outcome]:
    """One transaction for all; if that fails, one for each, so that one bad command harms only itself."""
    outcomes: list[Outcome] = []
    unsure = False
    try:
        return _transact(commands)
    except _Unreachable as error:
        _after_failure(error)
    except Exception as error:  # noqa: BLE001 - whatever it was, each command gets its own try
        _after_failure(error)
        if _waited_in_vain(error):
            return _room_by_room(commands)
        unsure = isinstance(error, _CommitFailed)
        try:
            for command in commands:
                # One by one: what was answered before a failure counts.
                outcomes.append(_alone(command, unsure, tries=1 if len(commands) == 1 else 2))  # noqa: PERF401
        except _Unreachable as gone:
            _after_failure(gone)
    # Who waits behind a database that is away is told so now, and not after as many timeouts as there are commands.
    return outcomes + [_unanswered(command, unsure) for command in commands[len(outcomes) :]]


def _alone(command: Command, unsure: bool, tries: int) -> Outcome:
    """One command in a transaction of its own. Raises _Unreachable."""
    for _ in range(tries):
        try:
            return _transact([command])[0]
        except _Unreachable:
            if not unsure:
                raise
            return _unanswered(command, unsure)
        except Exception as error:  # noqa: BLE001 - a writer thread outlives any command
            _after_failure(error)
            unsure = unsure or isinstance(error, _CommitFailed)
            if _waited_in_vain(error):
                break
    return _unanswered(command, unsure)


def _unanswered(command: Command, unsure: bool) -> Refuse:
    return UNKNOWN if unsure and command.key is not None else UNAVAILABLE


def _waited_in_vain(error: Exception) -> bool:
    """Whether someone else held a lock all the time: PostgreSQL's lock_not_available, SQLite's SQLITE_BUSY."""
    cause = error.__cause__
    return (
        getattr(cause, "sqlstate", "") == "55P03" or getattr(cause, "sqlite_errorname", "") == "SQLITE_BUSY"
    )


def _room_by_room(commands: Sequence[Command]) -> list[Outcome]:
    """Only the held room's commands are refused, and at once: each alone would wait as long again."""
    log_ids = {command.opened.log_id for command in commands}
    if len(log_ids) == 1 or connection.vendor == "sqlite":
        return [UNAVAILABLE] * len(commands)
    outcomes = {
        log_id: iter(_run([command for command in commands if command.opened.log_id == log_id]))
        for log_id in log_ids
    }
    return [next(outcomes[command.opened.log_id]) for command in commands]


class _Unreachable(Exception):
    """There is no connection to the database, and none to be had."""


class _CommitFailed(Exception):
    """COMMIT itself failed, so that the outcome is not known."""


def _transact(commands: Sequence[Command]) -> list[Outcome]:
    decided = False
    failpoints.reach("writer.beginning", commands=commands)
    try:
        connection.ensure_connection()
    except (DatabaseError, InterfaceError) as error:
        raise _Unreachable from error
    try:
        with transaction.atomic():
            failpoints.reach("writer.begun", commands=commands)
            outcomes = log.append(commands)
            decided = True
    except (DatabaseError, InterfaceError) as error:
        if decided:
            raise _CommitFailed from error
        raise
    return outcomes


def _after_failure(error: Exception) -> None:
    logger.warning("batch_failed", kind=type(error.__cause__ or error).__name__)
    if not connection.in_atomic_block:
        connection.close()


writer = Writer()


def submit(command: Command) -> Future[Outcome]:
    return writer.submit(command)

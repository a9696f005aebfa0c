"""Periodic jobs, registered in `AppConfig.ready`; one worker at a time runs each, by a lease in the database."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Q

from community.live.clock import clock
from community.live.models import Tick

logger = structlog.get_logger("community.live")

LEASE = timedelta(minutes=5)
ROUND_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Job:
    """`run` takes the time at which it is run (UTC) and must be safe to run twice.

    A job that runs `alongside` has a thread of its own in every worker, for it waits for other people's servers. It
    runs in all of them at once (each round anew, at once after a `wake`, or when it returned True), so it takes its
    own leases.
    """

    name: str
    every: timedelta
    run: Callable[[datetime], object]
    alongside: bool = False
    woken: threading.Event = field(default_factory=threading.Event)


_jobs: dict[str, Job] = {}


def register(
    name: str, *, every_seconds: float, run: Callable[[datetime], object], alongside: bool = False
) -> None:
    _jobs[name] = Job(name, timedelta(seconds=every_seconds), run, alongside)


def standings() -> dict[str, tuple[timedelta, datetime | None]]:
    """How often each job runs that leaves a trace, and when it ran last; one query."""
    ran = dict(Tick.objects.values_list("pk", "ran_at"))
    return {job.name: (job.every, ran.get(job.name)) for job in _jobs.values() if not job.alongside}


def wake(name: str) -> None:
    """Have this process's worker, if it has one, run a job that runs alongside now rather than in its next round."""
    _jobs[name].woken.set()


def run_due(now: datetime) -> list[str]:
    """Run the jobs whose time has come and which no other worker holds; the names of those that ran."""
    return _run([job for job in _jobs.values() if not job.alongside], now)


def run_once(now: datetime) -> list[str]:
    """The same with those that run alongside, one after another, until none has more to do."""
    alongside = [job for job in _jobs.values() if job.alongside]
    for job in alongside:
        while _attempt(job, now):
            pass
    return [*run_due(now), *(job.name for job in alongside)]


def _attempt(job: Job, now: datetime) -> bool:
    """Run a job; True when it has more to do."""
    try:
        return job.run(now) is True
    except (DatabaseError, InterfaceError):
        raise
    except Exception:
        logger.exception("tick_failed", job=job.name)
        return False


def _run(jobs: list[Job], now: datetime) -> list[str]:
    ran = []
    for job in jobs:
        if _claim(job, now):
            try:
                job.run(now)
                ran.append(job.name)
            except Exception:
                logger.exception("tick_failed", job=job.name)
            finally:
                # Only its own: a run longer than the lease may have been taken over.
                Tick.objects.filter(pk=job.name, lease_until=now + LEASE).update(lease_until=None)
    return ran


def _claim(job: Job, now: datetime) -> bool:
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    due = Q(ran_at__isnull=True) | Q(ran_at__lte=now - job.every)
    tick = Tick.objects.filter(pk=job.name)
    if not tick.exists():
        Tick.objects.get_or_create(pk=job.name)
    # Looked at before it is claimed, so that an idle worker writes nothing.
    if not tick.filter(free, due).exists():
        return False
    return bool(tick.filter(free, due).update(ran_at=now, lease_until=now + LEASE))


def run_forever(stop: threading.Event) -> None:
    """A worker's loop; ends soon after `stop` is set, and what runs alongside with it."""
    alongside = [
        threading.Thread(target=_run_alongside, args=(job, stop), name=f"worker-{job.name}", daemon=True)
        for job in _jobs.values()
        if job.alongside
    ]
    for thread in alongside:
        thread.start()
    while not stop.wait(ROUND_SECONDS):
        with _database_may_be_away():
            run_due(clock.now())
    connection.close()
    for thread in alongside:
        thread.join()


def _run_alongside(job: Job, stop: threading.Event) -> None:
    while not stop.is_set():
        job.woken.wait(min(ROUND_SECONDS, job.every.total_seconds()))
        job.woken.clear()
        with _database_may_be_away():
            while not stop.is_set() and _attempt(job, clock.now()):
                pass
    connection.close()


@contextmanager
def _database_may_be_away() -> Iterator[None]:
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        logger.warning("tick_without_database", kind=type(error).__name__)
        connection.close()

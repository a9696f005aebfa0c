"""Periodic jobs, registered in `AppConfig.ready`; one worker at a time runs each, by a lease in the database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
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
    """`run` takes the time at which it is run (UTC) and must be safe to run twice."""

    name: str
    every: timedelta
    run: Callable[[datetime], object]


_jobs: dict[str, Job] = {}


def register(name: str, *, every_seconds: float, run: Callable[[datetime], object]) -> None:
    _jobs[name] = Job(name, timedelta(seconds=every_seconds), run)


def run_due(now: datetime) -> list[str]:
    """Run the jobs whose time has come and which no other worker holds; the names of those that ran."""
    ran = []
    for job in _jobs.values():
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
    """A worker's loop; ends soon after `stop` is set."""
    while not stop.wait(ROUND_SECONDS):
        try:
            run_due(clock.now())
        except (DatabaseError, InterfaceError) as error:
            logger.warning("tick_without_database", kind=type(error).__name__)
            connection.close()
    connection.close()

"""Workers of the tests, and the clock that they go by."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from tests.live_fixtures import on_this_database
from tests.mail_server import MailServer
from tests.services import Service, bound_to_us
from tests.sites import ROOT, Site


class Hands:
    """The clock's hands: the time that every worker reads, from a file."""

    def __init__(self, file: Path, at: datetime) -> None:
        self.file = file
        self.set(at)

    def set(self, at: datetime) -> None:
        self.at = at
        fresh = self.file.with_suffix(".new")
        fresh.write_text(at.isoformat())
        fresh.replace(self.file)


@contextmanager
def workers(
    hands: Hands, server: MailServer, *, seed: int, kills: int, jobs: Sequence[str] = ()
) -> Iterator[Service]:
    """Two workers at a time, killed so many times; they run the ledger's job, and `jobs`."""
    environment = Site(hands.file.parent, on_this_database() | {"EMAIL_URL": server.url}).environment
    command = [sys.executable, "-m", "tests.mortal_workers", str(hands.file), str(seed), str(kills), *jobs]
    log = hands.file.with_name("workers.log")
    service = Service.spawn(
        "workers", 0, [*bound_to_us("TERM"), *command], log=log, cwd=ROOT, environment=environment
    )
    yield service
    service.stop()

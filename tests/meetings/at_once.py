"""Several things at the same moment, each in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from django.db import connection


def at_once(does: Sequence[Callable[[], object]]) -> None:
    """All of them in threads of their own, from one starting line."""
    start = threading.Barrier(len(does))
    failed: list[Exception] = []

    def run(what: Callable[[], object]) -> None:
        try:
            start.wait(30)
            what()
        except Exception as error:  # noqa: BLE001 - shown by the test
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[what]) for what in does]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []

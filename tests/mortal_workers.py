"""Workers that are killed: `python -m tests.mortal_workers CLOCK_FILE SEED KILLS [JOB…]` keeps two of them running.

Each is a fork that runs the worker's own loop on the time that stands in the clock's file. While there are kills left,
a fork is killed at a random named point of the ledger (SIGKILL by its own hand), or at a random moment by a timer that
the kernel keeps (SIGALRM, which nothing here catches); then another takes its place. Each death is a line of output.
"""

from __future__ import annotations

import ctypes
import os
import random
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

WORKERS = 2
POINTS = (
    "delivery.claiming", "delivery.claimed", "delivery.composed", "delivery.handing_over", "delivery.accepted",
    "delivery.marked",
)  # fmt: skip
PR_SET_PDEATHSIG = 1


def main(clock_file: Path, seed: int, kills: int, *jobs: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "community.config.settings")
    import django

    django.setup()
    chances = random.Random(seed)
    living: set[int] = set()

    def end(*_: Any) -> NoReturn:
        for pid in living:
            os.kill(pid, signal.SIGKILL)
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    while True:
        while len(living) < WORKERS:
            its_seed = chances.getrandbits(32)
            pid = os.fork()
            if pid == 0:
                work(clock_file, random.Random(its_seed), jobs, mortal=kills > 0)
            living.add(pid)
        pid, status = os.wait()
        living.discard(pid)
        kills -= 1
        say(f"died of {os.waitstatus_to_exitcode(status)}")


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


def work(clock_file: Path, chances: random.Random, jobs: Sequence[str], *, mortal: bool) -> NoReturn:
    from community.live import failpoints, ticks
    from community.live.clock import clock
    from community.notifications import kinds
    from community.notifications.actions import JOB
    from tests.letters import TOLD

    kinds.register(TOLD)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    clock.now = lambda: datetime.fromisoformat(clock_file.read_text())
    ticks.ROUND_SECONDS = 0.02
    ticks._jobs = {name: ticks._jobs[name] for name in (JOB, *jobs)}
    if mortal:
        place, passes = chances.choice(POINTS), chances.randrange(6)

        def die(**facts: Any) -> None:
            nonlocal passes
            if passes == 0:
                say(f"killed at {place}")
                os.kill(os.getpid(), signal.SIGKILL)
            passes -= 1

        failpoints.hooks[place] = die
        if chances.random() < 0.5:
            signal.setitimer(signal.ITIMER_REAL, 0.05 + chances.random())
    ticks.run_forever(threading.Event())
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])

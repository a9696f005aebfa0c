"""manage.py worker: the periodic jobs, in a process of their own."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from community.live import ticks
from community.live.clock import clock


class Command(BaseCommand):
    help = "Run the periodic jobs until SIGTERM; any number of workers may run beside each other."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="run what is due now, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            for name in ticks.run_once(clock.now()):
                self.stdout.write(name)
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        ticks.run_forever(stop)

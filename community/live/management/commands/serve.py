"""manage.py serve: the server, and by default the worker with it, in one process."""

from __future__ import annotations

import sys
import threading
from argparse import ArgumentParser
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from community.live import ticks


class Command(BaseCommand):
    help = "Serve Porchlight: pages and live rooms, and the periodic jobs unless --no-worker is given."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--no-worker", action="store_true", help="leave periodic jobs to `manage.py worker`"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        from community.live.server import Server

        module, name = settings.ASGI_APPLICATION.rsplit(".", 1)
        application = getattr(import_module(module), name)
        stop = threading.Event()
        worker = threading.Thread(target=ticks.run_forever, args=(stop,), name="worker", daemon=True)
        if not options["no_worker"]:
            worker.start()
        host, port = options["host"], options["port"]
        shown = "localhost" if host in {"127.0.0.1", "::1", "localhost"} else host

        def ready() -> None:
            self.stdout.write(f"Porchlight is at http://{shown}:{port}")
            self.stdout.flush()

        server = Server(
            application, hosts=["127.0.0.1" if host == "localhost" else host], port=port, on_ready=ready
        )
        server.run()
        stop.set()
        if worker.is_alive():
            worker.join(timeout=10)
        if server.failed:
            raise CommandError(f"Port {port} on {host} can't be used; is something else listening there?")
        sys.stdout.flush()

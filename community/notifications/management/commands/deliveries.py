"""manage.py deliveries: how the mail goes."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from community.notifications import access, actions
from community.notifications.models import Delivery


class Command(BaseCommand):
    help = "Count the deliveries by state; with --retry-dead, let those that could not be sent try again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--retry-dead", action="store_true")
        parser.add_argument(
            "--perhaps-sent",
            action="store_true",
            help="with --retry-dead: also those that may have arrived, which then come twice",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now()
        if options["retry_dead"]:
            again = actions.retry_all(at=at, perhaps_sent=options["perhaps_sent"])
            self.stdout.write(f"{again} will be tried again.")
        counts = access.counts_by_state()
        for state in Delivery.State:
            self.stdout.write(f"{counts.get(state.value, 0):>8}  {state.label}")
        health = access.queue_health(at)
        if health.late is not None:
            self.stdout.write(f"{int(health.late.total_seconds()):>8}  seconds that the oldest one due waits")

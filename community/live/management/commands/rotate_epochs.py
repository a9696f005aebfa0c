"""manage.py rotate_epochs: after a database restore, no reader's cursor may be trusted any more."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from community.live import retention


class Command(BaseCommand):
    help = (
        "Give every room's log a new epoch, so that all readers begin anew. Run it after restoring a backup."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{retention.rotate_epochs()} logs have a new epoch.")

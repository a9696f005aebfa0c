"""manage.py audit: verify the log of moderation and stewardship, set down a checkpoint, or read it."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from moderation.audit import checkpoints, words
from moderation.audit.models import AuditEntry
from moderation.audit.verify import verify


def counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


class Command(BaseCommand):
    help = "Verify the audit log, set down a checkpoint of it, or show its newest entries."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parts = parser.add_subparsers(dest="what", required=True)
        verifying = parts.add_parser("verify", help="find the first row that is not as it was written")
        setting_down = parts.add_parser(
            "checkpoint", help="set down where the log ends, outside the database"
        )
        for part in (verifying, setting_down):
            part.add_argument(
                "--checkpoints",
                type=Path,
                metavar="FILE",
                help="default: audit/checkpoints.jsonl in the data folder",
            )
        showing = parts.add_parser("show", help="the newest entries in words")
        showing.add_argument("--last", type=int, default=20, metavar="N", help="how many (default: 20)")

    def handle(self, *args: Any, what: str, **options: Any) -> None:
        match what:
            case "verify":
                self._verify(options["checkpoints"] or checkpoints.default_file())
            case "checkpoint":
                self._set_down(options["checkpoints"] or checkpoints.default_file())
            case _:
                self._show(options["last"])

    def _verify(self, file: Path) -> None:
        try:
            kept = checkpoints.read(file)
        except checkpoints.UnreadableCheckpoint as unreadable:
            raise CommandError(f"This line is no checkpoint: {unreadable}") from None
        found = verify(kept)
        if found:
            raise CommandError(
                "\n".join(["The audit log is not as it was written.", *(each.words for each in found)])
            )
        rows = AuditEntry.objects.count()
        against = (
            f"{counted(len(kept), 'checkpoint')} in {file}"
            if kept
            else f"no checkpoint: there is none in {file}"
        )
        self.stdout.write(
            f"The audit log is as it was written: {counted(rows, 'row')}, held against {against}."
        )

    def _set_down(self, file: Path) -> None:
        checkpoint = checkpoints.set_down(timezone.now(), file)
        self.stdout.write(
            checkpoint.line if checkpoint else "Nothing is recorded yet, so there is nothing to set down."
        )

    def _show(self, count: int) -> None:
        if count < 1:
            raise CommandError("--last takes a whole number from 1.")
        lines = words.last(count)
        self.stdout.write("\n".join(map(str, lines)) if lines else "Nothing is recorded yet.")

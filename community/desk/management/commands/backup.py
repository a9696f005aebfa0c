"""manage.py backup: a copy of the database, made while people write."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from community.desk import backups


class Command(BaseCommand):
    help = "Copy the whole database to a file, look whether it can be read, and note that it was done."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--into", type=Path, metavar="FOLDER", help="default: backups/ in the data folder"
        )
        parser.add_argument(
            "--keep", type=int, default=0, metavar="N", help="keep only the N newest; 0 keeps all"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["keep"] < 0:
            raise CommandError("--keep takes a whole number from 0.")
        try:
            copy = backups.make(options["into"] or backups.folder(), timezone.now(), keep=options["keep"])
        except (backups.BackupFailed, OSError) as error:
            raise CommandError(f"No backup was made. {error}") from None
        self.stdout.write(
            f"{copy} ({copy.stat().st_size:,} bytes). It holds what people said in confidence: "
            "encrypt it before it leaves this machine."
        )

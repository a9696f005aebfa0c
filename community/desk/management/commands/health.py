"""manage.py health: how the instance is, for people and for machines."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from community.desk import health


class Command(BaseCommand):
    help = "Say how the instance is; ends with 1 when something is broken."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object, for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now()
        findings = health.look(at)
        worst = health.worst(findings)
        if options["json"]:
            told = {"state": worst, "at": at.isoformat(), "parts": [asdict(finding) for finding in findings]}
            self.stdout.write(json.dumps(told))
        else:
            for finding in findings:
                self.stdout.write(
                    f"{finding.title}: {finding.state}. {finding.words} {finding.todo}".rstrip()
                )
        if worst == health.State.BROKEN:
            raise SystemExit(1)

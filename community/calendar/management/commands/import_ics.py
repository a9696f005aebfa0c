"""Put the events of an .ics file in a group's calendar, or only say what they would be."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from community.calendar import access, actions
from community.calendar.importing import BYTES_MAX, Planned, read_ics
from community.groups.models import Group
from community.members.models import Member

YEAR = timedelta(days=365)


def day(text: str) -> date:
    return date.fromisoformat(text)


class Command(BaseCommand):
    help = "Read an .ics file into a group's calendar. Prints each event with its dates as UTC instants."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--group", required=True, help="slug of the group")
        parser.add_argument("--host", required=True, help="e-mail address of the member who holds the events")
        parser.add_argument(
            "--dry-run", action="store_true", help="only say what would be put in the calendar"
        )
        parser.add_argument("--from", dest="since", type=day, help="first day of the dates printed (UTC)")
        parser.add_argument(
            "--until", type=day, help="the day after the last one printed; a year later if not given"
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        group = Group.objects.filter(slug=options["group"], kind=Group.Kind.GROUP).first()
        if group is None:
            raise CommandError(f"--group: there is no group {options['group']}.")
        host = Member.objects.filter(email__iexact=options["host"], is_active=True).first()
        if host is None:
            raise CommandError("--host: nobody who may sign in has this address.")
        reading = read_ics(self.contents(options["file"]), zone=host.time_zone)
        if reading.problems:
            raise CommandError("Nothing was imported.\n  " + "\n  ".join(map(str, reading.problems)))
        now = timezone.now()
        since = instant(options["since"]) if options["since"] else now
        until = instant(options["until"]) if options["until"] else since + YEAR
        if until <= since:
            raise CommandError("--until must be after --from.")
        told = ""
        if not options["dry_run"]:
            told = self.put(reading.events, group, host, now)
        self.print(reading.events, since, until, told, as_json=options["json"])

    def contents(self, file: Path) -> bytes:
        try:
            with file.open("rb") as opened:
                return opened.read(BYTES_MAX + 1)
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}.") from None

    def put(self, plans: list[Planned], group: Group, host: Member, now: datetime) -> str:
        try:
            new, updated = actions.import_events(
                plans=plans, group=group, kind=access.usual_kind(), host=host, at=now
            )
        except actions.NotYours as error:
            raise CommandError(
                f"Nothing was imported: {error} stands outside of the group already."
            ) from None
        return f"{new} new, {updated} updated."

    def print(
        self, plans: list[Planned], since: datetime, until: datetime, told: str, *, as_json: bool
    ) -> None:
        found = [(plan, plan.dates(since, until)) for plan in plans]
        if as_json:
            self.stdout.write(
                json.dumps([entry(plan, dates) for plan, dates in found], ensure_ascii=False, indent=1)
            )
            return
        for plan, dates in found:
            self.stdout.write(f"{plan.title} ({plan.uid})")
            for start, end in dates:
                self.stdout.write(f"  {written(start)} to {written(end)}")
        if told:
            self.stdout.write(told)


def entry(plan: Planned, dates: list[tuple[datetime, datetime]]) -> dict[str, Any]:
    return {
        "uid": plan.uid,
        "title": plan.title,
        "zone": plan.series.zone,
        "all_day": plan.series.all_day,
        "rule": str(plan.series.rule or ""),
        "occurrences": [{"start": written(start), "end": written(end)} for start, end in dates],
    }


def instant(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

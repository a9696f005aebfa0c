"""manage.py suspend_member: keep a member out of the whole place, or let them in again."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from community.members.models import Member, skeleton
from community.members.suspension import lift_suspension, suspend


class Command(BaseCommand):
    help = "Suspend a member: they are signed out everywhere at once and cannot sign in until it ends."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("handle", help="the member's handle")
        parser.add_argument("--reason", default="", help="why; kept with the restriction")
        parser.add_argument("--days", type=int, help="for how long (default: until lifted)")
        parser.add_argument("--lift", action="store_true", help="end a suspension instead")

    def handle(self, *args: Any, **options: Any) -> None:
        member = Member.objects.filter(handle_skeleton=skeleton(options["handle"])).first()
        if member is None:
            raise CommandError(f"Nobody here goes by “{options['handle']}”.")
        now = timezone.now()
        if options["lift"]:
            if not lift_suspension(member=member, by=None, at=now):
                raise CommandError(f"{member.handle} is not suspended.")
            self.stdout.write(f"{member.handle} may sign in again.")
            return
        if not options["reason"]:
            raise CommandError("Say why: --reason “…”.")
        days = options["days"]
        if days is not None and days < 1:
            raise CommandError("--days takes a whole number from 1.")
        suspend(
            member=member,
            by=None,
            reason=options["reason"],
            at=now,
            until=now + timedelta(days=days) if days else None,
        )
        self.stdout.write(f"{member.handle} is suspended{f' for {days} days' if days else ''}.")

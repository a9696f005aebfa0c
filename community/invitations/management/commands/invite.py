"""Invite from the command line: one person, several by one link, or everyone in a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from community.groups.models import Group, Membership
from community.house.access import house
from community.invitations import access, csvfile
from community.invitations.actions import making, uploading
from community.invitations.actions.making import ChargeForNobodyInParticular, Made, Offer
from community.invitations.actions.uploading import Defaults
from community.invitations.models import USES_MAX, Upload
from community.members.models import Member
from community.notifications.links import absolute

FOR_ONE = "Staff, and people who keep a group, are invited by mail: give --email, and not --print."


class Command(BaseCommand):
    help = "Invite someone by mail (--email), print a link for one or several people, or invite a whole file (--csv)."

    def add_arguments(self, parser: CommandParser) -> None:
        to = parser.add_mutually_exclusive_group()
        to.add_argument("--email", default="", help="send the link there; without, it is printed")
        to.add_argument(
            "--csv", type=Path, metavar="FILE", help="columns email, role, groups: everyone in it"
        )
        parser.add_argument("--role", default=Member.Role.ALUMNUS.value, choices=Member.Role.values)
        parser.add_argument(
            "--group", action="append", default=[], metavar="SLUG:ROLE", dest="groups",
            help="a group they will be in, as member, moderator or facilitator; may be repeated",
        )  # fmt: skip
        parser.add_argument(
            "--uses", type=int, default=1, help=f"how many may come by the link, up to {USES_MAX}"
        )
        parser.add_argument(
            "--days", type=int, default=None, help="how long it stands; else as the house has it"
        )
        parser.add_argument(
            "--print", action="store_true", dest="printed", help="print links instead of mailing them"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="with --csv: only say what each line comes to"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        options["days"] = options["days"] or house().invitation_days
        if options["csv"]:
            self._file(options)
        else:
            self._one(options)

    def _one(self, options: dict[str, Any]) -> None:
        address = options["email"].strip().lower()
        if address:
            self._check(address)
        if not 1 <= options["uses"] <= USES_MAX or (address and options["uses"] > 1):
            raise CommandError(f"A link is for 1 to {USES_MAX} people, and one that is mailed for one.")
        by_mail = not options["printed"]
        offer = Offer(
            address=address, role=options["role"], places=self._places(options["groups"]), uses=options["uses"],
            days=options["days"], by_mail=by_mail,
        )  # fmt: skip
        try:
            made = making.invite(offer=offer, by=None, at=timezone.now())
        except ChargeForNobodyInParticular:
            raise CommandError(FOR_ONE) from None
        if address and by_mail:
            self.stdout.write("The invitation is on its way by mail.")
        else:
            self.stdout.write(f"Shown only now: {link(made)}")

    def _file(self, options: dict[str, Any]) -> None:
        try:
            table = csvfile.read(options["csv"].read_bytes())
        except (OSError, csvfile.NotReadable) as why:
            raise CommandError(str(why)) from None
        places = self._places(options["groups"])
        if any(role != Membership.Role.MEMBER for _, role in places):
            raise CommandError("Roles in groups are said in the file, line by line.")
        defaults = Defaults(options["role"], [group.pk for group, _ in places], options["days"])
        now = timezone.now()
        with transaction.atomic():
            upload = uploading.keep(table=table, defaults=defaults, by=None, at=now)
            seen = uploading.preview(upload=upload, at=now)
            rows = uploading.results(upload=upload, at=now)
            if options["dry_run"] or not seen.can_be_confirmed:
                transaction.set_rollback(True)
                self._write(rows)
            else:
                self._invite(upload, not options["printed"])
        if not options["dry_run"] and not seen.can_be_confirmed:
            raise CommandError("Nobody was invited: see what stands beside each line.")

    def _invite(self, upload: Upload, by_mail: bool) -> None:
        now = timezone.now()
        try:
            made = uploading.confirm(upload=upload, by=None, at=now, by_mail=by_mail)
        except ChargeForNobodyInParticular:
            raise CommandError(FOR_ONE) from None
        links = {one.invitation.address: link(one) for one in made}
        rows = uploading.results(upload=upload, at=now)
        self._write(rows if by_mail else [[*row, links.get(row[1].lower(), "")] for row in rows])

    def _write(self, rows: Iterable[Sequence[str]]) -> None:
        self.stdout.write(csvfile.write(rows).decode("utf-8-sig"), ending="")

    def _check(self, address: str) -> None:
        try:
            validate_email(address)
        except ValidationError:
            raise CommandError(f"“{address}” is no e-mail address.") from None
        if access.has_account(address):
            raise CommandError("Someone here signs in with this address already.")

    def _places(self, texts: Iterable[str]) -> list[tuple[Group, str]]:
        return [self._place(text) for text in texts]

    def _place(self, text: str) -> tuple[Group, str]:
        slug, _, role = text.partition(":")
        group = access.groups_to_invite_into().filter(slug=slug).first()
        if group is None:
            raise CommandError(f"There is no group “{slug}”.")
        role = role or Membership.Role.MEMBER.value
        if role not in Membership.Role.values:
            roles = ", ".join(Membership.Role.values)
            raise CommandError(f"“{role}” is no role in a group; the roles are {roles}.")
        return group, role


def link(made: Made) -> str:
    return absolute(making.path_to(made.token))

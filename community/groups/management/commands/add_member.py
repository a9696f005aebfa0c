"""Let somebody in from the command line: the first steward, or anyone while there is no page for it."""

from __future__ import annotations

import secrets
import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from community.groups.models import Group, Membership
from community.members.models import Member, skeleton
from moderation.audit.actions import Subject, record, trail
from moderation.audit.verbs import Verb
from moderation.sanctions.models import EVERYWHERE

PASSWORD_BYTES = 18


class Command(BaseCommand):
    help = "Make a member. Prints a first password once, unless one is given with --password-stdin."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--handle", required=True, help="the only name that others see")
        parser.add_argument("--role", default=Member.Role.ALUMNUS.value, choices=Member.Role.values)
        parser.add_argument(
            "--group", action="append", default=[], metavar="SLUG:ROLE", dest="groups",
            help="also put them in a group, as member, moderator or facilitator; may be repeated",
        )  # fmt: skip
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )

    def handle(
        self,
        *args: Any,
        email: str,
        handle: str,
        role: str,
        groups: list[str],
        password_stdin: bool,
        **options: Any,
    ) -> None:
        places = [self._place(text) for text in groups]
        member = Member(email=email.strip().lower(), handle=" ".join(handle.split()), role=role)
        member.handle_skeleton = skeleton(member.handle)
        password = (
            sys.stdin.readline().rstrip("\n") if password_stdin else secrets.token_urlsafe(PASSWORD_BYTES)
        )
        try:
            validate_password(password, member)
            member.set_password(password)
            member.full_clean()
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        with transaction.atomic(), trail():
            member.save()
            self._record(Verb.MEMBER_ADDED, member, EVERYWHERE, role)
            for group, group_role in places:
                Membership.objects.create(group=group, member=member, role=group_role)
                self._record(Verb.GROUP_MEMBER_ADDED, member, group.tag, group_role)
        who = f"{member.handle} ({member.get_role_display().lower()})"
        self.stdout.write(f"{who} is in, and signs in as {member.email}.")
        if not password_stdin:
            self.stdout.write(f"First password, shown only now: {password}")

    def _record(self, verb: Verb, member: Member, scope: str, role: str) -> None:
        subject = Subject("member", member.pk)
        record(verb=verb, actor=None, subject=subject, scope=scope, facts={"as": role}, at=timezone.now())

    def _place(self, text: str) -> tuple[Group, str]:
        slug, _, role = text.partition(":")
        group = Group.objects.filter(slug=slug, kind=Group.Kind.GROUP).first()
        if group is None:
            raise CommandError(f"There is no group “{slug}”.")
        role = role or Membership.Role.MEMBER.value
        if role not in Membership.Role.values:
            raise CommandError(
                f"“{role}” is no role in a group; the roles are {', '.join(Membership.Role.values)}."
            )
        return group, role

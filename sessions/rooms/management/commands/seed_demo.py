"""Fill an empty house with the demo community, and print how to sign in to it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from sessions.rooms.demo.seeding import PASSWORD, HouseNotEmpty, demo_logins, seed_demo


class Command(BaseCommand):
    help = "Make the demo community (once; a second run changes nothing) and print its logins."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError(
                "The demo has members whose password is known to everyone, so it is never made in production "
                "(PORCHLIGHT_MODE=production)."
            )
        try:
            made = seed_demo(now=timezone.now())
        except HouseNotEmpty as found:
            raise CommandError(f"The demo needs a house of its own; this one already has: {found}.") from None
        self.stdout.write("The demo community is made." if made else "The demo community is here already.")
        self.stdout.write(f"\nDemo logins, all with the password {PASSWORD}\n\n")
        for login in demo_logins():
            self.stdout.write(f"  {login.who:<12} {login.handle:<11} {login.email}")
        self.stdout.write("")

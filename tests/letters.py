"""What the mail server got: tests send what waits in the ledger, as a worker would."""

from __future__ import annotations

from datetime import datetime

from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from community.notifications.delivering import deliver_due
from community.notifications.kinds import Kind

TOLD = Kind("tests.told", "Things of the tests", line="{who} said something")


def letters(at: datetime | None = None) -> list[EmailMultiAlternatives]:
    """Send all that is due; every mail that was sent in this test."""
    while deliver_due(at or timezone.now()):
        pass
    return [message for message in mail.outbox if isinstance(message, EmailMultiAlternatives)]

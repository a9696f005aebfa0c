"""What a member changes about themself."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from community.live import eviction
from community.members.handles import HandleTaken
from community.members.models import Member
from community.members.naming import HandlePaused, change_handle
from moderation.audit.actions import trail

__all__ = ["HandlePaused", "HandleTaken", "update_profile", "update_reading"]

ABOUT = ["pronouns", "about", "help_with", "help_words", "contact_from"]
READING = ["time_zone", "language", "theme", "text_size", "less_data", "less_motion"]


def update_profile(*, member: Member, at: datetime | None = None) -> Member:
    """Save what the member changed about themself, the handle too. Raises HandleRefused, HandleTaken, HandlePaused."""
    with transaction.atomic(), trail():
        change_handle(member=member, handle=member.handle, at=at or timezone.now())
        member.save(update_fields=[*ABOUT, *READING])
    return member


def update_reading(*, member: Member) -> Member:
    """Save how the member reads this place; open rooms come back with it."""
    with transaction.atomic():
        member.save(update_fields=READING)
        eviction.renew_member(member.pk)
    return member

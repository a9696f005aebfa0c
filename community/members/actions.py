"""What changes a member."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from community.members.models import Member


class HandleTaken(Exception):
    """Someone else goes by this handle, or by one that reads the same."""


def update_profile(*, member: Member) -> Member:
    """Save what the member changed about themself. Raises HandleTaken."""
    try:
        with transaction.atomic():
            member.save(
                update_fields=["handle", "handle_skeleton", "pronouns", "about", "time_zone", "theme"]
            )
    except IntegrityError:
        raise HandleTaken from None
    return member

"""Blocking someone, and taking it back. Neither is recorded: what a moderator can't read, nobody can be told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from community.live import eviction
from community.members.blocks.models import Block
from community.members.models import Member
from moderation.sanctions.models import EVERYWHERE

Told = Callable[[Member, Member, datetime], None]
_told: list[Told] = []


def on_block(told: Told) -> None:
    """Have something done within the transaction in which the first member blocks the second."""
    _told.append(told)


@transaction.atomic
def block(*, by: Member, whom: Member, at: datetime) -> Block:
    """Take two people out of each other's sight; the open rooms of `by` fold the other's words at once.

    A second block of the same person returns the first.
    """
    lock_both(by, whom)
    standing, made = Block.objects.get_or_create(by=by, whom=whom, defaults={"at": at})
    if made:
        for told in _told:
            told(by, whom, at)
        eviction.touch(by.pk, EVERYWHERE)
    return standing


@transaction.atomic
def unblock(*, by: Member, whom: Member) -> bool:
    """Take a block back; False when none stood. A conversation that it ended stays ended."""
    gone, _ = Block.objects.filter(by=by, whom=whom).delete()
    if gone:
        eviction.touch(by.pk, EVERYWHERE)
    return bool(gone)


def lock_both(one: Member, other: Member) -> None:
    """What is decided about two people is decided one thing after the other."""
    both = Member.objects.select_for_update(no_key=True).filter(pk__in=[one.pk, other.pk]).order_by("pk")
    list(both.values_list("pk", flat=True))

"""Ending a membership, against someone's will or by it: restriction, row, rooms and eviction go together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from community.groups.models import Group, JoinRequest, Membership
from community.live import eviction, log
from community.members.models import Member
from moderation.audit.actions import trail
from moderation.sanctions.actions import restrict
from moderation.sanctions.models import Restriction


def end_membership(*, group_id: int, member_id: int, by_id: int | None, reason: str, at: datetime) -> None:
    """Bar a member from a group and cut their sockets. The caller holds the locks of the group's logs."""
    tag = f"group:{group_id}"
    restrict(member_id=member_id, kind=Restriction.Kind.REMOVAL, scope=tag, by_id=by_id, reason=reason, at=at)
    Membership.objects.filter(group_id=group_id, member_id=member_id).delete()
    JoinRequest.objects.filter(group_id=group_id, member_id=member_id, answered_at__isnull=True).delete()
    eviction.evict(member_id, tag)


Told = Callable[[Group, Member, datetime], None]
_told: list[Told] = []
_told_of_leaving: list[Told] = []


def on_removal(told: Told) -> None:
    """Have something done within the transaction that removes a member from the group's page."""
    _told.append(told)


def on_leaving(told: Told) -> None:
    """Have something done within the transaction in which a member leaves a group of their own will."""
    _told_of_leaving.append(told)


def end_own_membership(*, group: Group, member: Member, at: datetime) -> bool:
    """End a membership whose member wants it, and cut their sockets. The caller holds the locks of the group's logs."""
    gone, _ = Membership.objects.filter(group=group, member=member).delete()
    eviction.evict(member.pk, group.tag, "left")
    for told in _told_of_leaving:
        told(group, member, at)
    return bool(gone)


@transaction.atomic
@trail()
def remove_member(*, group: Group, member: Member, by: Member, reason: str, at: datetime) -> None:
    """Remove a member from a group, from the group's page. Locks the group's logs first, so that what they were about
    to write either came before or is refused.
    """
    log.lock(log.tagged(group.tag))
    end_membership(group_id=group.pk, member_id=member.pk, by_id=by.pk, reason=reason, at=at)
    for told in _told:
        told(group, member, at)

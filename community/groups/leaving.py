"""What becomes of memberships when a member leaves the place as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from community.groups.models import Group, Membership
from community.groups.removal import end_own_membership
from community.live import log
from community.members.models import Member, here


def end_all_memberships(member: Member, at: datetime) -> None:
    """Within the caller's transaction: all logs first, in one order, then each group."""
    groups = list(Group.objects.filter(memberships__member=member).order_by("pk"))
    log.lock([pk for group in groups for pk in log.tagged(group.tag)])
    for group in groups:
        end_own_membership(group=group, member=member, at=at)
    member.join_requests.filter(answered_at__isnull=True).delete()


def groups_left_alone(member: Member) -> Iterator[str]:
    """A sentence for each group that others are in and that nobody but the member facilitates."""
    facilitated = Group.objects.filter(
        kind=Group.Kind.GROUP,
        memberships__in=Membership.objects.filter(member=member, role=Membership.Role.FACILITATOR),
    )
    others = Membership.objects.filter(here("member__")).exclude(member=member)
    for group in facilitated.filter(memberships__in=others).distinct():
        if not others.filter(group=group, role=Membership.Role.FACILITATOR).exists():
            yield f"{group.name} has no facilitator but you. Make someone else one first."

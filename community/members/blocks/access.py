"""Who is out of whose sight. Every list of people, search, mention and profile asks `unseen_by`.

Whoever must act on people sees them all the same: a steward sees everyone, and the keepers of a group see, and are
seen by, those in it. So a block changes nothing at all on a keeper's screens, and nothing tells them of it.
"""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.http import Http404

from community.live.prepared import Prepared
from community.members.blocks.models import Block
from community.members.models import Member

KEEPERS = ("moderator", "facilitator")
BLOCKED = Prepared(
    lambda by: Block.objects.filter(by_id=by).order_by("pk").values_list("whom__public_id"), int
)


def unseen_by(member: Member) -> QuerySet[Member]:
    """Those whom the member finds nowhere: the ones they blocked, and the ones who blocked them."""
    if member.is_staff:
        return Member.objects.none()
    blocked = Block.objects.filter(by=member).values("whom")
    blockers = Block.objects.filter(whom=member).values("by")
    keepers_of_mine = Member.objects.filter(
        memberships__role__in=KEEPERS, memberships__group__memberships__member=member
    )
    in_my_keeping = Member.objects.filter(
        memberships__group__in=member.memberships.filter(role__in=KEEPERS).values("group")
    )
    out_of_sight = Q(pk__in=blocked) | (Q(pk__in=blockers) & ~Q(pk__in=keepers_of_mine.values("pk")))
    return Member.objects.filter(out_of_sight).exclude(pk__in=in_my_keeping.values("pk"))


def ids_blocked_by(member: Member) -> list[str]:
    """Public ids, for the member's own screens."""
    return [public_id for (public_id,) in BLOCKED(member.pk)]


def blocked_by(member: Member) -> QuerySet[Block, int]:
    """Primary keys of those whom the member blocked, for use within a query."""
    return Block.objects.filter(by=member).values_list("whom", flat=True)


def stands_between(one: Member, other: Member) -> bool:
    """Whether either has blocked the other. For decisions that show neither of them why."""
    return Block.objects.filter(Q(by=one, whom=other) | Q(by=other, whom=one)).exists()


def has_blocked(member: Member, person: Member) -> bool:
    return Block.objects.filter(by=member, whom=person).exists()


def blocks_of(member: Member) -> QuerySet[Block]:
    return Block.objects.filter(by=member).select_related("whom")


def person_to_block(member: Member, public_id: str) -> Member:
    """Anyone else whose id the member has come across, be it only in a room; also one who blocked them. Raises Http404.

    It looks at nothing but whether there is such a person, so that the answer tells nothing about them.
    """
    person = Member.objects.filter(public_id=public_id).exclude(pk=member.pk).first()
    if person is None:
        raise Http404
    return person


def keeps_a_group_of(person: Member, member: Member) -> bool:
    """Whether the person keeps a group that the member is in: then a block doesn't take them out of its lists."""
    mine = member.memberships.values("group")
    return person.memberships.filter(role__in=KEEPERS, group__in=mine).exists()

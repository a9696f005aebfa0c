"""Who may know of a group, enter it, and keep it: the only place that decides, for lists and single objects alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import Http404

from community.groups.models import Group, GroupQuerySet, JoinRequest, Membership
from community.members.blocks.access import unseen_by
from community.members.models import Member, here

ASK_AGAIN_AFTER = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides about one member in one group; made from rows that the caller has loaded, so that it can be pure."""

    member_active: bool
    member_role: str
    joining: str
    listed: bool
    audience: str
    membership_role: str | None
    removed: bool

    @property
    def may_enter(self) -> bool:
        """May read and write in the group's rooms: its members; if open and listed, anyone it is meant for."""
        if not self.member_active or self.removed:
            return False
        if self.membership_role is not None:
            return True
        meant_for_them = self.audience == Group.Audience.FAMILY or self.member_role != Member.Role.FAMILY
        return self.joining == Group.Joining.OPEN and self.listed and meant_for_them

    @property
    def keeps_order(self) -> bool:
        """May hide messages, mute and remove: moderators and facilitators of the group."""
        return self.may_enter and self.membership_role in {
            Membership.Role.MODERATOR,
            Membership.Role.FACILITATOR,
        }

    @property
    def chairs(self) -> bool:
        """May give the floor and change the phase: facilitators of the group."""
        return self.may_enter and self.membership_role == Membership.Role.FACILITATOR


def groups_for(member: Member) -> GroupQuerySet:
    return Group.objects.visible_to(member)


def group_for(member: Member, slug: str) -> Group:
    """The group, if this member may know of it. Raises Http404."""
    group = groups_for(member).filter(slug=slug).first()
    if group is None:
        raise Http404
    return group


def my_groups(member: Member) -> GroupQuerySet:
    return groups_for(member).of(member).annotate(people=people_count())


def other_groups(member: Member) -> GroupQuerySet:
    """Open groups that the member may know of and doesn't belong to; `asked` when they wait for an answer."""
    waiting = Q(requests__member=member, requests__answered_at__isnull=True)
    others = groups_for(member).filter(closed_at__isnull=True).exclude(memberships__member=member)
    return others.annotate(people=people_count(), asked=Count("requests", filter=waiting, distinct=True))


def people_count() -> Count:
    return Count("memberships", filter=here("memberships__member__"), distinct=True)


def standing_in(member: Member, group: Group) -> Standing:
    """The standing of a member in a group that they may know of, so that no removal stands."""
    membership = membership_in(member, group)
    return Standing(
        member_active=member.is_active,
        member_role=member.role,
        joining=group.joining,
        listed=group.listed,
        audience=group.audience,
        membership_role=membership.role if membership else None,
        removed=False,
    )


def people_in(group: Group) -> QuerySet[Membership]:
    return (
        group.memberships.filter(here("member__"))
        .select_related("member")
        .order_by("member__handle_skeleton")
    )


def people_seen_by(member: Member, group: Group) -> QuerySet[Membership]:
    """The people of one's group without those whom a block keeps out of sight; its keepers see everyone."""
    return people_in(group).exclude(member__in=unseen_by(member).values("pk"))


def keepers_of(group: Group) -> QuerySet[Membership]:
    return people_in(group).filter(role__in=[Membership.Role.FACILITATOR, Membership.Role.MODERATOR])


def without_a_profile(member: Member) -> set[int]:
    """Primary keys of those whose profile a block closes to the member: a keeper is named, but not linked to."""
    return set(unseen_by(member).values_list("pk", flat=True))


def open_requests(group: Group, standing: Standing) -> QuerySet[JoinRequest]:
    """Who asks to join, for those who may answer; nobody else may know."""
    waiting = group.requests.filter(here("member__"), answered_at__isnull=True).select_related("member")
    return waiting if standing.keeps_order else waiting.none()


def last_request(member: Member, group: Group) -> JoinRequest | None:
    return group.requests.filter(member=member).order_by("-asked_at").first()


def may_ask(asked: JoinRequest | None, at: datetime) -> bool:
    """Whether someone outside may ask again after `asked`: not while it waits, nor soon after a "not now"."""
    if asked is None:
        return True
    if asked.answered_at is None:
        return False
    return asked.answer != JoinRequest.Answer.NOT_NOW or asked.answered_at <= at - ASK_AGAIN_AFTER


def may_act_on(mine: Membership, theirs: Membership) -> bool:
    """Facilitators may act on everyone else in the group, moderators on plain members."""
    if mine.pk == theirs.pk or mine.group_id != theirs.group_id:
        return False
    match mine.role:
        case Membership.Role.FACILITATOR:
            return True
        case Membership.Role.MODERATOR:
            return theirs.role == Membership.Role.MEMBER
        case _:
            return False


def inside_group_for(member: Member, slug: str) -> tuple[Group, Membership]:
    """A group with one's own membership in it: who else is there is for members alone. Raises Http404."""
    group = group_for(member, slug)
    membership = membership_in(member, group)
    if membership is None:
        raise Http404
    return group, membership


def membership_to_keep(member: Member, slug: str, public_id: str) -> tuple[Membership, Membership]:
    """One's own membership and that of someone in the same group whom one may act on.

    Raises Http404, PermissionDenied.
    """
    group, mine = inside_group_for(member, slug)
    theirs = people_seen_by(member, group).filter(member__public_id=public_id).select_related("group").first()
    if theirs is None:
        raise Http404
    if not may_act_on(mine, theirs):
        raise PermissionDenied
    return mine, theirs


def membership_to_set_role_of(member: Member, slug: str, public_id: str) -> Membership:
    """Someone's membership, for a facilitator of the group. Raises Http404, PermissionDenied."""
    mine, theirs = membership_to_keep(member, slug, public_id)
    if mine.role != Membership.Role.FACILITATOR:
        raise PermissionDenied
    return theirs


def membership_in(member: Member, group: Group) -> Membership | None:
    return Membership.objects.filter(member=member, group=group).first()


def request_for(member: Member, pk: int) -> JoinRequest:
    """A request, answered or not, to a group that this member keeps. Raises Http404."""
    kept = Membership.objects.filter(
        member=member, role__in=[Membership.Role.MODERATOR, Membership.Role.FACILITATOR]
    )
    request = (
        JoinRequest.objects.select_related("group", "member")
        .filter(here("member__"), pk=pk, group__in=kept.values("group"))
        .first()
    )
    if request is None:
        raise Http404
    return request

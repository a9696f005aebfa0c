"""Who may know of a group, enter it, and keep it: the only place that decides, for lists and single objects alike."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404

from community.groups.models import Group, GroupQuerySet, JoinRequest, Membership
from community.members.models import Member


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides about one member in one group; made from rows that the caller has loaded, so that it can be pure."""

    member_active: bool
    member_role: str
    joining: str
    audience: str
    membership_role: str | None
    removed: bool

    @property
    def may_enter(self) -> bool:
        """May read and write in the group's rooms: its members, and anyone it is meant for when it is open."""
        if not self.member_active or self.removed:
            return False
        if self.membership_role is not None:
            return True
        meant_for_them = self.audience == Group.Audience.FAMILY or self.member_role != Member.Role.FAMILY
        return self.joining == Group.Joining.OPEN and meant_for_them

    @property
    def keeps_order(self) -> bool:
        """May hide messages, mute and remove: moderators and facilitators of the group."""
        return self.may_enter and self.membership_role in {Membership.Role.MODERATOR, Membership.Role.FACILITATOR}

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


def membership_in(member: Member, group: Group) -> Membership | None:
    return Membership.objects.filter(member=member, group=group).first()


def request_for(member: Member, pk: int) -> JoinRequest:
    """An open request that this member may answer. Raises Http404."""
    request = (
        JoinRequest.objects.select_related("group", "member")
        .filter(
            pk=pk, answered_at__isnull=True,
            group__memberships__member=member,
            group__memberships__role__in=[Membership.Role.MODERATOR, Membership.Role.FACILITATOR],
        )
        .first()
    )
    if request is None:
        raise Http404
    return request

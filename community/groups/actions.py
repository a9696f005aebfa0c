"""Joining, asking, answering, leaving, and roles. Each revokes and evicts in one transaction."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from community.groups import access, kinds
from community.groups.models import Group, JoinRequest, Membership
from community.groups.removal import end_own_membership, remove_member
from community.live import eviction, log
from community.members.models import Member
from community.notifications.actions import notify, notify_all
from moderation.audit.actions import Subject, record, trail
from moderation.audit.verbs import Verb

__all__ = ["answer_request", "ask_to_join", "join_group", "leave_group", "remove_member", "set_role"]


class NotOpen(Exception):
    """The group can't be entered in this way."""


class AskedAlready(Exception):
    """A request waits for an answer, or was answered with "not now" a short while ago."""


class AnsweredAlready(Exception):
    """Somebody answered the request first, or nobody waits any more."""


class OnlyFacilitator(Exception):
    """The group would be left with people and without a facilitator."""


@transaction.atomic
def join_group(*, group: Group, member: Member, at: datetime) -> Membership:
    """Become a member of an open group; joining again returns the membership there is. Raises NotOpen."""
    if group.joining != Group.Joining.OPEN or group.closed_at is not None:
        raise NotOpen
    membership, _ = Membership.objects.get_or_create(group=group, member=member, defaults={"joined_at": at})
    return membership


def ask_to_join(*, group: Group, member: Member, words: str, at: datetime) -> JoinRequest:
    """Ask the keepers of a group to be let in. Raises NotOpen, AskedAlready."""
    if group.closed_at is not None:
        raise NotOpen
    if group.joining != Group.Joining.REQUEST or group.memberships.filter(member=member).exists():
        raise NotOpen
    if not access.may_ask(access.last_request(member, group), at):
        raise AskedAlready
    try:
        with transaction.atomic():
            asked = JoinRequest.objects.create(group=group, member=member, words=words, asked_at=at)
            notify_all(
                what=f"request:{asked.pk}:asked",
                kind=kinds.ASKED,
                members=[keeper.member for keeper in access.keepers_of(group)],
                context={"group": group.name},
                path=reverse("groups:group", args=[group.slug]),
                at=at,
            )
            return asked
    except IntegrityError:
        raise AskedAlready from None


@transaction.atomic
@trail()
def answer_request(
    *, request: JoinRequest, by: Member, answer: JoinRequest.Answer, at: datetime
) -> JoinRequest:
    """Answer once, whoever comes first; a welcome makes the membership. Raises AnsweredAlready."""
    answered = JoinRequest.objects.filter(pk=request.pk, answered_at__isnull=True).update(
        answer=answer, answered_by=by, answered_at=at
    )
    if not answered:
        raise AnsweredAlready
    if answer == JoinRequest.Answer.WELCOME:
        Membership.objects.get_or_create(
            group=request.group, member=request.member, defaults={"joined_at": at}
        )
    record(
        verb=Verb.GROUP_REQUEST_ANSWERED,
        actor=by.pk,
        subject=Subject("member", request.member_id),
        scope=request.group.tag,
        facts={"request": request.pk, "answer": answer.value},
        at=at,
    )
    words = kinds.WELCOME if answer == JoinRequest.Answer.WELCOME else kinds.NOT_NOW
    notify(
        what=f"request:{request.pk}:answered",
        kind=kinds.ANSWERED,
        member=request.member,
        context={"answer": words.format(group=request.group.name)},
        path=reverse("groups:group", args=[request.group.slug]),
        at=at,
    )
    request.refresh_from_db()
    return request


@transaction.atomic
def leave_group(*, group: Group, member: Member, at: datetime | None = None) -> bool:
    """End one's own membership; its rooms close at once. False when there was none. Raises OnlyFacilitator."""
    log.lock(log.tagged(group.tag))
    refuse_to_leave_alone(group, member)
    return end_own_membership(group=group, member=member, at=at or timezone.now())


@transaction.atomic
@trail()
def set_role(*, membership: Membership, role: Membership.Role, by: Member, at: datetime) -> Membership:
    """Give someone a role in a group; their open rooms say at once what they may do now. Raises OnlyFacilitator."""
    if role != Membership.Role.FACILITATOR:
        refuse_to_leave_alone(membership.group, membership.member)
    held = Membership.objects.select_for_update().filter(pk=membership.pk)
    for was in held.exclude(role=role).values_list("role", flat=True):
        record(
            verb=Verb.ROLE_CHANGED,
            actor=by.pk,
            subject=Subject("member", membership.member_id),
            scope=membership.group.tag,
            facts={"from": was, "to": role.value},
            at=at,
        )
    held.update(role=role)
    eviction.touch(membership.member_id, membership.group.tag)
    membership.refresh_from_db()
    return membership


def refuse_to_leave_alone(group: Group, member: Member) -> None:
    """Raises OnlyFacilitator if the member is the group's one facilitator and others are in it."""
    facilitators = Membership.objects.select_for_update().filter(
        group=group, role=Membership.Role.FACILITATOR
    )
    alone = list(facilitators.values_list("member_id", flat=True)) == [member.pk]
    if alone and group.memberships.exclude(member=member).exists():
        raise OnlyFacilitator

"""The first steps of someone who came in by an invitation; each is a row, so that it can be left and taken up again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from community.groups.actions import NotOpen, join_group
from community.groups.models import Group
from community.house.actions import agree
from community.house.models import HouseText
from community.invitations.models import FirstStep
from community.members.handles import HandleTaken
from community.members.models import Member
from community.members.naming import refuse_held


class NotSkipped(Exception):
    """The rules are read by everyone."""


def take_handle(*, member: Member, at: datetime) -> None:
    """Save the first name and time zone that a newcomer chose: no change of one that others know them by.

    Raises HandleTaken.
    """
    try:
        with transaction.atomic():
            member.save(update_fields=["handle", "handle_skeleton", "time_zone"])
            refuse_held(member, member.handle_skeleton, at)
            _taken(member, FirstStep.Name.HANDLE, at)
    except IntegrityError:
        raise HandleTaken from None


@transaction.atomic
def agree_to(*, member: Member, texts: Sequence[HouseText], at: datetime) -> None:
    """Record the agreement to each version that was read."""
    for text in texts:
        agree(member_id=member.pk, agreed=text, at=at)
    _taken(member, FirstStep.Name.RULES, at)


@transaction.atomic
def join(*, member: Member, groups: Collection[Group], at: datetime) -> list[Group]:
    """Join those of the groups that are open; these."""
    joined = []
    for group in groups:
        try:
            join_group(group=group, member=member, at=at)
        except NotOpen:
            continue
        joined.append(group)
    _taken(member, FirstStep.Name.GROUPS, at)
    return joined


def reach_hello(*, member: Member, at: datetime) -> None:
    """The last step is the way into a room; whoever sees it has arrived."""
    _taken(member, FirstStep.Name.HELLO, at)


def skip(*, member: Member, name: FirstStep.Name, at: datetime) -> None:
    """Leave a step for another time. Raises NotSkipped."""
    if name == FirstStep.Name.RULES:
        raise NotSkipped
    _undone(member, name).update(at=at, skipped=True)


def _taken(member: Member, name: FirstStep.Name, at: datetime) -> None:
    _undone(member, name).update(at=at, skipped=False)


def _undone(member: Member, name: FirstStep.Name) -> QuerySet[FirstStep]:
    return FirstStep.objects.filter(member=member, name=name, at__isnull=True)

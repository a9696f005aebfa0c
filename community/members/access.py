"""Whose profile a member may see: their own, and those of people they share a group with."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404

from community.members.blocks.access import unseen_by
from community.members.models import Member


def profiles_for(member: Member) -> QuerySet[Member]:
    people = Member.objects.here()
    if member.is_staff:
        return people
    shared = Q(pk=member.pk) | Q(memberships__group__memberships__member=member)
    return people.filter(shared).exclude(pk__in=unseen_by(member).values("pk")).distinct()


def myself(member: Member) -> Member:
    """A copy of oneself, for a form to change."""
    return Member.objects.get(pk=member.pk)


def profile_for(member: Member, public_id: str) -> Member:
    """Raises Http404."""
    person = profiles_for(member).filter(public_id=public_id).first()
    if person is None:
        raise Http404
    return person


def shared_memberships(member: Member, person: Member) -> QuerySet[Any]:
    """The person's rows of `groups.Membership` in groups that both belong to; a pair is none."""
    return (
        person.memberships.filter(group__memberships__member=member, group__kind="group")
        .select_related("group")
        .order_by("group__name")
    )

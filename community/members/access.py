"""Whose profile a member may see: their own, and those of people they share a group with."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404

from community.members.blocks.access import unseen_by
from community.members.models import Departure, Member


def profiles_for(member: Member) -> QuerySet[Member]:
    people = Member.objects.here()
    if member.is_staff:
        return people
    # To have been at one meeting together opens nobody's page.
    met = Q(memberships__group__memberships__member=member, memberships__group__kind__in=["group", "pair"])
    return people.filter(Q(pk=member.pk) | met).exclude(pk__in=unseen_by(member).values("pk")).distinct()


def myself(member: Member) -> Member:
    """A copy of oneself, for a form to change."""
    return Member.objects.get(pk=member.pk)


def profile_for(member: Member, public_id: str) -> Member:
    """Raises Http404."""
    person = profiles_for(member).filter(public_id=public_id).first() or remembered(member, public_id)
    if person is None:
        raise Http404
    return person


def remembered(member: Member, public_id: str) -> Member | None:
    """Someone who has died, if a steward left words about them; for those who share a group with them."""
    departures = Departure.objects.filter(kind=Departure.Kind.DEATH, undone_at__isnull=True).exclude(words="")
    people = Member.objects.filter(public_id=public_id, departures__in=departures)
    if not member.is_staff:
        people = people.filter(memberships__group__memberships__member=member)
    return people.first()


def words_about(person: Member) -> str:
    """What a steward wrote about someone who has died; empty for all others."""
    if person.gone_at is None:
        return ""
    departure = person.departures.filter(kind=Departure.Kind.DEATH, undone_at__isnull=True).first()
    return departure.words if departure else ""


def shared_memberships(member: Member, person: Member) -> QuerySet[Any]:
    """The person's rows of `groups.Membership` in groups that both belong to; a pair is none."""
    return (
        person.memberships.filter(group__memberships__member=member, group__kind="group")
        .select_related("group")
        .order_by("group__name")
    )

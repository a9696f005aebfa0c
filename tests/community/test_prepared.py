"""A prepared query answers as its QuerySet would, for any number of arguments, and is compiled once for each shape."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Q, QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from community.groups.models import Membership
from community.live.prepared import Prepared
from community.members.models import Member
from moderation.sanctions.models import Restriction
from tests.factories import MemberFactory, MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 9])
def test_it_finds_what_the_queryset_finds(count: int) -> None:
    people = [MemberFactory() for _ in range(9)]
    prepared = Prepared(lambda wanted: Member.objects.filter(pk__in=wanted).order_by("pk"), int)
    found = prepared([person.pk for person in people[:count]])
    assert found == people[:count]
    assert [(p.handle, p.is_active, p.joined_at) for p in found] == [
        (p.handle, p.is_active, p.joined_at) for p in people[:count]
    ]


def test_an_empty_collection_matches_nothing_and_leaves_the_other_side_of_an_or_alone() -> None:
    wren, juniper = MemberFactory(), MemberFactory()
    prepared = Prepared(
        lambda keys, names: Member.objects.filter(Q(pk__in=keys) | Q(public_id__in=names)), int, str
    )
    assert prepared([], []) == []
    assert prepared([wren.pk], []) == [wren]
    assert prepared([], [juniper.public_id]) == [juniper]
    assert set(prepared([wren.pk], [juniper.public_id])) == {wren, juniper}


def test_what_is_selected_along_costs_no_further_query() -> None:
    membership = MembershipFactory()
    prepared = Prepared(
        lambda members: Membership.objects.filter(member_id__in=members).select_related("member", "group"),
        int,
    )
    with CaptureQueriesContext(connection) as queries:
        [found] = prepared({membership.member_id})
        assert (found.member.handle, found.group.slug) == (membership.member.handle, membership.group.slug)
    assert len(queries) == 1


def test_times_are_compared_and_come_back_as_times() -> None:
    now = timezone.now()
    wren = MemberFactory()
    ends = now + timedelta(minutes=5)
    Restriction.objects.create(member=wren, kind="mute", scope="room:1", at=now, until=ends)
    prepared = Prepared(
        lambda members, at: (
            Restriction.objects.in_force(at).filter(member_id__in=members).values_list("kind", "until")
        ),
        int,
        type(now),
    )
    assert prepared([wren.pk], now) == [("mute", ends)]
    assert prepared([wren.pk], ends + timedelta(seconds=1)) == []


def test_a_shape_is_compiled_once_and_others_of_its_size_share_it() -> None:
    built = []

    def by_key(wanted: list[int]) -> QuerySet[Member]:
        built.append(len(wanted))
        return Member.objects.filter(pk__in=wanted)

    prepared = Prepared(by_key, int)
    for count in (1, 1, 2, 3, 4, 3, 5, 8):
        prepared(range(count))
    assert built == [1, 2, 4, 8]

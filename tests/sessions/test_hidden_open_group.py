"""A group that is open but not listed is known to its members only: its room is no way in for others."""

from __future__ import annotations

import pytest
from django.http import Http404

from sessions.rooms import access
from tests.factories import GroupFactory, MemberFactory, MembershipFactory, RoomFactory

pytestmark = pytest.mark.django_db


def test_the_room_of_an_open_group_is_entered_from_outside_only_while_the_group_is_listed() -> None:
    outsider = MemberFactory()
    room = RoomFactory(group=GroupFactory(joining="open", listed=True))
    assert access.room_for(outsider, room.slug) == room
    room.group.listed = False
    room.group.save()
    with pytest.raises(Http404):
        access.room_for(outsider, room.slug)
    assert access.pairs_still_open({(outsider.pk, room.log_id)}) == set()


def test_its_members_enter_a_hidden_open_group() -> None:
    room = RoomFactory(group=GroupFactory(joining="open", listed=False))
    inside = MembershipFactory(group=room.group).member
    assert access.room_for(inside, room.slug) == room
    assert access.pairs_still_open({(inside.pk, room.log_id)}) == {(inside.pk, room.log_id)}

"""A room that everyone knows: Wren and Juniper are members, Fern keeps order, Alder chairs."""

from __future__ import annotations

import pytest

from community.groups.models import Membership
from community.members.models import Member
from sessions.rooms.models import Room
from tests.factories import MembershipFactory, RoomFactory


@pytest.fixture
def room(db: None) -> Room:
    return RoomFactory()


@pytest.fixture
def wren(room: Room) -> Member:
    return MembershipFactory(group=room.group, member__handle="Wren").member


@pytest.fixture
def juniper(room: Room) -> Member:
    return MembershipFactory(group=room.group, member__handle="Juniper").member


@pytest.fixture
def fern(room: Room) -> Member:
    role = Membership.Role.MODERATOR
    return MembershipFactory(group=room.group, member__handle="Fern", role=role).member


@pytest.fixture
def alder(room: Room) -> Member:
    role = Membership.Role.FACILITATOR
    return MembershipFactory(group=room.group, member__handle="Alder", role=role).member

"""Every door to a room opens for the same people: page, history, message, people, socket, stream, poll, form, JSON."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from community.groups.models import Group, Membership
from community.groups.removal import remove_member
from community.live import domain
from community.live.engine import Engine
from community.members.models import Member
from sessions.rooms import access
from tests.doors import IN, NOT_FOUND, SIGN_IN, SUSPENDED, Doors
from tests.factories import GroupFactory, MemberFactory, MembershipFactory, RoomFactory
from tests.live_client import aside, do, say, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

GROUPS: dict[str, dict[str, Any]] = {
    "open": {"joining": "open"},
    "by request": {"joining": "request"},
    "closed": {"joining": "closed"},
    "hidden": {"joining": "closed", "listed": False},
    "hidden open": {"joining": "open", "listed": False},
    "family": {"joining": "open", "audience": "family"},
}
LETS_IN = {
    ("member", kind): IN for kind in GROUPS
} | {
    ("alumnus", "open"): IN,
    ("alumnus", "family"): IN,
    ("relative", "family"): IN,
    ("member of the family", "by request"): IN,
    ("member of the family", "open"): IN,
}  # fmt: skip
PEOPLE = [
    "member",
    "alumnus",
    "relative",
    "member of the family",
    "removed",
    "left",
    "suspended",
    "signed out",
]


def person(kind: str, group: Group) -> Member | None:
    match kind:
        case "member":
            return MembershipFactory(group=group).member
        case "alumnus":
            return MemberFactory()
        case "relative":
            return MemberFactory(role="family")
        case "member of the family":
            return MembershipFactory(group=group, member__role="family").member
        case "removed":
            gone = MembershipFactory(group=group).member
            keeper = MembershipFactory(group=group, role=Membership.Role.MODERATOR).member
            remove_member(group=group, member=gone, by=keeper, reason="rule 1", at=timezone.now())
            return gone
        case "left":
            leaver = MembershipFactory(group=group)
            member = leaver.member
            leaver.delete()
            return member
        case "suspended":
            return MembershipFactory(group=group, member__is_active=False).member
    return None


def expected(who: str, kind: str) -> str:
    match who:
        case "signed out":
            return SIGN_IN
        case "suspended":
            return SUSPENDED
        case "left":
            return LETS_IN.get(("alumnus", kind), NOT_FOUND)
        case "removed":
            return NOT_FOUND
        case "member of the family":
            return IN
    return LETS_IN.get((who, kind), NOT_FOUND)


ON_PAGES = {"page", "history", "people", "message", "form", "json"}


@pytest.mark.parametrize("kind", GROUPS)
@pytest.mark.parametrize("who", PEOPLE)
async def test_all_doors_of_a_room_open_for_the_same_people(live: Engine, kind: str, who: str) -> None:
    room = await aside(lambda: RoomFactory(group=GroupFactory(**GROUPS[kind])))
    inside = await aside(person, "member", room.group)
    assert inside is not None
    await aside(do, room, inside, say(room, "one"))
    control = await Doors(room, await aside(sign_in, inside)).all()
    assert control == dict.fromkeys(control, IN)

    visitor = await aside(person, who, room.group)
    met = await Doors(room, await aside(sign_in, visitor) if visitor else None).all()
    word = expected(who, kind)
    # Pages don't tell someone suspended that they are: they ask to sign in, and that page says it.
    assert met == {door: SIGN_IN if word == SUSPENDED and door in ON_PAGES else word for door in control}


@pytest.mark.parametrize("kind", GROUPS)
def test_lists_name_just_the_rooms_whose_doors_open(kind: str) -> None:
    room = RoomFactory(group=GroupFactory(**GROUPS[kind]))
    RoomFactory(group__joining="closed", group__listed=False)
    for who in PEOPLE:
        visitor = person(who, room.group)
        if visitor is None:
            continue
        opens = expected(who, kind) == IN
        assert [summary.room for summary in access.rooms_for(visitor)] == [room] * opens, who
        assert list(domain.open_logs(visitor, [room.slug])) == [room.slug] * opens, who
        assert domain.still_open({(visitor.pk, room.log_id)}) == (
            {(visitor.pk, room.log_id)} if opens else set()
        ), who


def test_asking_again_about_many_open_rooms_costs_the_same(django_assert_num_queries: Any) -> None:
    pairs = set()
    for _ in range(4):
        room = RoomFactory()
        pairs |= {(MembershipFactory(group=room.group).member.pk, room.log_id) for _ in range(5)}
    for asked in ({next(iter(pairs))}, pairs):
        with django_assert_num_queries(4):
            assert domain.still_open(asked) == asked

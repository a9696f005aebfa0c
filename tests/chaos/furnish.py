"""Puts rooms and people into a house and prints them as JSON: `python -m tests.chaos.furnish NUMBER ROOMS PEOPLE`."""

from __future__ import annotations

import os
import sys

import django
import orjson

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "community.config.settings")
django.setup()

from django.db import transaction  # noqa: E402

from community.groups.models import Membership  # noqa: E402
from tests.factories import GroupFactory, MemberFactory, MembershipFactory, RoomFactory  # noqa: E402
from tests.live_client import sign_in  # noqa: E402


@transaction.atomic
def furnish(number: int, rooms: int, people: int) -> bytes:
    """`people` plain members, and before them someone who chairs and someone who moderates."""
    group = GroupFactory(name=f"Circle {number}", slug=f"circle-{number}")
    members = [
        MemberFactory(
            # Of one width, since a handle's skeleton has no spaces: "Wren 1 10" and "Wren 11 0" look alike.
            handle=f"Wren {number:03} {place:03}",
            email=f"wren-{number}-{place}@porchlight.example",
            password=None,
        )
        for place in range(people + 2)
    ]
    roles = [Membership.Role.FACILITATOR, Membership.Role.MODERATOR, *[Membership.Role.MEMBER] * people]
    for member, role in zip(members, roles, strict=True):
        MembershipFactory(group=group, member=member, role=role)
    made = [
        RoomFactory(group=group, name=f"Porch {number} {place}", slug=f"porch-{number}-{place}")
        for place in range(rooms)
    ]
    return orjson.dumps(
        {
            "people": [
                {"member": member.public_id, "handle": member.handle, "cookie": sign_in(member)}
                for member in members
            ],
            "rooms": [
                {"slug": room.slug, "log_id": room.log_id, "epoch": str(room.log.epoch)} for room in made
            ],
        }
    )


print(furnish(*map(int, sys.argv[1:])).decode())  # noqa: T201

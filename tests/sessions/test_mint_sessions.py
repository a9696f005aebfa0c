"""`manage.py mint_sessions`: members for load tests, really signed in, and only where that is allowed."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from community.groups.models import Group, Membership
from community.members.models import Member
from sessions.rooms.models import Room
from tests.factories import GroupFactory, MemberFactory, RoomFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def room(settings: Settings) -> Room:
    """A room of a closed group, on a house that allows load tests."""
    settings.PORCHLIGHT_ALLOW_LOADTEST = True
    made: Room = RoomFactory(slug="cellar", group=GroupFactory(joining=Group.Joining.CLOSED, listed=False))
    return made


def mint(count: int, **options: Any) -> list[dict[str, str]]:
    printed = io.StringIO()
    call_command("mint_sessions", room=options.pop("room", "cellar"), count=count, stdout=printed, **options)
    return [json.loads(line) for line in printed.getvalue().splitlines()]


def test_a_line_for_each_member_and_no_mail_address_among_them(room: Room) -> None:
    printed = io.StringIO()
    call_command("mint_sessions", room="cellar", count=3, stdout=printed)
    lines = [json.loads(line) for line in printed.getvalue().splitlines()]
    assert [set(line) for line in lines] == [{"member", "handle", "cookie"}] * 3
    assert [line["handle"] for line in lines] == ["load 1", "load 2", "load 3"]
    assert "@" not in printed.getvalue()


def test_the_cookie_opens_the_room_and_without_it_the_room_stays_shut(room: Room) -> None:
    [minted] = mint(1)
    page = reverse("rooms:room", args=[room.slug])
    client = Client()
    assert client.get(page).status_code in {302, 404}
    client.cookies["sessionid"] = minted["cookie"]
    answer = client.get(page)
    assert answer.status_code == 200
    assert answer.wsgi_request.user == Member.objects.get(public_id=minted["member"])


def test_a_changed_cookie_opens_nothing(room: Room) -> None:
    [minted] = mint(1)
    client = Client()
    client.cookies["sessionid"] = minted["cookie"][::-1]
    assert client.get(reverse("rooms:room", args=[room.slug])).status_code in {302, 404}


def test_a_second_run_reuses_the_members_and_adds_those_that_are_missing(room: Room) -> None:
    first, second = mint(2), mint(4)
    assert [line["member"] for line in second[:2]] == [line["member"] for line in first]
    assert Member.objects.count() == 4
    assert Membership.objects.filter(group=room.group).count() == 4
    assert not {line["cookie"] for line in first} & {line["cookie"] for line in second}


def test_the_same_members_come_along_to_another_room(room: Room) -> None:
    RoomFactory(slug="attic")
    assert [line["member"] for line in mint(2)] == [line["member"] for line in mint(2, room="attic")]
    assert Membership.objects.count() == 4


def test_minted_members_have_no_password(room: Room) -> None:
    mint(1)
    assert not Member.objects.get().has_usable_password()


def test_it_refuses_without_the_variable(room: Room, settings: Settings) -> None:
    assert len(mint(1)) == 1
    settings.PORCHLIGHT_ALLOW_LOADTEST = False
    with pytest.raises(CommandError, match="PORCHLIGHT_ALLOW_LOADTEST=1"):
        mint(2)
    assert Member.objects.count() == 1


def test_it_refuses_a_room_that_is_not_there(room: Room) -> None:
    with pytest.raises(CommandError, match="no room “loft”"):
        mint(1, room="loft")
    assert Member.objects.count() == 0


def test_it_takes_nobody_elses_handle(room: Room) -> None:
    MemberFactory(handle="Load 2")
    with pytest.raises(CommandError, match="Load 2"):
        mint(3)
    assert len(mint(3, prefix="crowd")) == 3


@pytest.mark.parametrize("count", ["0", "-1", "many"])
def test_a_count_that_is_none_is_refused(room: Room, count: str) -> None:
    with pytest.raises(CommandError, match="must be a number"):
        call_command("mint_sessions", "--room=cellar", f"--count={count}")

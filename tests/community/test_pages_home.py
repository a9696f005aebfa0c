"""Home: a greeting, the door that is open now, and one line a group."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from community.home.porch import greeting, group_lines, open_doors
from community.home.templatetags.times import on, when
from sessions.rooms.access import RoomSummary
from sessions.rooms.phases import PHASES
from tests.factories import GroupFactory, MemberFactory, MembershipFactory, RoomFactory

NOW = datetime(2026, 11, 22, 19, 41, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def summary(name: str = "The Porch", **changes: object) -> RoomSummary:
    group = changes.pop("group", None) or GroupFactory()
    room = RoomFactory(name=name, group=group)
    facts: dict[str, object] = {
        "room": room, "group": group, "mine": True, "phase": PHASES["open"], "unread": 0, "last_handle": "",
        "last_text": "", "last_at": None, "here": 0,
    }  # fmt: skip
    return RoomSummary(**(facts | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("hour", "words"),
    [
        (4, "Good evening"),
        (5, "Good morning"),
        (11, "Good morning"),
        (12, "Good afternoon"),
        (18, "Good evening"),
    ],
)
def test_the_greeting_follows_the_hour(hour: int, words: str) -> None:
    assert greeting(NOW.replace(hour=hour)) == words


def test_the_fullest_room_comes_first_and_quiet_ones_not_at_all() -> None:
    quiet = summary("Quiet", last_at=NOW - timedelta(hours=2))
    lately = summary("Lately", last_at=NOW - timedelta(minutes=10))
    full = summary("Full", here=3)
    assert [one.room.name for one in open_doors([quiet, lately, full], NOW)] == ["Full", "Lately"]


def test_a_closed_room_is_no_open_door() -> None:
    closed = summary(here=3, phase=PHASES["closed"])
    assert open_doors([summary(here=3)], NOW)
    assert open_doors([closed], NOW) == []


def test_when_nobody_is_about_one_door_still_stands_open() -> None:
    rooms = [
        summary("Old", last_at=NOW - timedelta(days=3)),
        summary("Newer", last_at=NOW - timedelta(days=1)),
    ]
    assert [one.room.name for one in open_doors(rooms, NOW)] == ["Newer"]


def test_a_groups_line_adds_up_its_rooms_and_leads_with_what_is_new() -> None:
    calm, busy = GroupFactory(name="A calm one"), GroupFactory(name="Busy")
    rooms = [
        summary(group=calm),
        summary(group=busy, unread=2, last_handle="Wren", last_text="Hi", last_at=NOW - timedelta(days=1)),
        summary(group=busy, unread=1, last_handle="Fern", last_text="Later", last_at=NOW),
    ]
    first, second = group_lines([calm, busy], rooms, NOW)
    assert (first.group, first.unread, first.handle, first.room) == (busy, 3, "Fern", None)
    assert (second.group, second.room) == (calm, rooms[0].room)
    assert (first.lately, second.lately) == (True, False)


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(0), "2:41 pm"), (timedelta(days=1), "yesterday"), (timedelta(days=2), "Friday"),
        (timedelta(days=9), "13 November"), (timedelta(days=400), "18 October 2025"),
    ],
)  # fmt: skip
def test_times_read_as_a_person_would_say_them(ago: timedelta, words: str) -> None:
    assert when(NOW - ago, NOW) == words
    assert on(NOW - ago, NOW) in {f"at {words}", f"on {words}", "yesterday"}


def test_home_greets_and_has_one_button_to_go_in(client: Client) -> None:
    member = MemberFactory(handle="Juniper")
    group = MembershipFactory(member=member, group__name="Night shift").group
    RoomFactory(group=group, name="The night room", slug="night")
    client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get("/").text
    assert ", Juniper</h1>" in page
    assert "Night shift" in page
    assert page.count("btn go") == 1
    assert 'href="/sessions/rooms/night/"' in page


def test_home_without_a_group_points_to_the_groups(client: Client) -> None:
    client.force_login(MemberFactory(), backend="django.contrib.auth.backends.ModelBackend")
    assert "You are in no group yet" in client.get("/").text


def test_home_costs_the_same_however_many_groups(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    member = MemberFactory()
    for _ in range(6):
        RoomFactory(group=MembershipFactory(member=member).group)
    client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    with django_assert_max_num_queries(13):
        assert client.get("/").status_code == 200

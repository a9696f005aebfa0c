"""The demo community: it is all there, said through the engine, and made once."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from django.apps import apps
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import transaction
from pytest_django import DjangoDbBlocker, Settings

from community.groups.models import Membership
from community.live.models import Event, Log, Revision
from community.members.models import Member
from sessions.rooms import access
from sessions.rooms.demo.script import ScriptError, read_script
from sessions.rooms.demo.seeding import FOLDER, PASSWORD, HouseNotEmpty, demo_logins, read_groups, seed_demo
from sessions.rooms.demo.timetable import ZONE, timetable
from sessions.rooms.domain import rooms
from sessions.rooms.models import Reaction, Room
from tests.factories import MemberFactory

NOW = datetime(2026, 11, 22, 19, 40, tzinfo=UTC)


@pytest.fixture(scope="module")
def seeded(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The demo, made once for this file in a transaction that is never committed."""
    with django_db_blocker.unblock(), transaction.atomic():
        assert seed_demo(now=NOW)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def house(seeded: None, db: None) -> None:
    """The seeded house; what a test does to it is undone."""


def everything() -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    return {
        model._meta.label: list(model._default_manager.order_by("pk").values_list())
        for model in apps.get_models()
    }


def data_of(event: Event) -> dict[str, object]:
    data: dict[str, object] = orjson.loads(event.payload)["data"]
    return data


def member(handle: str) -> Member:
    return Member.objects.get(handle=handle)


def test_a_second_run_adds_nothing_and_changes_nothing(house: None) -> None:
    before = everything()
    assert len(before["live.Event"]) > 450
    assert seed_demo(now=NOW + timedelta(days=3)) is False
    assert everything() == before


def test_every_role_is_there(house: None) -> None:
    assert set(Member.objects.values_list("role", flat=True)) == set(Member.Role.values)
    assert set(Membership.objects.values_list("role", flat=True)) == set(Membership.Role.values)
    assert 25 <= Member.objects.count() <= 30
    assert Member.objects.values("time_zone").distinct().count() >= 8


def test_each_printed_login_signs_in_with_the_printed_password_only(house: None) -> None:
    for login in demo_logins():
        assert authenticate(username=login.email, password=PASSWORD) == member(login.handle)
        assert authenticate(username=login.email, password=PASSWORD + "?") is None


def test_any_alumnus_may_enter_the_porch_and_nobody_uninvited_the_hidden_room(house: None) -> None:
    stranger = MemberFactory()
    assert "porch" in rooms.open(stranger, ["porch", "starting-again"])
    assert "starting-again" not in rooms.open(stranger, ["porch", "starting-again"])
    assert "starting-again" in rooms.open(member("Bramble"), ["starting-again"])


def test_family_enter_the_family_room_and_no_other(house: None) -> None:
    slugs = list(Room.objects.values_list("slug", flat=True))
    assert set(rooms.open(member("Goldfinch"), slugs)) == {"family-evening"}


def test_the_events_of_each_room_are_numbered_without_holes_in_the_order_of_time(house: None) -> None:
    for log in Log.objects.all():
        events = list(log.events.order_by("seq").values_list("seq", "at"))
        assert [seq for seq, _ in events] == list(range(1, log.last_seq + 1))
        times = [at for _, at in events]
        assert times == sorted(times)
        assert times[-1] <= NOW


def test_there_are_weeks_of_words_by_everybody(house: None) -> None:
    messages = Event.objects.filter(type="message.posted")
    assert messages.count() >= 450
    assert NOW - messages.earliest("at").at > timedelta(weeks=3)
    assert NOW - messages.filter(log__room__slug="porch").latest("at").at < timedelta(minutes=15)
    assert set(messages.values_list("actor", flat=True)) == set(Member.objects.values_list("pk", flat=True))


def test_the_history_holds_what_a_room_can_show(house: None) -> None:
    messages = [data_of(event) for event in Event.objects.filter(type="message.posted")]
    assert sum("reply_to" in data for data in messages) >= 40
    assert {data["note"] for data in messages if "note" in data} == {"relapse", "grief"}
    assert any("edited_at" in data for data in messages)
    hidden = [data for data in messages if data.get("hidden")]
    assert [data["reason"] for data in hidden] == ["prices and places (rule 4)"]
    assert "text" not in hidden[0]
    assert Revision.objects.filter(change="hidden", reason="prices and places (rule 4)").exists()
    assert set(Reaction.objects.values_list("kind", flat=True)) == set(Reaction.Kind.values)


def test_no_message_names_a_mail_address_or_a_link(house: None) -> None:
    words = " ".join(Event.objects.filter(type="message.posted").values_list("payload", flat=True))
    assert "@" not in words
    assert "http" not in words


def test_juniper_has_something_unread_in_two_rooms(house: None) -> None:
    unread = {
        summary.room.slug: summary.unread for summary in access.rooms_for(member("Juniper")) if summary.mine
    }
    assert {slug: count for slug, count in unread.items() if count} == {"porch": 3, "evening-steps": 3}


def test_in_the_sunday_room_someone_has_the_floor_and_three_wait(house: None) -> None:
    room = Room.objects.get(slug="sunday-night-sharing")
    assert room.phase == "sharing"
    assert room.turn.member == member("Tamarack")
    assert room.turn.until is not None
    assert room.turn.until > NOW
    assert [hand.member.handle for hand in room.hands.order_by("seq")] == ["Wren", "Juniper", "Nine Pines"]


def test_a_house_where_someone_goes_by_a_demo_handle_is_left_alone(house: None) -> None:
    Member.objects.filter(handle="Juniper").update(email="someone@porchlight.example")
    before = everything()
    with pytest.raises(HouseNotEmpty, match="Juniper"), transaction.atomic():
        seed_demo(now=NOW)
    assert everything() == before


def test_the_command_prints_the_logins_and_refuses_in_production(house: None, settings: Settings) -> None:
    printed = io.StringIO()
    call_command("seed_demo", stdout=printed)
    assert all(login.email in printed.getvalue() for login in demo_logins())
    assert PASSWORD in printed.getvalue()
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="PORCHLIGHT_MODE=production"):
        call_command("seed_demo", stdout=printed)


@pytest.mark.parametrize("hour", range(24))
def test_at_no_hour_does_a_script_run_past_now_or_out_of_order(hour: int) -> None:
    now = datetime(2026, 3, 8, tzinfo=UTC) + timedelta(hours=hour * 7)
    for file in sorted((FOLDER / "scripts").glob("*.txt")):
        scenes = read_script(file.read_text(encoding="utf-8"), file.name)
        times = [moment.at for moment in timetable(scenes, now, file.stem)]
        assert times == sorted(times), file.name
        assert times[-1] <= now, file.name


def test_weekly_meetings_fall_on_their_evening_whenever_the_demo_is_made() -> None:
    text = (FOLDER / "scripts" / "family-evening.txt").read_text(encoding="utf-8")
    scenes = read_script(text, "family-evening.txt")
    for day in range(7):
        moments = timetable(scenes, NOW + timedelta(days=day), "family-evening")
        opening = [next(moment.at for moment in moments if moment.scene == number) for number in range(3)]
        assert {at.astimezone(ZONE).strftime("%A %H:%M") for at in opening} == {"Thursday 19:30"}


def test_each_room_has_its_script_and_each_script_its_room() -> None:
    slugs = [room["slug"] for group in read_groups() for room in group["room"]]
    assert Counter(slugs) == Counter(file.stem for file in (FOLDER / "scripts").glob("*.txt"))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("wren says nothing", "no such line"),
        ("! sing Wren", "no such stage direction"),
        ("~ heard: Wren", "no message above"),
        ("Fern >Wren: What?", "no message above"),
    ],
)
def test_a_line_that_means_nothing_is_named(line: str, why: str) -> None:
    assert read_script("== 1 day ago 10:00\nWren: Hello.", "porch.txt")[0].lines[0].text == "Hello."
    with pytest.raises(ScriptError, match=rf"porch.txt:2: .*{why}"):
        read_script(f"== 1 day ago 10:00\n{line}", "porch.txt")

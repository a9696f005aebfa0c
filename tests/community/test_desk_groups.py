"""Groups and rooms at the desk: made, changed, closed and opened again; nothing is ever lost by it."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from community.groups import actions as groups
from community.groups import keeping
from community.groups.models import Group, JoinRequest
from community.live.domain import Refuse
from community.live.models import Event
from community.members.models import Member
from moderation.audit.models import AuditEntry
from moderation.audit.verbs import Verb
from sessions.rooms import access as rooms
from sessions.rooms.models import Room
from tests.desk import client_of, steward
from tests.factories import GroupFactory, MemberFactory, MembershipFactory, RoomFactory
from tests.live_client import act, code_of, do, say

pytestmark = pytest.mark.django_db

NEW = {
    "name": "Early risers",
    "about": "Coffee at five.",
    "joining": "open",
    "listed": "on",
    "audience": "alumni",
}


@pytest.fixture
def marigold() -> Member:
    return steward()


@pytest.fixture
def desk(marigold: Member) -> Client:
    return client_of(marigold)


@pytest.fixture
def room() -> Room:
    return RoomFactory(group__slug="tuesdays", slug="tuesdays")


def person(room: Room, role: str = "member") -> Member:
    return MembershipFactory(group=room.group, role=role).member


def fresh(room: Room) -> Room:
    return Room.objects.select_related("group").get(pk=room.pk)


def on_record() -> list[str]:
    return list(AuditEntry.objects.order_by("seq").values_list("verb", flat=True))


# --- groups ------------------------------------------------------------------------------------------------------


def test_a_group_is_made_and_people_find_it(desk: Client, marigold: Member) -> None:
    answer = desk.post("/desk/groups/new/", NEW)
    assert answer["Location"] == "/desk/groups/early-risers/"
    assert "Early risers" in client_of(MemberFactory()).get("/groups/").text
    entry = AuditEntry.objects.get()
    group = Group.objects.get()
    assert (entry.verb, entry.actor, entry.scope) == (Verb.GROUP_MADE, marigold.pk, group.tag)


def test_two_groups_of_one_name_have_two_addresses_and_a_name_without_letters_has_one(
    marigold: Member,
) -> None:
    assert keeping.make_slug("Early risers") == "early-risers"
    GroupFactory(slug="early-risers")
    GroupFactory(slug="early-risers-2")
    assert keeping.make_slug("Early risers") == "early-risers-3"
    assert keeping.make_slug("朝") == "group"


def test_a_group_without_a_name_is_not_made_and_the_form_says_so(desk: Client) -> None:
    refused = desk.post("/desk/groups/new/", NEW | {"name": ""})
    assert refused.status_code == 422
    assert 'id="id_name_error"' in refused.text
    assert "Coffee at five." in refused.text
    assert not Group.objects.exists()


def test_what_is_changed_is_on_record_by_name_and_saving_the_same_is_not(desk: Client) -> None:
    desk.post("/desk/groups/new/", NEW)
    desk.post("/desk/groups/early-risers/", NEW | {"name": "Earlier risers", "joining": "closed"})
    group = Group.objects.get()
    assert (group.name, group.joining, group.slug) == ("Earlier risers", "closed", "early-risers")
    entry = AuditEntry.objects.get(verb=Verb.GROUP_CHANGED)
    assert entry.facts == '{"fields":["name","joining"]}'
    desk.post("/desk/groups/early-risers/", NEW | {"name": "Earlier risers", "joining": "closed"})
    assert on_record() == [Verb.GROUP_MADE, Verb.GROUP_CHANGED]


def test_in_a_closed_group_everything_can_be_read_and_nobody_writes_or_comes_in(
    desk: Client, room: Room
) -> None:
    wren, alder = person(room), person(room, "facilitator")
    do(room, wren, say(room, "before"))
    desk.post("/desk/groups/tuesdays/closing/")
    assert code_of(do(room, wren, say(room, "after"))) == "closed"
    assert code_of(do(room, alder, act(room, "phase.set", value="open"))) == "closed"
    page = client_of(wren).get("/sessions/rooms/tuesdays/")
    assert "before" in page.text
    assert "This room is closed for now." in page.text
    assert "This group is closed" in client_of(wren).get("/groups/tuesdays/").text
    visitor = MemberFactory()
    assert "tuesdays" not in client_of(visitor).get("/groups/").text
    with pytest.raises(groups.NotOpen):
        groups.join_group(group=Group.objects.get(), member=visitor, at=room.created_at)
    assert list(Event.objects.filter(type="phase.changed").values_list("actor", flat=True)) == [None]


def test_a_group_that_opens_again_is_as_it_was(desk: Client, room: Room) -> None:
    wren = person(room)
    shut = RoomFactory(group=room.group, slug="shut")
    desk.post("/desk/groups/tuesdays/rooms/shut/closing/")
    desk.post("/desk/groups/tuesdays/closing/")
    desk.post("/desk/groups/tuesdays/closing/")
    desk.post("/desk/groups/tuesdays/opening/")
    assert not isinstance(do(room, wren, say(room, "again")), Refuse)
    assert code_of(do(shut, wren, say(shut, "not here"))) == "closed"
    assert on_record() == [Verb.ROOM_CLOSED, Verb.GROUP_CLOSED, Verb.GROUP_REOPENED]


def test_closing_that_fails_half_way_closes_nothing(
    room: Room, marigold: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(group: Group, at: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(keeping, "_told", [*keeping._told, broken])
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        keeping.close_group(group=room.group, by=marigold, at=room.created_at)
    assert fresh(room).phase == "open"
    assert fresh(room).group.closed_at is None
    assert on_record() == []


def test_who_asks_to_join_is_seen_and_not_what_they_wrote_to_the_keepers(desk: Client, room: Room) -> None:
    asking = MemberFactory(handle="Slow River")
    JoinRequest.objects.create(group=room.group, member=asking, words="Two boys, nine and twelve.")
    page = desk.get("/desk/groups/tuesdays/").text
    assert "Slow River" in page
    assert "Two boys" not in page
    assert "1 waiting" in desk.get("/desk/groups/").text
    assert "One person asks to join a group" in desk.get("/desk/").text


# --- rooms -------------------------------------------------------------------------------------------------------


def test_a_room_is_made_that_the_group_can_talk_in(desk: Client, room: Room) -> None:
    wren = person(room)
    desk.post(
        "/desk/groups/tuesdays/rooms/", {"name": "The back step", "about": "Smaller.", "usual_phase": "open"}
    )
    made = rooms.room_for(wren, "the-back-step")
    assert not isinstance(do(made, wren, say(made, "hello")), Refuse)
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.subject_kind, entry.subject_id) == (Verb.ROOM_MADE, "room", made.pk)


def test_a_room_may_wait_for_its_facilitator(desk: Client, room: Room) -> None:
    wren, alder = person(room), person(room, "facilitator")
    desk.post("/desk/groups/tuesdays/rooms/", {"name": "Sundays", "usual_phase": "closed"})
    made = rooms.room_for(wren, "sundays")
    assert code_of(do(made, wren, say(made, "early"))) == "closed"
    assert not isinstance(do(made, alder, act(made, "phase.set", value="open")), Refuse)
    assert not isinstance(do(made, wren, say(made, "on time")), Refuse)


def test_a_room_is_renamed_and_keeps_its_address_and_its_words(desk: Client, room: Room) -> None:
    wren = person(room)
    do(room, wren, say(room, "still here"))
    desk.post("/desk/groups/tuesdays/rooms/tuesdays/", {"name": "Wednesdays", "usual_phase": "open"})
    page = client_of(wren).get("/sessions/rooms/tuesdays/").text
    assert "Wednesdays" in page
    assert "still here" in page
    assert on_record() == [Verb.ROOM_CHANGED]


def test_a_closed_room_can_be_read_until_it_opens_again(desk: Client, room: Room) -> None:
    wren = person(room)
    do(room, wren, say(room, "before"))
    desk.post("/desk/groups/tuesdays/rooms/tuesdays/closing/")
    assert code_of(do(room, wren, say(room, "after"))) == "closed"
    assert "before" in client_of(wren).get("/sessions/rooms/tuesdays/").text
    desk.post("/desk/groups/tuesdays/rooms/tuesdays/opening/")
    assert not isinstance(do(room, wren, say(room, "after")), Refuse)
    assert on_record() == [Verb.ROOM_CLOSED, Verb.ROOM_REOPENED]


def test_a_room_made_in_a_closed_group_is_closed(desk: Client, room: Room) -> None:
    alder = person(room, "facilitator")
    desk.post("/desk/groups/tuesdays/closing/")
    desk.post("/desk/groups/tuesdays/rooms/", {"name": "Later", "usual_phase": "open"})
    made = rooms.room_for(alder, "later")
    assert code_of(do(made, alder, act(made, "phase.set", value="open"))) == "closed"
    desk.post("/desk/groups/tuesdays/opening/")
    assert not isinstance(do(made, alder, say(made, "now")), Refuse)


# --- the pages ---------------------------------------------------------------------------------------------------


def test_the_pages_cost_the_same_however_many_groups_rooms_and_people(
    desk: Client, room: Room, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(6):
        other = RoomFactory()
        MembershipFactory(group=other.group)
        RoomFactory(group=room.group)
        person(room)
    desk.get("/desk/groups/")
    for path, most in (("/desk/groups/", 6), ("/desk/groups/tuesdays/", 9)):
        with django_assert_max_num_queries(most):
            desk.get(path)


def test_for_all_others_there_is_no_such_page_and_no_such_act(room: Room) -> None:
    client = client_of(person(room, "facilitator"))
    assert client.get("/groups/tuesdays/").status_code == 200
    places = [
        "",
        "closing/",
        "opening/",
        "rooms/",
        "rooms/tuesdays/",
        "rooms/tuesdays/closing/",
        "rooms/tuesdays/opening/",
    ]
    for path in [
        "/desk/groups/",
        "/desk/groups/new/",
        *(f"/desk/groups/tuesdays/{place}" for place in places),
    ]:
        assert client.get(path).status_code == 404, path
        assert client.post(path, NEW).status_code == 404, path
    assert on_record() == []
    assert fresh(room).group.closed_at is None

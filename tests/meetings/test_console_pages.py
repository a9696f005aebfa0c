"""The chair's page: help calls, the floor, the line, the lobby, the steps; and what each person may see of it."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import override_settings
from django.utils import timezone

from community.calendar.models import Host
from community.members.models import Member
from sessions.formats import shipping
from sessions.formats.actions import plan_event
from sessions.formats.models import Format
from sessions.meetings import actions
from sessions.meetings.models import Arrival, Entry, Meeting
from sessions.rooms import stays
from sessions.rooms.models import Allowance, Hand, Room, Stay
from tests.factories import MemberFactory
from tests.live_client import act, do, events
from tests.meetings.holding import Circle, circle
from tests.meetings.looking import address, looked_at, signed_in

pytestmark = pytest.mark.django_db


def held_by_a_script(entry: Entry | None = None) -> Circle:
    """A circle that follows the script of the open sharing."""
    shipping.ship_formats(at=timezone.now())
    held = circle(entry=entry)
    plan_event(event=held.event, follows=Format.objects.get(slug="open-sharing"), by=held.alder, at=held.at)
    return held


def inside(meeting: Meeting, *people: Member, link: bool = True) -> None:
    """They came in, and have the room open unless their link is down."""
    for person in people:
        actions.arrive(meeting=meeting, member=person, at=timezone.now())
        if link:
            room = Room.objects.get(pk=meeting.room_id)
            # However long the test takes, they are here.
            stays.touch(room, person, timezone.now() + timedelta(minutes=10))


def press(by: Member, name: str, held: Circle, **fields: object) -> str:
    """Send one of the page's forms, and read the page that it leads back to."""
    client = signed_in(by)
    answer = client.post(address(name, held), fields, follow=True)
    assert answer.redirect_chain == [(address("chair", held), 302)]
    return answer.content.decode()


def line(page: str) -> list[str]:
    return re.findall(r'data-key="line-([0-9a-f]+)"', page)


def buttons(page: str) -> list[str]:
    """The words of every button, without what is only read out."""
    found = re.findall(r'<button class="btn[^"]*"[^>]*>(.*?)</button>', page, re.DOTALL)
    return [re.sub(r"<span class=\"vh\">.*?</span>|<[^>]+>", "", one).strip() for one in found]


def go_buttons(page: str) -> list[str]:
    return re.findall(r'<(?:button|a) class="btn go[^"]*"[^>]*>([^<]*)', page)


# --- who sees what -------------------------------------------------------------------------------------------------


def test_those_at_the_door_see_the_lobby_and_nothing_of_the_floor() -> None:
    held = circle(entry=Entry.ASK)
    greeter, juniper = held.person("Old Barn"), held.person("Juniper")
    Host.objects.create(event=held.event, member=greeter, role=Host.Role.GREETER)
    meeting = held.opened()
    actions.arrive(meeting=meeting, member=juniper, at=timezone.now())
    assert "Close the room" in looked_at(held.alder, held, "chair")
    for each in (greeter, held.fern):
        page = looked_at(each, held, "chair")
        assert "Juniper" in page
        assert buttons(page) == ["Let in", "Not this time"]
        assert "You are at the door." in page
    assert signed_in(juniper).get(address("chair", held)).status_code == 403
    for name in ("step", "allow", "take_chair", "hand_over", "close", "answer"):
        assert signed_in(held.fern).post(address(name, held), {"step": 0, "call": 1}).status_code == 403, name
    assert Meeting.objects.get().closed_at is None


def test_before_there_is_a_meeting_there_is_nothing_to_chair() -> None:
    held = circle()
    assert signed_in(held.alder).get(address("chair", held)).status_code == 404


def test_whoever_leads_from_this_page_is_at_the_meeting() -> None:
    held = circle()
    meeting = held.opened()
    assert not Stay.objects.exists()
    looked_at(held.alder, held, "chair_part")
    assert stays.seen_lately(meeting.room, timezone.now(), seconds=600) == {held.alder.pk}


# --- the door ------------------------------------------------------------------------------------------------------


def test_someone_is_let_in_turned_away_and_asked_back_and_then_all_are_let_in() -> None:
    held = circle(entry=Entry.ASK)
    people = [held.person(handle) for handle in ("Juniper", "Kestrel", "Millfield")]
    meeting = held.opened()
    for each in people:
        actions.arrive(meeting=meeting, member=each, at=timezone.now())
    page = looked_at(held.alder, held, "chair")
    assert [page.index(each.handle) for each in people] == sorted(page.index(each.handle) for each in people)
    assert press(held.alder, "admit", held, member=people[0].public_id).count("Juniper may come in.") == 1
    assert "may come in" not in looked_at(held.alder, held, "chair")
    assert "Not this time: 1" in press(held.alder, "turn_away", held, member=people[1].public_id)
    assert "Kestrel is in the lobby again." in press(held.alder, "ask_back", held, member=people[1].public_id)
    press(held.alder, "admit", held, all=1)
    assert Arrival.objects.filter(admitted_at__isnull=False).count() == 3
    assert "Nobody waits." in looked_at(held.alder, held, "chair")


def test_what_came_of_an_act_stands_once_in_the_part_that_is_fetched_after_it() -> None:
    held = circle(entry=Entry.ASK)
    juniper, meeting = held.person("Juniper"), held.opened()
    actions.arrive(meeting=meeting, member=juniper, at=timezone.now())
    client = signed_in(held.alder)
    client.post(address("admit", held), {"member": juniper.public_id})
    part = client.get(address("chair_part", held)).content.decode()
    assert part.count("Juniper may come in.") == 1
    assert "may come in" not in client.get(address("chair_part", held)).content.decode()


def test_an_act_on_someone_who_is_not_there_is_refused() -> None:
    held, stranger = circle(entry=Entry.ASK), MemberFactory()
    held.opened()
    for name in ("admit", "turn_away", "hand_over"):
        answer = signed_in(held.alder).post(address(name, held), {"member": stranger.public_id})
        assert answer.status_code == 404, name
        assert "they have left" in press(held.alder, name, held, member="<nonsense>")


# --- the floor -----------------------------------------------------------------------------------------------------


def test_the_line_says_how_long_each_waits_whose_link_is_down_who_is_new_and_who_has_shared() -> None:
    held = held_by_a_script()
    wren, juniper, nine_pines = (held.person(handle) for handle in ("Wren", "Juniper", "Nine Pines"))
    meeting = held.opened()
    inside(meeting, wren, nine_pines)
    inside(meeting, juniper, link=False)
    room = Room.objects.get(pk=meeting.room_id)
    Member.objects.filter(pk__in=[wren.pk, juniper.pk]).update(joined_at=timezone.now() - timedelta(days=400))
    actions.begin_step(meeting=meeting, step=2, by=held.alder, at=timezone.now())
    do(room, nine_pines, act(room, "hand.raise"))
    do(room, held.alder, act(room, "turn.grant", nine_pines.public_id))
    do(room, nine_pines, act(room, "turn.end"))
    for each in (wren, juniper, nine_pines):
        do(room, each, act(room, "hand.raise"))
    Hand.objects.filter(member=wren).update(at=timezone.now() - timedelta(minutes=6, seconds=2))
    page = looked_at(held.alder, held, "chair")
    rows = re.split(r'data-key="line-', page)[1:]
    assert line(page) == [each.public_id for each in (wren, juniper, nine_pines)]
    assert "Waiting 6 min" in rows[0]
    assert "Link is down. Place held" in rows[1]
    assert "has shared once" in rows[2]
    assert ["New here" in row for row in rows] == [False, False, True]
    assert go_buttons(page) == ["Call Wren next"]
    do(room, wren, act(room, "hand.lower"))
    assert go_buttons(looked_at(held.alder, held, "chair")) == ["Call Nine Pines next"]


def test_the_menu_of_someone_in_line_offers_what_can_be_done_and_their_own_time_is_kept() -> None:
    held = held_by_a_script()
    wren, juniper = held.person("Wren"), held.person("Juniper")
    meeting = held.opened()
    inside(meeting, wren, juniper)
    room = Room.objects.get(pk=meeting.room_id)
    for each in (wren, juniper):
        do(room, each, act(room, "hand.raise"))
    first, second = re.split(r'data-key="line-', looked_at(held.alder, held, "chair"))[1:]
    assert buttons(first)[:4] == ["Call next", "Later", "Skip this time", "More time each turn"]
    assert buttons(second)[:4] == ["Call next", "Put first", "Skip this time", "More time each turn"]
    page = press(held.alder, "allow", held, member=wren.public_id, seconds=420)
    assert Allowance.objects.get().seconds == 420
    assert "7 min each turn" in page
    assert "The usual time" in page
    press(held.alder, "allow", held, member=wren.public_id, seconds=0)
    assert not Allowance.objects.exists()
    assert "they have left" in press(held.alder, "allow", held, member=wren.public_id, seconds=9999)
    assert not Allowance.objects.exists()


def test_who_has_the_floor_stands_under_the_lamp_with_their_time() -> None:
    held = held_by_a_script()
    wren = held.person("Wren")
    meeting = held.opened()
    inside(meeting, wren)
    room = Room.objects.get(pk=meeting.room_id)
    actions.begin_step(meeting=meeting, step=2, by=held.alder, at=timezone.now())
    assert 'class="stack lit"' not in looked_at(held.alder, held, "chair")
    do(room, held.alder, act(room, "turn.grant", wren.public_id))
    page = looked_at(held.alder, held, "chair")
    assert "Wren has the floor" in page
    assert 'class="stack lit"' in page
    assert re.search(r"\d of 5 min", page)
    assert "Thank, end turn" in page


# --- the steps -----------------------------------------------------------------------------------------------------


def test_the_steps_go_one_by_one_and_what_is_read_is_said_once() -> None:
    held = held_by_a_script()
    meeting = held.opened()
    room = Room.objects.get(pk=meeting.room_id)
    page = looked_at(held.alder, held, "chair")
    assert go_buttons(page) == ["Begin Welcome"]
    assert "Good evening, and welcome" in page
    page = press(held.alder, "step", held, step=0)
    assert re.search(r'aria-current="step">Welcome<time[^>]*>7:00 pm', page)
    assert go_buttons(page) == ["Begin Check-in"]
    assert Meeting.objects.get().begun_at is not None
    form = re.search(r'name="key" value="([^"]+)"><input type="hidden" name="text" value="([^"]+)"', page)
    assert form
    key, words = form[1], form[2].replace("&#x27;", "'")
    assert str(UUID(key)) == key
    said = {"t": "send", "key": key, "text": words, "next": address("chair", held)}
    for _ in range(2):
        answer = signed_in(held.alder).post(f"/live/{room.slug}/events/", said)
        assert (answer.status_code, answer["Location"]) == (303, address("chair", held))
    assert [each["type"] for each in events(room)].count("message.posted") == 1
    page = looked_at(held.alder, held, "chair")
    assert "Read at" in page
    assert "Read it out in the room" not in page
    for step in (1, 2, 3, 4):
        page = press(held.alder, "step", held, step=step)
    assert go_buttons(page) == []
    assert "There is no such step." in press(held.alder, "step", held, step=9)


def test_who_may_write_is_what_holds_now_and_opening_it_up_is_a_plain_form() -> None:
    held = held_by_a_script()
    meeting = held.opened()
    room = Room.objects.get(pk=meeting.room_id)
    page = press(held.alder, "step", held, step=2)
    assert re.search(r'value="turn" checked', page)
    assert "Open it up" in page
    sent = {"t": "act", "op": "phase.set", "key": "0" * 8 + "-0000-4000-8000-" + "0" * 12, "phase": "sharing",
            "step": "2", "writes": "all", "next": address("chair", held)}  # fmt: skip
    answer = signed_in(held.alder).post(f"/live/{room.slug}/events/", sent)
    assert answer["Location"] == address("chair", held)
    page = looked_at(held.alder, held, "chair")
    assert re.search(r'value="all" checked', page)
    assert "Open it up" not in page


def test_without_a_script_it_begins_with_one_button_and_its_parts_are_chosen_by_hand() -> None:
    held = circle()
    held.opened()
    page = looked_at(held.alder, held, "chair")
    assert go_buttons(page) == ["Begin"]
    assert "No script is planned" in page
    page = press(held.alder, "step", held, step=0)
    assert go_buttons(page) == []
    assert Room.objects.get(meeting__occurrence=held.one).phase == "open"


@override_settings(PORCHLIGHT_LINK_HOSTS=["meet.example"])
def test_where_the_talk_is_elsewhere_there_is_a_lobby_and_a_chair_but_no_floor() -> None:
    held = circle(entry=Entry.ASK, here=False, link="https://meet.example/evening")
    juniper = held.person("Juniper")
    meeting = held.opened()
    actions.arrive(meeting=meeting, member=juniper, at=timezone.now())
    page = looked_at(held.alder, held, "chair")
    assert "Juniper" in page
    assert "Take the chair" in buttons(page)
    for words in ("In line", "This evening", "Who may write", 'class="dock"'):
        assert words not in page


# --- the chair -----------------------------------------------------------------------------------------------------


def test_the_chair_is_taken_handed_on_and_the_room_closed() -> None:
    held = circle()
    juniper, cohost = held.person("Juniper"), held.person("Dogwood")
    Host.objects.create(event=held.event, member=cohost, role=Host.Role.COHOST)
    meeting = held.opened()
    inside(meeting, juniper)
    assert "Nobody has the chair yet." in looked_at(held.alder, held, "chair")
    page = press(held.alder, "take_chair", held)
    assert "You have the chair, with Dogwood." in page
    assert "Hand the chair to Dogwood" in buttons(page)
    assert "Take the chair" not in buttons(page)
    page = press(held.alder, "hand_over", held, member=cohost.public_id)
    assert "Dogwood has the chair." in page
    assert Meeting.objects.get().chair == cohost
    page = press(cohost, "close", held)
    assert "It is over." in page
    assert buttons(page) == []
    assert "The doors are closed" in press(cohost, "take_chair", held)


# --- what it costs -------------------------------------------------------------------------------------------------


def test_the_page_asks_the_same_of_the_database_however_many_wait_outside_and_in_line(
    django_assert_max_num_queries: pytest.FixtureRequest,
) -> None:
    held = held_by_a_script(entry=Entry.ASK)
    meeting = held.opened()
    room = Room.objects.get(pk=meeting.room_id)
    actions.begin_step(meeting=meeting, step=2, by=held.alder, at=timezone.now())
    people = [held.person() for _ in range(8)]
    for each in people:
        actions.arrive(meeting=meeting, member=each, at=timezone.now())
        if each in people[:4]:
            actions.admit(meeting=meeting, member=each, by=held.alder, at=timezone.now())
            do(room, each, act(room, "hand.raise"))
            actions.call_for_help(meeting=meeting, member=each, words="Please.", at=timezone.now())
    client = signed_in(held.alder)
    client.get(address("chair_part", held))
    with django_assert_max_num_queries(30):  # type: ignore[operator]
        page = client.get(address("chair_part", held)).content.decode()
    assert len(line(page)) == 4
    assert buttons(page).count("Let in") == 4
    assert buttons(page).count("Answer") == 4

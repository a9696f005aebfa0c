"""The room's pages as a browser without JavaScript gets them: what is said, who may do what, what a refusal shows."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from community.groups.models import Group, Membership
from community.live import log
from community.live.models import Event
from community.members.models import Member
from sessions.rooms.domain import rooms
from sessions.rooms.models import ReadPosition, Room
from sessions.rooms.pages import MODULES
from sessions.rooms.panel import ordinal, time_left
from tests.factories import MemberFactory, MembershipFactory, RoomFactory
from tests.live_client import act, do, key, say
from tests.live_fixtures import SetClock

pytestmark = pytest.mark.django_db

QUERIES = 14


def as_(member: Member) -> Client:
    client = Client()
    client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    return client


def page(member: Member, room: Room, query: str = "") -> str:
    answer = as_(member).get(f"/sessions/rooms/{room.slug}/{query}")
    assert answer.status_code == HTTPStatus.OK
    return re.sub(r"<template.*?</template>", "", answer.text, flags=re.DOTALL)


def line(text: str, seq: int) -> str:
    """The element of one message."""
    found = re.search(rf'<li class="msg[^"]*" id="m{seq}".*?\n</li>', text, flags=re.DOTALL)
    assert found, f"message {seq} is not on the page"
    return found[0]


def doors(room: Room) -> list[str]:
    base = f"/sessions/rooms/{room.slug}/"
    return [base, f"{base}?before=2", f"{base}people/", f"{base}messages/1/"]


# --- who may see it ------------------------------------------------------------------------------------------------


def test_a_room_of_a_closed_group_is_not_there_for_people_outside_it() -> None:
    room = RoomFactory(group__joining=Group.Joining.CLOSED)
    inside, outside = MembershipFactory(group=room.group).member, MemberFactory()
    do(room, inside, say(room, "for us alone"))
    for path in doors(room):
        assert as_(outside).get(path).status_code == HTTPStatus.NOT_FOUND
        assert as_(inside).get(path).status_code == HTTPStatus.OK


def test_a_room_asks_who_is_signed_out_to_sign_in(room: Room) -> None:
    for path in doors(room):
        assert Client().get(path).status_code == HTTPStatus.FOUND


def test_a_room_is_never_kept_by_the_browser(room: Room, wren: Member) -> None:
    for path in (f"/sessions/rooms/{room.slug}/", f"/sessions/rooms/{room.slug}/people/"):
        assert "no-store" in as_(wren).get(path)["Cache-Control"]


def test_a_page_names_nobody_by_anything_but_the_handle(room: Room, wren: Member, juniper: Member) -> None:
    do(room, juniper, say(room, "hello"))
    text = page(wren, room)
    assert juniper.handle in text
    assert juniper.email not in text
    assert wren.email not in text


# --- what was said -------------------------------------------------------------------------------------------------


def test_messages_within_five_minutes_of_one_person_stand_together(
    room: Room, wren: Member, juniper: Member, set_clock: SetClock
) -> None:
    set_clock.at = datetime(2026, 3, 4, 19, 0, tzinfo=UTC)
    do(room, wren, say(room, "first"))
    set_clock.forward(240)
    do(room, wren, say(room, "second"))
    set_clock.forward(301)
    do(room, wren, say(room, "much later"))
    do(room, juniper, say(room, "someone else"))
    text = page(juniper, room)
    assert [' on"' in line(text, seq)[:30] for seq in (1, 2, 3, 4)] == [False, True, False, False]
    assert "Wren</b>" in line(text, 1)
    assert "Wren</b>" not in line(text, 2)
    assert "You</b>" in line(text, 4)


def test_times_and_days_are_those_of_the_readers_zone(room: Room, wren: Member, set_clock: SetClock) -> None:
    set_clock.at = datetime(2026, 3, 5, 2, 24, tzinfo=UTC)
    do(room, wren, say(room, "an evening in Denver"))
    wren.time_zone = "America/Denver"
    wren.save()
    text = page(wren, room)
    assert "7:24 pm" in line(text, 1)
    assert "Wednesday, March 4" in text
    wren.time_zone = "Europe/Berlin"
    wren.save()
    text = page(wren, room)
    assert "3:24 am" in line(text, 1)
    assert "Thursday, March 5" in text


def test_a_content_note_is_the_summary_above_folded_words(room: Room, wren: Member, juniper: Member) -> None:
    do(room, wren, say(room, "a bad Friday", note="relapse"))
    do(room, juniper, say(room, "with you", reply_to=1))
    text = page(juniper, room)
    noted = line(text, 1)
    assert noted.index("Content note: relapse") < noted.rindex("</summary>") < noted.index("a bad Friday")
    assert 'class="fold cn">' in noted, "folded until it is pressed"
    assert "To Wren (content note: relapse)" in line(text, 2)
    assert "a bad Friday" not in line(text, 2)


def test_a_reply_quotes_what_it_answers_wherever_that_stands(
    room: Room, wren: Member, juniper: Member
) -> None:
    do(room, wren, say(room, "I can drive myself, and I can leave after the pie if it gets to be too much"))
    for number in range(60):
        do(room, juniper, say(room, f"between {number}"))
    do(room, juniper, say(room, "facing out", reply_to=1))
    text = page(juniper, room)
    answer = line(text, 62)
    assert "To Wren: “I can drive myself, and I can leave after the pie if it…”" in answer
    assert 'href="?before=2#m1"' in answer


def test_a_hidden_message_keeps_nothing_of_its_words_and_says_why(
    room: Room, wren: Member, juniper: Member, fern: Member
) -> None:
    do(room, wren, say(room, "prices and places"))
    do(room, juniper, say(room, "about that", reply_to=1))
    do(room, wren, say(room, "a slip of the pen"))
    assert "prices and places" in page(juniper, room)
    do(room, fern, act(room, "message.hide", 1, "rule 4"))
    do(room, wren, act(room, "message.hide", 3))
    text = page(juniper, room)
    assert "prices and places" not in text
    assert "A moderator hid this message: rule 4" in line(text, 1)
    assert "To a message that is not shown" in line(text, 2)
    assert "Wren took this message back." in line(text, 3)
    assert "You took this message back." in line(page(wren, room), 3)


def test_an_edited_message_says_so(room: Room, wren: Member, juniper: Member) -> None:
    do(room, wren, say(room, "befroe"))
    do(room, wren, act(room, "message.edit", 1, "before"))
    assert "Sent, edited " in line(page(wren, room), 1)
    seen = line(page(juniper, room), 1)
    assert "Edited " in seen
    assert "befroe" not in seen


def test_responses_show_the_most_used_first_and_none_at_zero(
    room: Room, wren: Member, juniper: Member, fern: Member
) -> None:
    do(room, wren, say(room, "a hard week"))
    for person, kind in ((juniper, "with_you"), (fern, "with_you"), (fern, "heard"), (wren, "strength")):
        do(room, person, act(room, "reaction.set", 1, {"kind": kind, "on": True}))
    do(room, wren, act(room, "reaction.set", 1, {"kind": "strength", "on": False}))
    said = re.findall(r'aria-pressed="(\w+)">([\w ]+) <span class="num">(\d+)', line(page(juniper, room), 1))
    assert said == [("true", "With you", "2"), ("false", "Heard", "1")]


def test_words_are_shown_as_words(room: Room, wren: Member, juniper: Member) -> None:
    do(room, wren, say(room, "<script>alert(1)</script>"))
    do(room, juniper, say(room, "what?", reply_to=1, note="<b>"))
    text = page(juniper, room)
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in line(text, 1)
    assert "Content note: &lt;b&gt;" in line(text, 2)


def test_a_page_holds_no_script_or_style_of_its_own(room: Room, wren: Member) -> None:
    answer = as_(wren).get(f"/sessions/rooms/{room.slug}/").text
    assert re.search(r'<script type="module" src="[^"]+room\.', answer)
    assert not re.search(r"<script(?![^>]+src=)|<style|\sstyle=|\son\w+=", answer)


# --- where one is --------------------------------------------------------------------------------------------------


def test_what_is_new_begins_after_what_one_has_seen(room: Room, wren: Member, juniper: Member) -> None:
    for number in range(3):
        do(room, juniper, say(room, f"words {number}"))
    assert 'id="new"' not in page(wren, room)
    rooms.save_seen({(room.log_id, wren.pk): 2})
    text = page(wren, room)
    assert text.index('id="m2"') < text.index('id="new"') < text.index('id="m3"')
    assert "New since " in text
    assert 'id="new"' not in page(juniper, room), "one's own words are not news"


def test_the_link_to_what_is_new_moves_the_read_position_and_never_back(
    room: Room, wren: Member, juniper: Member
) -> None:
    for number in range(3):
        do(room, juniper, say(room, f"words {number}"))
    for asked, stored in ((2, 2), (1, 2), (99, 3)):
        page(wren, room, f"?seen={asked}")
        assert ReadPosition.objects.get(room=room, member=wren).seq == stored


def test_history_is_read_fifty_messages_at_a_time_without_a_gap(room: Room, wren: Member) -> None:
    for number in range(1, 121):
        do(room, wren, say(room, f"number {number}"))
    shown: list[int] = []
    query = ""
    while True:
        text = page(wren, room, query)
        shown = [int(seq) for seq in re.findall(r'<li class="msg[^"]*" id="m(\d+)"', text)] + shown
        earlier = re.search(r'href="(\?before=\d+)" data-earlier', text)
        if not earlier:
            break
        query = earlier[1]
    assert shown == list(range(1, 121))
    assert "This is where it began." in text
    assert "data-composer" not in text


@pytest.mark.parametrize(
    "query", ["?before=x", "?before=-1", "?before=0", "?seen=x", "?reply=999", "?reply=x"]
)
def test_nonsense_in_the_address_is_passed_over(room: Room, wren: Member, query: str) -> None:
    do(room, wren, say(room, "still here"))
    assert "still here" in page(wren, room, query)


def test_a_page_costs_the_same_however_much_was_said(
    room: Room,
    wren: Member,
    juniper: Member,
    fern: Member,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    do(room, wren, say(room, "the first"))
    client = as_(wren)
    client.get(f"/sessions/rooms/{room.slug}/")
    with django_assert_max_num_queries(QUERIES) as few:
        client.get(f"/sessions/rooms/{room.slug}/")
    for number in range(70):
        do(room, (juniper, fern, wren)[number % 3], say(room, f"words {number}", reply_to=1))
        do(room, fern, act(room, "reaction.set", number * 2 + 2, {"kind": "heard", "on": True}))
    do(room, juniper, act(room, "hand.raise"))
    with django_assert_max_num_queries(QUERIES) as many:
        client.get(f"/sessions/rooms/{room.slug}/")
    assert len(many) <= len(few) + 1, "one more for the message that all of them answer"


def test_the_pages_of_people_and_of_a_message_cost_the_same_however_many_there_are(
    room: Room,
    wren: Member,
    juniper: Member,
    fern: Member,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    do(room, wren, say(room, "the first"))
    client = as_(fern)
    paths = [f"/sessions/rooms/{room.slug}/people/", f"/sessions/rooms/{room.slug}/messages/1/"]
    counts = []
    for _ in range(2):
        for path in paths:
            with django_assert_max_num_queries(QUERIES) as spent:
                assert client.get(path).status_code == HTTPStatus.OK
            counts.append(len(spent))
        for number in range(12):
            newcomer = MembershipFactory(group=room.group).member
            do(room, newcomer, say(room, f"words {number}"))
            do(room, newcomer, act(room, "reaction.set", 1, {"kind": "heard", "on": True}))
    assert counts[:2] == counts[2:]


# --- what may be done ----------------------------------------------------------------------------------------------


def test_the_floor_says_whose_turn_it_is_and_where_i_stand(
    room: Room, wren: Member, juniper: Member, fern: Member, alder: Member
) -> None:
    assert "The floor is open" in page(wren, room)
    do(room, alder, act(room, "phase.set", value="sharing"))
    for person in (juniper, fern, wren):
        do(room, person, act(room, "hand.raise"))
    assert "You are 3rd in line." in page(wren, room)
    do(room, alder, act(room, "turn.grant", juniper.public_id, {"seconds": 180}))
    text = page(wren, room)
    assert "Juniper has the floor" in text
    assert "About 3 minutes left. You are 2nd in line." in text
    assert 'class="floor fold lit"' in text
    assert "Juniper has the floor.</b> <span>You are 2nd in line." in text
    assert "You have the floor" in page(juniper, room)
    assert "Thank, end turn" in page(alder, room)
    assert "Thank, end turn" not in text


def test_whoever_may_not_write_reads_why_and_sees_no_button(
    room: Room, wren: Member, alder: Member, fern: Member
) -> None:
    sends = re.compile(r'<button class="btn go">Send')
    assert sends.search(page(wren, room))
    do(room, fern, act(room, "member.mute", wren.public_id, {"minutes": 10, "reason": "a pause"}))
    text = page(wren, room)
    assert not sends.search(text)
    assert "You can read, and can’t write here until" in text
    assert "A moderator set this: a pause" in text
    do(room, alder, act(room, "member.unmute", wren.public_id))
    do(room, alder, act(room, "phase.set", value="opening"))
    assert "The facilitators are speaking." in page(wren, room)
    assert sends.search(page(alder, room))
    do(room, alder, act(room, "phase.set", value="closed"))
    assert "This room is closed for now." in page(wren, room)
    assert not sends.search(page(alder, room))


def test_the_page_of_one_message_offers_what_its_reader_may_do(
    room: Room, wren: Member, juniper: Member, fern: Member
) -> None:
    do(room, wren, say(room, "mine"))
    path = f"/sessions/rooms/{room.slug}/messages/1/"
    own, others, moderators = (as_(member).get(path).text for member in (wren, juniper, fern))
    assert "Take it back" in own
    assert "Save" in own
    assert "Take it back" not in others
    assert "Keep the room safe" not in others
    assert "Thank you" in others
    assert "Hide it" in moderators
    assert "Remove from the group" in moderators
    Event.objects.filter(log_id=room.log_id, seq=1).update(at=timezone.now() - timedelta(minutes=16))
    assert "Save" not in as_(wren).get(path).text


def test_only_a_message_has_a_page(room: Room, wren: Member) -> None:
    do(room, wren, act(room, "hand.raise"))
    for seq in (1, 2):
        assert (
            as_(wren).get(f"/sessions/rooms/{room.slug}/messages/{seq}/").status_code == HTTPStatus.NOT_FOUND
        )


def test_the_people_page_lets_only_those_who_keep_order_restrain(
    room: Room, wren: Member, juniper: Member, fern: Member, alder: Member
) -> None:
    do(room, juniper, say(room, "hello"))
    seen = {
        person: as_(person).get(f"/sessions/rooms/{room.slug}/people/").text for person in (wren, fern, alder)
    }
    assert all("Juniper" in text for text in seen.values())
    assert ["Mute or remove" in seen[person] for person in (wren, fern, alder)] == [False, True, True]
    assert ["Give the floor" in seen[person] for person in (wren, fern, alder)] == [False, False, True]


# --- a refused form ------------------------------------------------------------------------------------------------


def test_a_refused_message_comes_back_with_its_words_and_the_reason_at_the_field(
    room: Room, wren: Member
) -> None:
    do(room, wren, say(room, "before"))
    words = "x" * 2001
    answer = as_(wren).post(
        f"/live/{room.slug}/events/",
        {"t": "send", "key": key(), "text": words, "note": "grief", "reply_to": "1"},
    )
    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert f">{words}</textarea>" in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert "A message holds at most 2,000 characters" in answer.text
    assert "<option selected>grief</option>" in answer.text
    assert "To you: “before”" in answer.text
    assert log.head(room.log_id).last_seq == 1


def test_a_refused_edit_comes_back_with_its_words(room: Room, wren: Member) -> None:
    do(room, wren, say(room, "before"))
    fields = {"t": "act", "op": "message.edit", "target": "1", "key": key(), "value": "y" * 2001}
    answer = as_(wren).post(f"/live/{room.slug}/events/", fields)
    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert "y" * 2001 in answer.text
    assert "at most 2,000 characters" in answer.text


def test_a_refused_form_tells_an_outsider_nothing() -> None:
    room = RoomFactory(group__joining=Group.Joining.CLOSED)
    inside = MembershipFactory(group=room.group, role=Membership.Role.MEMBER).member
    fields = {"t": "send", "key": key(), "text": " "}
    path = f"/live/{room.slug}/events/"
    assert as_(MemberFactory()).post(path, fields).status_code == HTTPStatus.NOT_FOUND
    assert as_(inside).post(path, fields).status_code == HTTPStatus.BAD_REQUEST


# --- words ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (12, "12th"),
        (13, "13th"),
        (22, "22nd"),
        (111, "111th"),
    ],
)
def test_places_are_said_as_one_says_them(number: int, words: str) -> None:
    assert ordinal(number) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (170, "About 3 minutes left."), (61, "About 1 minute left."), (20, "The time is about over."),
        (-60, "The time is about over."),
    ],
)  # fmt: skip
def test_a_turn_has_minutes_and_no_clock(seconds: int, words: str) -> None:
    now = datetime(2026, 3, 4, 19, 0, tzinfo=UTC)
    assert time_left((now + timedelta(seconds=seconds)).isoformat(), now) == words


# --- the script ----------------------------------------------------------------------------------------------------


def _imported_by(script: Path, pattern: str) -> set[Path]:
    return {
        (script.parent / name).resolve() for name in re.findall(pattern, script.read_text(), re.MULTILINE)
    }


def test_the_modules_that_the_room_always_needs_are_fetched_at_once_and_no_others() -> None:
    scripts = settings.BASE_DIR / "community" / "static" / "js"
    room = scripts / "room" / "room.js"
    needed, waiting = {room}, [room]
    while waiting:
        new = _imported_by(waiting.pop(), r'^(?:import|export|\}) [^;]*?from "(\.[^"]+)";') - needed
        needed |= new
        waiting += new
    assert {f"js/{file.relative_to(scripts)}" for file in needed - {room}} == set(MODULES)
    at_need = set().union(*(_imported_by(script, r'await import\("(\.[^"]+)"\)') for script in needed))
    for script in tuple(at_need):
        at_need |= _imported_by(script, r'from "(\.[^"]+)";') - needed
    there = {file for part in ("live", "room") for file in (scripts / part).glob("*.js")}
    assert there - needed == at_need, "the rest is loaded when a slower way in is taken"

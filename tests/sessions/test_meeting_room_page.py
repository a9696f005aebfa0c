"""The room page of a meeting without JavaScript: the script, the line, the turn, and the way to the rest."""

from __future__ import annotations

import re
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from community.members.models import Member
from sessions.rooms import meeting_links
from sessions.rooms.models import Room, Stay, Turn
from tests.live_client import act, do, event, key, say, types
from tests.live_fixtures import SetClock
from tests.sessions.test_room_page import as_, line, page

pytestmark = pytest.mark.django_db

QUERIES = 21
STEPS = [
    {"phase": "opening", "title": "The lamp is lit", "minutes": 5, "writes": "hosts", "crosstalk": False,
     "turn_seconds": None},
    {"phase": "sharing", "title": "What held me", "minutes": 30, "writes": "turn", "crosstalk": False,
     "turn_seconds": None},
    {"phase": "sharing", "title": "All together", "minutes": 10, "writes": "all", "crosstalk": True,
     "turn_seconds": None},
    {"phase": "closing", "title": "Good night", "minutes": 5, "writes": "hosts", "crosstalk": False,
     "turn_seconds": None},
]  # fmt: skip


@pytest.fixture
def meeting(room: Room) -> Room:
    room.attended, room.steps = True, STEPS
    room.save()
    return room


@pytest.fixture
def links(monkeypatch: pytest.MonkeyPatch) -> None:
    """Meetings are held: the chair's page is for who chairs, help for everyone."""

    def find(room: Room, member: Member, standing: Any) -> meeting_links.Links:
        chair = "/the-chair/" if standing.chairs else None
        return {"chair": chair, "help": "/ask-for-help/", "door": "/the-door/", "name": "Sunday"}

    monkeypatch.setattr(meeting_links, "_finders", [find])


def begin(room: Room, alder: Member, step: int) -> None:
    value = {"phase": STEPS[step]["phase"], "step": step}
    do(room, alder, act(room, "phase.set", value=value))


def contents(text: str) -> list[str]:
    """The parts that are listed, with the current one in brackets."""
    toc = re.search(r'<ol class="toc">(.*?)</ol>', text, re.DOTALL)
    assert toc
    shown = []
    for attributes, label in re.findall(r"<li( [^>]*)>([^<]*)", toc[1]):
        current = "aria-current" in attributes
        if current or "data-aside" not in attributes:
            shown.append(f"[{label}]" if current else label)
    return shown


def hint(text: str) -> str:
    found = re.search(r"<div role=\"status\" data-hint>(.*?)</div>", text, re.DOTALL)
    assert found
    return " ".join(re.sub(r"<[^>]+>", "", found[1]).split())


# --- where in the script -------------------------------------------------------------------------------------------


def test_the_script_is_the_table_of_contents_with_the_current_step_marked(
    meeting: Room, wren: Member, alder: Member
) -> None:
    titles = ["The lamp is lit", "What held me", "All together", "Good night"]
    do(meeting, alder, act(meeting, "phase.set", value="lobby"))
    text = page(wren, meeting)
    assert contents(text) == ["[Lobby]", *titles]
    assert '<span class="side" data-phase-label>Lobby</span>' in text
    begin(meeting, alder, 1)
    text = page(wren, meeting)
    assert contents(text) == ["The lamp is lit", "[What held me]", "All together", "Good night"]
    assert "Part 2 of 4: What held me" in text
    assert '<time datetime="PT30M">30 min</time>' in text
    do(meeting, alder, act(meeting, "phase.set", value="fellowship"))
    assert contents(page(wren, meeting)) == [*titles, "[Fellowship]"]


def test_a_room_without_a_script_lists_the_phases_and_hides_them_while_it_is_open(
    room: Room, wren: Member, alder: Member
) -> None:
    assert re.search(r"data-phases hidden", page(wren, room))
    do(room, alder, act(room, "phase.set", value="sharing"))
    text = page(wren, room)
    assert not re.search(r"data-phases hidden", text)
    assert contents(text) == ["Opening", "Check-in", "Topic", "[Sharing]", "Closing", "Fellowship"]


def test_the_floor_says_what_the_step_is_called_and_who_may_write_in_it(
    meeting: Room, wren: Member, alder: Member
) -> None:
    begin(meeting, alder, 1)
    assert "<b data-head>What held me</b>" in page(wren, meeting)
    assert "One person at a time has the floor." in page(wren, meeting)
    begin(meeting, alder, 2)
    text = page(wren, meeting)
    assert "<b data-head>All together</b>" in text
    assert "Anyone may write." in text


def test_who_comes_late_sees_the_part_the_turn_and_their_own_place(
    meeting: Room, wren: Member, juniper: Member, fern: Member, alder: Member
) -> None:
    begin(meeting, alder, 1)
    for person in (juniper, fern, wren):
        do(meeting, person, act(meeting, "hand.raise"))
    do(meeting, alder, act(meeting, "turn.grant", juniper.public_id))
    text = page(wren, meeting)
    assert "Part 2 of 4: What held me" in text
    assert "Juniper has the floor" in text
    assert "You are 2nd in line." in text


def test_the_transcript_says_what_happened_between_the_messages(
    meeting: Room, wren: Member, juniper: Member, alder: Member
) -> None:
    begin(meeting, alder, 0)
    do(meeting, alder, say(meeting, "Welcome."))
    begin(meeting, alder, 1)
    do(meeting, alder, say(meeting, "Who begins?"))
    do(meeting, alder, act(meeting, "turn.grant", juniper.public_id))
    do(meeting, juniper, act(meeting, "turn.end", value={"why": "passed"}))
    shown = re.findall(r'id="([em]\d+)"[^>]*>', page(wren, meeting))
    kinds = types(meeting)
    expected = [
        f"{'m' if kind == 'message.posted' else 'e'}{seq}"
        for seq, kind in enumerate(kinds, 1)
        if kind in {"message.posted", "phase.changed"} or (kind, seq) == ("turn.ended", len(kinds))
    ]
    assert shown == expected
    assert len(shown) == 5
    assert "Juniper passes this time." in page(wren, meeting)
    assert "You pass this time." in page(juniper, meeting)
    assert ' on"' not in line(page(wren, meeting), kinds.index("message.posted", 3) + 1)


def test_a_turn_that_ended_as_usual_is_worth_no_line(meeting: Room, juniper: Member, alder: Member) -> None:
    begin(meeting, alder, 1)
    for _ in range(2):
        do(meeting, alder, act(meeting, "turn.grant", juniper.public_id))
        do(meeting, juniper, act(meeting, "turn.end"))
    assert types(meeting).count("turn.ended") == 2
    assert re.findall(r'id="(e\d+)"', page(juniper, meeting)) == ["e1"]


def test_an_earlier_page_holds_the_lines_between_its_own_messages(
    meeting: Room, wren: Member, alder: Member
) -> None:
    do(meeting, alder, act(meeting, "phase.set", value="fellowship"))
    for number in range(60):
        if number in {5, 40}:
            do(meeting, alder, act(meeting, "phase.set", value="open" if number == 5 else "fellowship"))
        do(meeting, wren, say(meeting, f"words {number}"))
    marks, query = [], ""
    for _ in range(2):
        text = page(wren, meeting, query)
        marks.append(re.findall(r'id="e(\d+)"', text))
        earlier = re.search(r'href="(\?before=\d+)" data-earlier', text)
        query = earlier[1] if earlier else ""
    every = [str(seq) for seq, kind in enumerate(types(meeting), 1) if kind == "phase.changed"]
    assert marks == [every[-1:], every[:-1]]


# --- the turn ------------------------------------------------------------------------------------------------------


def test_near_its_end_a_turn_is_told_so_gently_to_its_holder_alone(
    meeting: Room, wren: Member, juniper: Member, alder: Member
) -> None:
    begin(meeting, alder, 1)
    do(meeting, alder, act(meeting, "turn.grant", juniper.public_id))
    for seconds, words in (
        (170, ""),
        (70, "About a minute is left. Finish when you are ready."),
        (10, "The time is about over. Finish your thought; nobody is cut off."),
        (-300, "The time is about over. Finish your thought; nobody is cut off."),
    ):
        Turn.objects.filter(room=meeting).update(until=timezone.now() + timedelta(seconds=seconds))
        assert hint(page(juniper, meeting)) == words
        assert hint(page(wren, meeting)) == ""
    assert "Send</button>" in page(juniper, meeting)


def test_whoever_has_the_floor_may_be_done_or_pass_by_form(
    meeting: Room, juniper: Member, wren: Member, alder: Member
) -> None:
    begin(meeting, alder, 1)
    do(meeting, alder, act(meeting, "turn.grant", juniper.public_id))
    assert "I pass this time" not in page(wren, meeting)
    text = page(juniper, meeting)
    assert "I’m done" in text
    form = re.search(r"<form[^>]*>((?:(?!</form>).)*I pass this time.*?)</form>", text, re.DOTALL)
    assert form
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[1]))
    assert as_(juniper).post(f"/live/{meeting.slug}/events/", fields).status_code == HTTPStatus.SEE_OTHER
    assert event(meeting, len(types(meeting)))["data"]["why"] == "passed"


def test_what_one_was_writing_may_be_sent_once_after_the_chair_ended_the_turn(
    meeting: Room, juniper: Member, wren: Member, alder: Member
) -> None:
    begin(meeting, alder, 1)
    do(meeting, alder, act(meeting, "turn.grant", juniper.public_id))
    do(meeting, alder, act(meeting, "turn.end", juniper.public_id))
    text = page(juniper, meeting)
    assert hint(text) == "Your turn has ended. What you are writing may still be sent, in one message."
    send = re.compile(r'<button class="btn go">Send')
    assert send.search(text)
    assert not send.search(page(wren, meeting))
    fields = {"t": "send", "key": key(), "text": "And that was it."}
    assert as_(juniper).post(f"/live/{meeting.slug}/events/", fields).status_code == HTTPStatus.SEE_OTHER
    text = page(juniper, meeting)
    assert "And that was it." in text
    assert hint(text) == ""
    assert not send.search(text)


def test_too_long_a_share_comes_back_whole_with_a_way_to_say_it(
    meeting: Room, juniper: Member, wren: Member, alder: Member
) -> None:
    begin(meeting, alder, 2)
    words = "One more evening. " * 130
    fields = {"t": "send", "key": key(), "text": words.strip()}
    way = "send it in two or more messages"
    answer = as_(wren).post(f"/live/{meeting.slug}/events/", fields)
    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert way not in answer.text
    begin(meeting, alder, 1)
    do(meeting, alder, act(meeting, "turn.grant", juniper.public_id))
    answer = as_(juniper).post(f"/live/{meeting.slug}/events/", fields)
    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert f">{words.strip()}</textarea>" in answer.text
    assert way in answer.text
    assert "maxlength" not in answer.text.split('id="words"')[1].split(">")[0], "a browser would cut silently"


# --- the line ------------------------------------------------------------------------------------------------------


def in_line(text: str, member: Member) -> str:
    found = re.search(
        rf'<li data-who="{member.public_id}">.*?</li>(?=<li data-who|\s*</ol>|\s*<li data-who)',
        text,
        re.DOTALL,
    )
    assert found, f"{member} is not in line"
    return found[0]


def test_whose_link_is_down_is_marked_in_the_line(
    meeting: Room, wren: Member, juniper: Member, alder: Member
) -> None:
    begin(meeting, alder, 1)
    for person in (juniper, wren):
        do(meeting, person, act(meeting, "hand.raise"))
    page(juniper, meeting)
    text = page(alder, meeting)
    assert "Link is down" in in_line(text, wren)
    assert "Link is down" not in in_line(text, juniper)
    Stay.objects.filter(room=meeting, member=juniper).update(
        entered_at=timezone.now() - timedelta(minutes=5), seen_at=timezone.now() - timedelta(minutes=1)
    )
    do(meeting, alder, act(meeting, "turn.grant", juniper.public_id))
    assert "Juniper has the floor" in page(wren, meeting)
    assert "About 3 minutes left. Their link is down." in page(wren, meeting)
    assert "Their link is down." not in page(juniper, meeting)


def test_the_chair_calls_moves_and_skips_from_the_line(
    meeting: Room, wren: Member, juniper: Member, fern: Member, alder: Member
) -> None:
    begin(meeting, alder, 1)
    for person in (juniper, fern, wren):
        do(meeting, person, act(meeting, "hand.raise"))
    text = page(alder, meeting)
    found = [re.findall(r"<button[^>]*>([^<]+)", in_line(text, person)) for person in (juniper, fern, wren)]
    assert found == [
        ["Call", "Later", "Skip this time"],
        ["Call next", "Put first", "Later", "Skip this time"],
        ["Call next", "Put first", "Skip this time"],
    ]
    assert "Put first" not in page(wren, meeting)
    form = re.search(r"<form[^>]*>((?:(?!</form>).)*Put first.*?)</form>", in_line(text, wren), re.DOTALL)
    assert form
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[1]))
    as_(alder).post(f"/live/{meeting.slug}/events/", fields)
    waiting = re.findall(r'<li data-who="(\w+)"', page(alder, meeting))
    assert waiting == [person.public_id for person in (wren, juniper, fern)]


def test_newcomers_are_pointed_out_to_the_chair_alone(
    meeting: Room, wren: Member, juniper: Member, alder: Member
) -> None:
    Member.objects.filter(pk=juniper.pk).update(joined_at=timezone.now() - timedelta(days=400))
    begin(meeting, alder, 1)
    for person in (juniper, wren):
        do(meeting, person, act(meeting, "hand.raise"))
    text = page(alder, meeting)
    assert "New here" in in_line(text, wren)
    assert "New here" not in in_line(text, juniper)
    assert wren.public_id in re.findall(r'data-newcomers="([^"]*)"', text)[0].split()
    assert "New here" not in page(wren, meeting)
    assert "data-newcomers" not in page(wren, meeting)


# --- the rest of the meeting ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("links")
def test_the_talk_leads_to_the_chair_to_help_and_to_the_door(
    meeting: Room, wren: Member, alder: Member
) -> None:
    hosts, others = page(alder, meeting), page(wren, meeting)
    assert '<a href="/the-chair/">Chair</a>' in hosts
    assert "Begin it" not in hosts, "steps are begun on the chair's page"
    assert "/the-chair/" not in others
    for text in (hosts, others):
        assert '<a href="/ask-for-help/">I need help</a>' in text
        assert '<a href="/the-door/">About this meeting</a>' in text


@pytest.mark.usefixtures("links")
def test_a_room_that_holds_no_meeting_leads_nowhere_else(room: Room, alder: Member) -> None:
    text = page(alder, room)
    assert "/the-chair/" not in text
    assert "/ask-for-help/" not in text
    assert "Begin it" in text


def test_reading_the_page_is_being_there(meeting: Room, room: Room, wren: Member, alder: Member) -> None:
    page(wren, meeting)
    assert Stay.objects.get(room=meeting).member == wren
    do(meeting, alder, act(meeting, "phase.set", value="closed"))
    page(alder, meeting)
    assert not Stay.objects.filter(room=meeting, member=alder).exists(), "nobody is in a closed room"


def test_reading_an_ordinary_room_is_not_kept(room: Room, wren: Member) -> None:
    page(wren, room)
    assert not Stay.objects.exists()


@pytest.mark.usefixtures("links")
def test_the_page_of_a_meeting_costs_the_same_however_many_wait_and_speak(
    meeting: Room,
    wren: Member,
    juniper: Member,
    fern: Member,
    alder: Member,
    set_clock: SetClock,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    begin(meeting, alder, 1)
    do(meeting, alder, say(meeting, "Welcome."))
    do(meeting, wren, act(meeting, "hand.raise"))
    counts = []
    for _ in range(2):
        for person in (alder, wren):
            client = as_(person)
            client.get(f"/sessions/rooms/{meeting.slug}/")
            with django_assert_max_num_queries(QUERIES) as spent:
                client.get(f"/sessions/rooms/{meeting.slug}/")
            counts.append(len(spent))
        for person in (juniper, fern, wren):
            do(meeting, alder, act(meeting, "turn.grant", person.public_id))
            do(meeting, person, say(meeting, "Some words."))
            do(meeting, person, act(meeting, "turn.end", value={"why": "passed"}))
            do(meeting, person, act(meeting, "hand.raise"))
    assert counts[:2] == counts[2:]

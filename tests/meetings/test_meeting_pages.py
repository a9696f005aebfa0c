"""The pages of a meeting as people find them: its door, a private word to the hosts, and how people come in."""

from __future__ import annotations

import pytest
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from community.calendar.actions import cancel_one
from community.members.models import Member
from sessions.meetings import actions, parts
from sessions.meetings.models import Arrival, Doorway, Entry, HelpCall, Meeting
from tests.factories import MemberFactory
from tests.meetings.holding import MODERATOR, Circle, circle
from tests.meetings.looking import address, looked_at, said_at, signed_in

pytestmark = pytest.mark.django_db

LINK = "https://meet.example/evening"


def send(by: Member, name: str, held: Circle, **fields: str) -> str:
    """Where the page leads on; the words of the form are sent as they are."""
    answer = signed_in(by).post(address(name, held), fields)
    assert answer.status_code == 302, answer.status_code
    return str(answer["Location"])


# --- the door ------------------------------------------------------------------------------------------------------


def test_before_the_doors_open_one_reads_when_they_do_and_may_put_it_in_a_calendar() -> None:
    held = circle()
    page = looked_at(held.person(), held)
    assert "Not open yet" in page
    assert "The doors open at 6:45 pm, your time, and it begins at 7:00 pm." in page
    assert reverse("calendar:event_file", args=[held.one.pk]) in page
    assert address("enter", held) not in page


def test_who_may_not_know_of_the_event_finds_no_door() -> None:
    held, stranger = circle(), signed_in(MemberFactory())
    held.opened()
    assert signed_in(held.person()).get(address("door", held)).status_code == 200
    for name in ("door", "door_part", "chair", "chair_part", "help", "help_part", "doorway"):
        assert stranger.get(address(name, held)).status_code == 404, name
    for name in ("enter", "step_in", "admit", "close"):
        assert stranger.post(address(name, held)).status_code == 404, name


def test_where_entry_is_open_one_button_leads_into_the_room() -> None:
    held = circle()
    juniper = held.person("Juniper")
    meeting = held.opened()
    assert ">Go in</button>" in looked_at(juniper, held)
    assert send(juniper, "enter", held) == reverse("rooms:room", args=[meeting.room.slug])
    page = looked_at(juniper, held)
    assert said_at(page) == "You may come in."
    assert reverse("rooms:room", args=[meeting.room.slug]) in page


def test_who_waits_reads_their_place_and_comes_in_when_somebody_lets_them() -> None:
    held = circle(entry=Entry.ASK)
    juniper, wren = held.person("Juniper"), held.person("Wren")
    meeting = held.opened()
    assert "Wait in the lobby" in looked_at(juniper, held)
    for each in (juniper, wren):
        assert send(each, "enter", held) == address("door", held)
    assert said_at(looked_at(juniper, held)) == "You are next to come in."
    second = looked_at(wren, held)
    assert said_at(second) == "You are 2nd in the lobby."
    assert "One other waits too." in second
    assert meeting.room.slug not in second
    assert reverse("meetings:help", args=[held.one.pk]) in second
    actions.admit(meeting=meeting, member=wren, by=held.alder, at=timezone.now())
    assert meeting.room.slug in looked_at(wren, held, "door_part")
    assert said_at(looked_at(juniper, held)) == "You are next to come in."


def test_the_part_that_is_asked_for_again_is_no_whole_page_and_says_that_one_is_still_there() -> None:
    held = circle(entry=Entry.ASK)
    juniper = held.person("Juniper")
    meeting = held.opened()
    send(juniper, "enter", held)
    long_ago = held.at.replace(year=2020)
    Arrival.objects.update(seen_at=long_ago)
    looked_at(juniper, held)
    assert Arrival.objects.get(meeting=meeting).seen_at == long_ago
    part = looked_at(juniper, held, "door_part")
    assert "<html" not in part
    assert said_at(part) == "You are next to come in."
    assert Arrival.objects.get(meeting=meeting).seen_at > long_ago


def test_who_is_turned_away_reads_it_kindly_with_the_way_to_help_and_no_way_in() -> None:
    held = circle(entry=Entry.ASK)
    juniper = held.person("Juniper")
    meeting = held.opened()
    send(juniper, "enter", held)
    assert send(held.fern, "turn_away", held, member=juniper.public_id) == address("chair", held)
    page = looked_at(juniper, held)
    assert said_at(page) == "Not this time."
    assert "says nothing about you in others" in page
    assert meeting.room.slug not in page
    assert "Wait in the lobby" not in page
    assert send(held.fern, "ask_back", held, member=juniper.public_id) == address("chair", held)
    assert said_at(looked_at(juniper, held)) == "You are next to come in."


def test_what_is_over_or_cancelled_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    held, other = circle(), circle()
    juniper, pika = held.person("Juniper"), other.person("Pika")
    meeting = held.opened()
    send(juniper, "enter", held)
    monkeypatch.setattr(parts, "_parts", [lambda visit: f"<p>Left over for {visit.state.value}.</p>"])
    assert "Left over for in." in looked_at(juniper, held)
    actions.close(meeting=meeting, by=held.alder, at=held.minutes(60))
    page = looked_at(juniper, held)
    assert said_at(page) == "It is over."
    assert "Thank you for coming." in page
    assert "Left over for over." in page
    cancel_one(occurrence=other.one, because="A storm.", by=other.alder, at=other.at)
    page = looked_at(pika, other)
    assert said_at(page) == "Cancelled."
    assert "A storm." in page


def test_when_no_host_came_a_moderator_at_the_door_may_open_it_and_a_newcomer_may_not() -> None:
    held = circle(entry=Entry.ASK)
    juniper, nine_pines = held.person("Juniper"), held.person("Nine Pines", MODERATOR)
    meeting = held.opened()
    send(juniper, "enter", held)
    assert "No host has come yet" not in looked_at(juniper, held)
    Meeting.objects.filter(pk=meeting.pk).update(no_host_at=held.minutes(10))
    waiting, peer = looked_at(juniper, held), looked_at(nine_pines, held)
    assert "No host has come yet" in waiting
    assert "Open the meeting" not in waiting
    assert "Open the meeting" in peer
    assert send(juniper, "step_in", held) == address("door", held)
    assert Meeting.objects.get().chair is None
    assert send(nine_pines, "step_in", held) == address("chair", held)
    assert Meeting.objects.get().chair == nine_pines
    assert "No host has come yet" not in looked_at(juniper, held)


@override_settings(PORCHLIGHT_LINK_HOSTS=["meet.example"])
def test_a_link_is_shown_only_to_those_who_were_let_in_while_the_doors_are_open_and_with_what_it_means() -> (
    None
):
    held = circle(entry=Entry.ASK, here=False, link=LINK)
    juniper = held.person("Juniper")
    assert LINK not in looked_at(juniper, held)
    meeting = held.opened()
    send(juniper, "enter", held)
    assert LINK not in looked_at(juniper, held)
    actions.admit(meeting=meeting, member=juniper, by=held.alder, at=held.at)
    page = looked_at(juniper, held)
    assert f'href="{LINK}"' in page
    assert "may see the name you give there and your IP address" in page
    assert send(juniper, "enter", held) == address("door", held)
    with override_settings(PORCHLIGHT_LINK_HOSTS=[]):
        page = looked_at(juniper, held)
        assert LINK not in page
        assert "There is no way in now" in page
    actions.close(meeting=meeting, by=held.alder, at=held.minutes(60))
    assert LINK not in looked_at(juniper, held)


def test_one_waits_at_the_door_for_the_same_number_of_queries_however_many_wait(
    django_assert_max_num_queries: pytest.FixtureRequest,
) -> None:
    held = circle(entry=Entry.ASK)
    juniper = held.person("Juniper")
    held.opened()
    for _ in range(12):
        send(held.person(), "enter", held)
    send(juniper, "enter", held)
    client = signed_in(juniper)
    client.get(address("door_part", held))
    with django_assert_max_num_queries(15):  # type: ignore[operator]
        assert "13th in the lobby" in client.get(address("door_part", held)).content.decode()


# --- I need help ---------------------------------------------------------------------------------------------------


def test_a_private_word_reaches_those_who_hold_it_and_shows_when_one_of_them_has_read_it() -> None:
    held = circle()
    juniper, wren = held.person("Juniper"), held.person("Wren")
    held.opened()
    for each in (juniper, wren):
        send(each, "enter", held)
    page = looked_at(juniper, held, "help")
    assert f"Only {held.alder.handle} will read this." in page
    assert page.index("/help/") < page.index("Only ")
    assert send(juniper, "help", held, words="Is it all right if I just read?") == address("help", held)
    assert "They have been told" in looked_at(juniper, held, "help")
    assert "just read" in looked_at(held.alder, held, "chair")
    for other in (wren, held.fern):
        for name in ("door", "help", "chair"):
            answer = signed_in(other).get(address(name, held))
            assert "just read" not in answer.content.decode(), name
    call = HelpCall.objects.get()
    assert signed_in(held.fern).post(address("answer", held), {"call": call.pk}).status_code == 403
    assert send(held.alder, "answer", held, call=str(call.pk)) == address("chair", held)
    assert f"{held.alder.handle} has read it" in looked_at(juniper, held, "help_part")
    assert "just read" not in looked_at(held.alder, held, "chair_part")


def test_a_word_may_be_left_out_is_kept_when_it_is_too_long_and_reaches_nobody_from_outside() -> None:
    held = circle()
    juniper, pika = held.person("Juniper"), held.person("Pika")
    assert "Tell them" not in looked_at(juniper, held, "help")
    meeting = held.opened()
    send(juniper, "enter", held)
    long = "word " * 300
    answer = signed_in(juniper).post(address("help", held), {"words": long})
    assert answer.status_code == 422
    assert "word word word" in answer.content.decode()
    send(juniper, "help", held, words="")
    assert HelpCall.objects.get(meeting=meeting).member == juniper
    client = signed_in(pika)
    assert (
        "nobody was told"
        in client.post(address("help", held), {"words": "Hello?"}, follow=True).content.decode()
    )
    assert HelpCall.objects.count() == 1


# --- how people come in --------------------------------------------------------------------------------------------


def test_those_who_keep_an_event_choose_how_people_come_in_and_open_doors_stay_as_they_are() -> None:
    held = circle()
    opened, juniper = held.opened(), held.person("Juniper")
    event_page = reverse("calendar:occurrence", args=[held.one.pk])
    assert address("doorway", held) in signed_in(held.alder).get(event_page).content.decode()
    assert address("doorway", held) not in signed_in(juniper).get(event_page).content.decode()
    assert signed_in(juniper).post(address("doorway", held), {"entry": "ask"}).status_code == 403
    assert signed_in(held.alder).post(address("doorway", held), {"entry": "window"}).status_code == 422
    assert send(held.alder, "doorway", held, entry="ask") == event_page
    assert Doorway.objects.get(event=held.event).entry == Entry.ASK
    assert Meeting.objects.get(pk=opened.pk).entry == Entry.OPEN
    assert "Someone lets them in from the lobby." in signed_in(held.alder).get(event_page).content.decode()


def test_an_event_in_a_house_has_no_door() -> None:
    held = circle(here=False, address="Grange Hall, Mill Street")
    event_page = reverse("calendar:occurrence", args=[held.one.pk])
    assert signed_in(held.alder).get(event_page).status_code == 200
    assert address("doorway", held) not in signed_in(held.alder).get(event_page).content.decode()
    assert signed_in(held.alder).get(address("door", held)).status_code == 404

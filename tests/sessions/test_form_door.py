"""Writing over HTTP: the form that needs no script, and JSON where sockets break; the same door, the same log."""

from __future__ import annotations

from typing import Any
from unittest import mock

import orjson
import pytest
from django.http.request import UnreadablePostError
from django.test import Client, override_settings

from community.live import frames, http
from community.live.domain import Code, Committed, Refuse
from community.live.writer import UNAVAILABLE, UNKNOWN
from community.members.models import Member
from sessions.rooms.models import Reaction, Room
from tests.factories import MemberFactory, RoomFactory
from tests.live_client import Frame, act, do, event, events, key, say, sign_in, types

pytestmark = pytest.mark.django_db


def client_of(member: Member | None, *, checks: bool = False) -> Client:
    client = Client(enforce_csrf_checks=checks)
    if member is not None:
        client.cookies["sessionid"] = sign_in(member)
    return client


def door(room: Room) -> str:
    return f"/live/{room.slug}/events/"


def as_json(client: Client, room: Room, frame: Frame | str | bytes) -> Any:
    body = frame if isinstance(frame, str | bytes) else orjson.dumps(frame)
    return client.post(door(room), body, content_type="application/json")


def form(**fields: Any) -> dict[str, Any]:
    return {"t": "send", "key": key(), "text": "By form."} | fields


# --- JSON --------------------------------------------------------------------------------------------------------


def test_json_is_answered_with_the_ok_of_the_socket(room: Room, wren: Member) -> None:
    client, frame = client_of(wren), say(room, "By JSON.")
    answer = as_json(client, room, frame)
    assert answer.status_code == 200
    assert answer.json() == {"t": "ok", "id": frame["id"], "room": room.slug, "seq": 1, "dup": False}
    assert as_json(client, room, frame).json()["dup"] is True
    assert as_json(client, room, act(room, "hand.raise")).json()["seq"] == 2
    assert as_json(client, room, act(room, "hand.raise")).json()["same"] is True


def test_a_key_is_the_same_key_on_the_socket_and_over_http(room: Room, wren: Member) -> None:
    frame = say(room, "Once.")
    assert do(room, wren, frame) == Committed(1)
    assert as_json(client_of(wren), room, frame).json()["dup"] is True
    by_form = form(key=frame["key"], text="Once.")
    assert client_of(wren).post(door(room), by_form).status_code == 303
    assert len(events(room)) == 1


@pytest.mark.parametrize(
    ("frame", "status", "code"),
    [
        ("x", 400, "bad_frame"),
        ("[]", 400, "bad_frame"),
        (b"\xff", 400, "bad_frame"),
        ({"t": "sub", "id": 1, "room": "x"}, 400, "bad_frame"),
        ({"t": "send", "id": 1, "text": "no key"}, 400, "bad_frame"),
        ({"t": "send", "id": 1, "key": key(), "text": ""}, 400, "bad_frame"),
        ({"t": "send", "id": 1, "key": key(), "text": "a\0"}, 400, "bad_frame"),
        ({"t": "act", "id": 1, "key": key(), "op": "phase.set", "value": ["open"]}, 400, "bad_frame"),
        ({"t": "send", "id": 1, "key": key(), "text": "x" * 2001}, 413, "too_large"),
        ({"t": "send", "id": 1, "key": key(), "text": "x" * 17000}, 413, "too_large"),
        ({"t": "act", "id": 1, "key": key(), "op": "phase.set", "value": "open"}, 403, "denied"),
        (
            {"t": "act", "id": 1, "key": key(), "op": "message.edit", "target": 9, "value": "x"},
            404,
            "not_found",
        ),
    ],
)
def test_what_json_asks_in_vain_is_answered_with_err_and_its_status(
    room: Room, wren: Member, frame: Any, status: int, code: str
) -> None:
    client = client_of(wren)
    assert as_json(client, room, say(room)).status_code == 200
    answer = as_json(client, room, frame)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["t"] == "err"
    assert answer.json()["message"]
    assert answer.json()["retry"] is False
    assert len(events(room)) == 1


def test_a_refusal_of_json_names_the_request_that_it_answers(room: Room, wren: Member) -> None:
    for frame in (say(room, ""), say(room, "x", key="none"), act(room, "phase.set", None, "open")):
        assert as_json(client_of(wren), room, frame).json()["id"] == frame["id"]


def test_states_of_the_room_have_their_statuses(
    room: Room, wren: Member, alder: Member, fern: Member
) -> None:
    client = client_of(wren)
    frame = say(room)
    assert as_json(client, room, frame).status_code == 200

    def refusal(frame: Frame) -> tuple[int, str]:
        answer = as_json(client, room, frame)
        return answer.status_code, answer.json()["code"]

    assert refusal(frame | {"text": "other"}) == (409, "key_conflict")
    do(room, alder, act(room, "phase.set", None, "sharing"))
    assert refusal(say(room)) == (403, "not_your_turn")
    do(room, alder, act(room, "phase.set", None, "closed"))
    assert refusal(say(room)) == (403, "closed")
    do(room, alder, act(room, "phase.set", None, "open"))
    do(room, fern, act(room, "member.mute", wren.public_id, {"minutes": 5}))
    assert refusal(say(room)) == (403, "muted")
    with override_settings(PORCHLIGHT_SENDS_PER_MIN=0):
        answer = as_json(client, room, say(room))
        assert (answer.status_code, answer.json()["code"], answer.json()["retry"]) == (429, "rate", True)


@pytest.mark.parametrize("refusal", [UNAVAILABLE, UNKNOWN, Refuse(Code.HELD, "Held.")])
def test_what_the_writer_answers_has_its_status(room: Room, wren: Member, refusal: Refuse) -> None:
    with mock.patch.object(http, "submit") as submit:
        submit.return_value.result.return_value = refusal
        answer = as_json(client_of(wren), room, say(room))
    assert answer.status_code == (403 if refusal.code == Code.HELD else 503)
    assert (answer.json()["code"], answer.json()["retry"]) == (refusal.code, refusal.retry)


def test_a_writer_that_takes_too_long_leaves_the_outcome_unknown(room: Room, wren: Member) -> None:
    with mock.patch.object(http, "submit") as submit:
        submit.return_value.result.side_effect = TimeoutError
        answer = as_json(client_of(wren), room, say(room))
    assert (answer.status_code, answer.json()["code"], answer.json()["retry"]) == (503, "unknown", True)


def test_a_body_that_breaks_off_is_no_message(room: Room, wren: Member) -> None:
    client = client_of(wren)
    with mock.patch("django.http.request.HttpRequest.read", side_effect=UnreadablePostError("broken")):
        answer = as_json(client, room, say(room))
    assert answer.status_code == 400
    assert answer.json()["retry"] is True
    assert events(room) == []


# --- the form ----------------------------------------------------------------------------------------------------


def test_a_form_posts_a_message_and_leads_back_to_the_room(room: Room, wren: Member) -> None:
    answer = client_of(wren).post(door(room), form(text="Two lines,\r\nwithout a script.", note="grief"))
    assert (answer.status_code, answer["Location"]) == (303, f"/sessions/rooms/{room.slug}/")
    assert event(room, 1)["data"]["text"] == "Two lines,\nwithout a script."
    assert event(room, 1)["data"]["note"] == "grief"


def test_a_form_posted_twice_is_one_message(room: Room, wren: Member) -> None:
    client, twice = client_of(wren), form()
    assert [client.post(door(room), twice).status_code for _ in range(2)] == [303, 303]
    assert len(events(room)) == 1


def test_forms_do_all_that_a_room_without_a_script_offers(
    room: Room, wren: Member, fern: Member, alder: Member
) -> None:
    do(room, wren, say(room))

    def press(member: Member, op: str, **fields: str) -> None:
        answer = client_of(member).post(door(room), {"t": "act", "key": key(), "op": op} | fields)
        assert answer.status_code == 303, (op, answer.content)

    assert client_of(wren).post(door(room), form(reply_to="1")).status_code == 303
    press(wren, "message.edit", target="1", text="Other words.")
    press(fern, "reaction.set", target="1", kind="heard", on="true")
    assert Reaction.objects.filter(kind="heard").count() == 1
    press(fern, "reaction.set", target="1", kind="heard", on="false")
    press(wren, "hand.raise")
    press(alder, "hand.lower", target=wren.public_id)
    press(alder, "turn.grant", target=wren.public_id, seconds="120")
    press(alder, "turn.extend", target=wren.public_id, seconds="60")
    press(alder, "turn.end", target=wren.public_id)
    press(alder, "phase.set", phase="sharing", step="", writes="")
    press(fern, "message.hide", target="1", reason="Names a person")
    press(fern, "message.restore", target="1", reason="")
    press(fern, "member.mute", target=wren.public_id, minutes="10", reason="Loud")
    press(fern, "member.unmute", target=wren.public_id)
    press(fern, "member.remove", target=wren.public_id, reason="rule 1")
    assert types(room) == [
        "message.posted", "message.posted", "message.edited", "reaction.set", "reaction.set", "hand.raised",
        "hand.lowered", "turn.granted", "turn.extended", "turn.ended", "phase.changed", "message.hidden",
        "message.restored", "member.muted", "member.unmuted", "member.removed",
    ]  # fmt: skip


def test_forms_lead_a_meeting_too(room: Room, wren: Member, juniper: Member, alder: Member) -> None:
    step = {"phase": "sharing", "minutes": 5, "writes": "turn", "crosstalk": False, "turn_seconds": None}
    Room.objects.filter(pk=room.pk).update(steps=[step | {"title": "One"}, step | {"title": "Two"}])
    for member in (wren, juniper):
        do(room, member, act(room, "hand.raise"))

    def press(member: Member, op: str, **fields: str) -> int:
        answer = client_of(member).post(door(room), {"t": "act", "key": key(), "op": op} | fields)
        return answer.status_code

    assert press(alder, "phase.set", phase="sharing", step="1", writes="all") == 303
    told = {"phase": "sharing", "step": 1, "title": "Two", "writes": "all", "crosstalk": False}
    assert event(room, 3)["data"] == told
    assert press(alder, "phase.set", phase="sharing", step="0") == 303
    assert event(room, 4)["data"]["step"] == 0
    assert press(alder, "hand.move", target=juniper.public_id, value="first") == 303
    assert press(alder, "hand.move", target=juniper.public_id, to="last") == 303
    assert press(alder, "turn.grant", target=wren.public_id) == 303
    assert press(wren, "turn.end", why="passed") == 303
    assert types(room)[4:] == ["hand.moved", "hand.moved", "hand.lowered", "turn.granted", "turn.ended"]
    assert event(room, 9)["data"]["why"] == "passed"
    for nonsense in ({"step": "one"}, {"step": "7"}, {"step": "-1"}, {"writes": "some"}):
        assert press(alder, "phase.set", phase="sharing", **nonsense) == 400


@pytest.mark.parametrize(
    ("next", "place"),
    [
        ("/sessions/rooms/elsewhere/", "/sessions/rooms/elsewhere/"),
        ("http://testserver/help/", "http://testserver/help/"),
        ("https://evil.example/", None),
        ("//evil.example/", None),
        ("/\\evil.example/", None),
        ("javascript:alert(1)", None),
        ("http://testserver:81/", None),
        ("", None),
    ],
)
@override_settings(ALLOWED_HOSTS=["testserver"])
def test_a_form_leads_back_only_to_pages_of_our_own(
    room: Room, wren: Member, next: str, place: str | None
) -> None:
    answer = client_of(wren).post(door(room), form(next=next))
    assert answer.status_code == 303
    assert answer["Location"] == (place or f"/sessions/rooms/{room.slug}/")


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"text": ""}, 400),
        ({"text": "x" * 2001}, 413),
        ({"text": "x" * 20_000}, 413),
        ({"reply_to": "one"}, 400),
        ({"reply_to": "²"}, 400),
        ({"reply_to": "9" * 30}, 400),
        ({"reply_to": "77"}, 404),
        ({"key": ""}, 400),
        ({"t": "sub"}, 400),
        ({"text": "a\0b"}, 400),
        ({"note": "n" * 41}, 413),
    ],
)
def test_a_refused_form_is_shown_again_with_its_words(
    room: Room, wren: Member, fields: dict[str, str], status: int
) -> None:
    client = client_of(wren)
    assert client.post(door(room), form()).status_code == 303
    sent = form(text="Words that took courage.") | fields
    answer = client.post(door(room), sent)
    assert answer.status_code == status
    page = answer.content.decode()
    assert "<form" in page
    if sent["t"] == "send" and "\0" not in sent["text"]:
        assert sent["text"] in page
    assert len(events(room)) == 1


def test_a_muted_members_form_is_refused_and_loses_no_words(room: Room, wren: Member, fern: Member) -> None:
    do(room, fern, act(room, "member.mute", wren.public_id, {"minutes": 5}))
    answer = client_of(wren).post(door(room), form(text="Words that took courage."))
    assert answer.status_code == 403
    assert "Words that took courage." in answer.content.decode()


# --- who may -----------------------------------------------------------------------------------------------------


def test_signed_out_json_gets_401_and_a_form_the_way_to_sign_in(room: Room, wren: Member) -> None:
    assert as_json(client_of(wren), room, say(room)).status_code == 200
    stranger = client_of(None)
    answer = as_json(stranger, room, say(room))
    assert (answer.status_code, answer.json()) == (401, {"t": "gone", "code": "auth"})
    answer = stranger.post(door(room), form())
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=")
    assert len(events(room)) == 1


def test_a_room_that_is_not_there_and_one_that_may_not_be_known_answer_alike(wren: Member) -> None:
    hidden, client = RoomFactory(group__joining="closed"), client_of(wren)
    answers = []
    for slug in (hidden.slug, "nowhere"):
        by_json = client.post(f"/live/{slug}/events/", say(slug), content_type="application/json")
        by_form = client.post(f"/live/{slug}/events/", form())
        answers.append((by_json.status_code, by_json.json()["message"], by_form.status_code))
    assert answers[0] == answers[1]
    assert (answers[0][0], answers[0][2]) == (404, 404)


def test_without_a_csrf_token_nothing_is_taken(room: Room, wren: Member) -> None:
    client = client_of(wren, checks=True)
    page = client.get(f"/sessions/rooms/{room.slug}/")
    token = page.context["csrf_token"]
    refused = client.post(door(room), form())
    assert refused.status_code == 403
    assert as_json(client, room, say(room)).status_code == 403
    assert events(room) == []
    assert client.post(door(room), form(csrfmiddlewaretoken=str(token))).status_code == 303
    taken = client.post(
        door(room),
        orjson.dumps(say(room)),
        content_type="application/json",
        headers={"X-CSRFToken": str(token)},
    )
    assert taken.status_code == 200
    assert len(events(room)) == 2


def test_another_sites_page_posts_nothing_even_with_a_token(room: Room, wren: Member) -> None:
    client = client_of(wren, checks=True)
    token = str(client.get(f"/sessions/rooms/{room.slug}/").context["csrf_token"])
    sent = form(csrfmiddlewaretoken=token)
    assert client.post(door(room), sent, headers={"Origin": "http://evil.example"}).status_code == 403
    assert client.post(door(room), sent, headers={"Origin": "http://testserver"}).status_code == 303


def test_a_message_of_a_stranger_to_the_group_is_not_kept_anywhere(wren: Member) -> None:
    closed = RoomFactory(group__joining="closed")
    visitor = MemberFactory()
    assert client_of(visitor).post(door(closed), form()).status_code == 404
    assert events(closed) == []


def test_what_a_form_can_mean_is_what_a_frame_can_mean() -> None:
    given = {"t": "act", "key": "k", "op": "member.mute", "target": "abc", "minutes": "5", "reason": "a\r\nb"}
    assert http.frame_from_form(given) == {
        "t": "act", "key": "k", "op": "member.mute", "target": "abc", "value": {"minutes": 5, "reason": "a\nb"},
    }  # fmt: skip
    sent = {"t": "send", "key": "k", "text": "x", "note": "", "reply_to": ""}
    assert frames.digest(http.frame_from_form(sent)) == frames.digest({"t": "send", "text": "x", "id": 1})


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, 10**30])
def test_a_number_beyond_every_message_is_no_error(room: Room, wren: Member, number: int) -> None:
    do(room, wren, say(room, "The one message."))
    client, page = client_of(wren), f"/sessions/rooms/{room.slug}/"
    for query in (f"?before={number}", f"?reply={number}", f"?seen={number}"):
        answer = client.get(page + query)
        assert answer.status_code == 200
        assert "The one message." in answer.content.decode()
    assert client.get(f"{page}messages/1/").status_code == 200
    assert client.get(f"{page}messages/{number}/").status_code == 404

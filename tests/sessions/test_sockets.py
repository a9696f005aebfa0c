"""The socket, frame by frame, against the engine in this process; PROTOCOL.md is the specification."""

from __future__ import annotations

import pytest
from django.test import override_settings

from community.live import sockets
from community.live.engine import Engine
from community.live.models import Event
from community.members.models import Member
from sessions.rooms.models import ReadPosition, Room
from tests.factories import MemberFactory, RoomFactory
from tests.live_client import (
    Closed,
    Enter,
    Talker,
    act,
    aside,
    connect_here,
    do,
    events,
    handshake,
    say,
    sign_in,
)
from tests.live_fixtures import SetClock

pytestmark = pytest.mark.django_db(transaction=True)


async def said(talker: Talker) -> list[str]:
    await talker.settle()
    return [event["data"]["text"] for event in talker.events() if event["type"] == "message.posted"]


# --- the handshake -----------------------------------------------------------------------------------------------


async def test_who_is_signed_in_is_welcomed_by_handle_and_told_the_limits(enter: Enter, wren: Member) -> None:
    talker = await enter(wren)
    [welcome] = talker.heard
    assert welcome["member"] == {"id": wren.public_id, "handle": "Wren"}
    assert set(welcome) == {"t", "conn", "member", "heartbeat_s", "limits"}
    assert welcome["limits"]["text_chars"] == 2000
    assert welcome["limits"]["window_events"] >= 1024
    assert {"window_bytes", "sends_per_min"} < set(welcome["limits"])


async def test_the_subprotocol_is_rooms_v1(live: Engine, wren: Member) -> None:
    communicator = handshake(await aside(sign_in, wren))
    assert await communicator.connect() == (True, "rooms.v1")
    await communicator.disconnect()


async def test_who_is_signed_out_is_told_so_and_closed_for_good(live: Engine, wren: Member) -> None:
    for cookie in (None, "nosuchsession"):
        talker = await connect_here(cookie)
        assert await talker.next() == {"t": "gone", "code": "auth"}
        with pytest.raises(Closed, match="4401"):
            await talker.next()
        await talker.close()


async def test_a_sign_in_from_before_a_new_password_is_signed_out(live: Engine, wren: Member) -> None:
    cookie = await aside(sign_in, wren)
    control = await connect_here(cookie)
    assert (await control.next())["t"] == "welcome"
    await control.close()
    wren.set_password("another lamp by the door")
    await aside(wren.save)
    talker = await connect_here(cookie)
    assert await talker.next() == {"t": "gone", "code": "auth"}
    assert await talker.closing() == 4401
    await talker.close()


async def test_who_is_suspended_is_told_so_and_closed_for_good(live: Engine, wren: Member) -> None:
    cookie = await aside(sign_in, wren)
    wren.is_active = False
    await aside(wren.save)
    talker = await connect_here(cookie)
    assert await talker.next() == {"t": "gone", "code": "suspended"}
    assert await talker.closing() == 4403
    await talker.close()


@pytest.mark.parametrize(
    ("origin", "accepted"),
    [
        ("http://localhost", True),
        (None, True),
        ("https://localhost", False),
        ("http://localhost:8001", False),
        ("http://localhost.evil.example", False),
        ("http://evil.example", False),
        ("null", False),
        ("", False),
    ],
)
async def test_only_pages_of_our_own_origin_may_open_a_socket(
    live: Engine, wren: Member, origin: str | None, accepted: bool
) -> None:
    communicator = handshake(await aside(sign_in, wren), origin=origin)
    assert (await communicator.connect())[0] is accepted
    await communicator.disconnect()


async def test_a_host_that_is_not_ours_is_refused(live: Engine, wren: Member) -> None:
    cookie = await aside(sign_in, wren)
    for host, accepted in (("localhost", True), ("evil.example", False), ("", False)):
        communicator = handshake(cookie, host=host, origin=f"http://{host}")
        assert (await communicator.connect())[0] is accepted
        await communicator.disconnect()


async def test_an_unknown_path_is_refused(live: Engine, wren: Member) -> None:
    cookie = await aside(sign_in, wren)
    for path, accepted in (
        ("/live/", True),
        ("/live", False),
        ("/", False),
        ("/live/porch/", False),
        ("/x", False),
    ):
        communicator = handshake(cookie, path=path)
        assert (await communicator.connect())[0] is accepted
        await communicator.disconnect()


# --- talking -----------------------------------------------------------------------------------------------------


async def test_two_people_talk(enter: Enter, room: Room, wren: Member, juniper: Member) -> None:
    hers, his = await enter(wren, room), await enter(juniper, room)
    answer = await hers.ask(say(room, "Hello from the porch."))
    assert answer == {"t": "ok", "id": answer["id"], "room": room.slug, "seq": 1, "dup": False}
    await his.ask(say(room, "Good to see you."))
    await hers.event("message.posted", text="Good to see you.")
    assert await said(his) == await said(hers) == ["Hello from the porch.", "Good to see you."]
    assert his.events() == hers.events()
    stored = await aside(events, room)
    assert [{name: event[name] for name in stored[0]} for event in his.events()] == stored


async def test_a_repeated_key_after_a_lost_answer_is_a_dup(enter: Enter, room: Room, wren: Member) -> None:
    frame = say(room, "once")
    first = await enter(wren, room)
    assert (await first.ask(frame))["dup"] is False
    await first.close()
    second = await enter(wren, room)
    assert await second.ask(frame) == {"t": "ok", "id": frame["id"], "room": room.slug, "seq": 1, "dup": True}
    assert (await second.ask(frame | {"text": "twice"}))["code"] == "key_conflict"
    assert len(await aside(events, room)) == 1


async def test_a_socket_may_write_to_a_room_that_it_does_not_follow(
    enter: Enter, room: Room, wren: Member
) -> None:
    talker = await enter(wren)
    assert (await talker.ask(say(room)))["seq"] == 1
    await talker.settle()
    assert talker.events() == []


async def test_one_socket_carries_several_rooms(
    enter: Enter, room: Room, wren: Member, juniper: Member
) -> None:
    other = await aside(RoomFactory)
    both, one = await enter(wren, room, other), await enter(juniper, room)
    await one.ask(say(room, "here"))
    await one.ask(say(other, "there"))
    await both.settle()
    assert [event["data"]["text"] for event in both.events(room)] == ["here"]
    assert [event["data"]["text"] for event in both.events(other)] == ["there"]
    await one.settle()
    assert one.events(other) == []


async def test_after_unsub_nothing_more_comes_of_that_room(
    enter: Enter, room: Room, wren: Member, juniper: Member
) -> None:
    hers, his = await enter(wren, room), await enter(juniper, room)
    await his.ask(say(room, "before"))
    assert await said(hers) == ["before"]
    assert await hers.ask({"t": "unsub", "id": 5, "room": room.slug}) == {
        "t": "ok",
        "id": 5,
        "room": room.slug,
    }
    await his.ask(say(room, "after"))
    assert await said(hers) == ["before"]
    assert await said(his) == ["before", "after"]


async def test_an_act_that_changes_nothing_is_the_same(enter: Enter, room: Room, wren: Member) -> None:
    talker = await enter(wren, room)
    assert (await talker.ask(act(room, "hand.raise")))["seq"] == 1
    answer = await talker.ask(act(room, "hand.raise"))
    assert answer == {"t": "ok", "id": answer["id"], "room": room.slug, "same": True}


async def test_a_message_comes_to_every_socket_of_its_writer_too(
    enter: Enter, room: Room, wren: Member
) -> None:
    phone, laptop = await enter(wren, room), await enter(wren, room)
    frame = say(room, "from the phone")
    await phone.ask(frame)
    found = await laptop.event("message.posted")
    assert (found["key"], found["by"]["id"]) == (frame["key"], wren.public_id)


async def test_a_room_that_one_may_not_know_of_is_not_found_by_any_frame(
    enter: Enter, room: Room, wren: Member
) -> None:
    hidden = await aside(RoomFactory, group__joining="closed", group__listed=False)
    talker = await enter(wren, room)
    assert (await talker.sub(hidden))["code"] == "not_found"
    for frame in (say(hidden), act(hidden, "hand.raise"), say("nowhere-at-all")):
        assert (await talker.ask(frame))["code"] == "not_found"
    assert (await talker.ask(say(room)))["t"] == "ok"
    assert not await aside(Event.objects.filter(log=hidden.log).exists)


# --- frames that are none ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "frame",
    [
        "x",
        "[]",
        "{}",
        '{"t":1}',
        '{"t":"fly"}',
        '{"t":"sub","room":"porch"}',
        '{"t":"sub","id":true,"room":"porch"}',
        '{"t":"sub","id":1,"room":7}',
        '{"t":"sub","id":1,"room":"a\\u0000b"}',
        '{"t":"sub","id":1,"room":""}',
        '{"t":"sub","id":1,"room":"porch","epoch":"x","since":-1}',
        '{"t":"sub","id":1,"room":"porch","epoch":7,"since":1}',
        '{"t":"send","id":1,"room":"porch","text":"no key"}',
        '{"t":"send","id":1,"room":"porch","key":"no uuid","text":"x"}',
        '{"t":"send","id":1,"room":"porch","key":7,"text":"x"}',
        '{"t":"send","id":[],"room":"porch","key":"0b5a1c9e-6f1d-4c55-9d0e-000000000001","text":"x"}',
        '{"t":"act","id":1,"room":"porch","key":"0b5a1c9e-6f1d-4c55-9d0e-000000000002"}',
        '{"t":"act","id":1,"room":"porch","key":"0b5a1c9e-6f1d-4c55-9d0e-000000000003","op":"phase.set","value":["open"]}',
        '{"t":"unsub","id":1}',
        '{"t":"ack","room":"porch","seq":"1"}',
        '{"t":"seen","room":"porch","seq":-1}',
        '{"t":"typing"}',
        '{"t":' + "[" * 2000,
        '{"t":"ping","n":"\\ud800"}',
    ],
)
async def test_a_bad_frame_is_answered_and_the_socket_stays(enter: Enter, wren: Member, frame: str) -> None:
    room = await aside(RoomFactory, slug="porch")
    talker = await enter(wren, room)
    before = len(talker.heard)
    await talker.put(frame)
    await talker.settle()
    answers = [heard for heard in talker.heard[before:] if heard["t"] == "err"]
    assert [(answer["code"], answer["retry"]) for answer in answers] == [("bad_frame", False)]
    assert answers[0]["message"]
    assert (await talker.ask(say(room)))["t"] == "ok"


async def test_a_binary_frame_is_a_bad_frame(enter: Enter, wren: Member) -> None:
    talker = await enter(wren)
    await talker.wire.communicator.send_to(bytes_data=b'{"t":"ping","n":1}')  # type: ignore[attr-defined]
    assert (await talker.until("err"))["code"] == "bad_frame"


async def test_a_frame_over_16_kib_is_too_large_and_the_socket_stays(
    enter: Enter, room: Room, wren: Member
) -> None:
    talker = await enter(wren, room)
    fits = {"t": "ping", "n": "x" * (16 * 1024 - len('{"t":"ping","n":""}'))}
    await talker.put(fits)
    assert (await talker.until("pong"))["n"] == fits["n"]
    await talker.put(fits | {"n": fits["n"] + "x"})
    assert (await talker.until("err"))["code"] == "too_large"
    assert (await talker.ask(say(room, "x" * 2001)))["code"] == "too_large"
    assert (await talker.ask(say(room, "x" * 2000)))["t"] == "ok"


async def test_a_socket_follows_fifty_rooms_at_most(
    enter: Enter, room: Room, wren: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "ROOMS_PER_SOCKET", 1)
    other = await aside(RoomFactory)
    talker = await enter(wren, room)
    assert (await talker.sub(other))["code"] == "denied"
    assert (await talker.sub(room))["t"] == "subd"
    await talker.ask({"t": "unsub", "id": 1, "room": room.slug})
    assert (await talker.sub(other))["t"] == "subd"


# --- passing things ----------------------------------------------------------------------------------------------


async def test_typing_reaches_the_others_and_not_oneself(
    enter: Enter, room: Room, wren: Member, juniper: Member
) -> None:
    phone, laptop, his = await enter(wren, room), await enter(wren, room), await enter(juniper, room)
    await phone.put({"t": "typing", "room": room.slug, "on": True})
    seen = await his.until("eph")
    assert seen == {
        "t": "eph", "room": room.slug, "kind": "typing", "by": {"id": wren.public_id, "handle": "Wren"}, "on": True,
    }  # fmt: skip
    for own in (phone, laptop):
        await own.settle()
        assert all(frame["t"] != "eph" for frame in own.heard)
    assert await aside(Event.objects.count) == 0


async def test_typing_in_a_room_that_one_does_not_follow_reaches_nobody(
    enter: Enter, room: Room, wren: Member, juniper: Member
) -> None:
    hers, his = await enter(wren), await enter(juniper, room)
    await hers.put({"t": "typing", "room": room.slug, "on": True})
    await hers.settle()
    assert all(frame["t"] != "eph" for frame in await his.settle())


async def test_what_one_has_seen_becomes_the_read_position(
    enter: Enter, live: Engine, room: Room, wren: Member, juniper: Member
) -> None:
    hers, his = await enter(wren, room), await enter(juniper, room)
    for number in range(3):
        await his.ask(say(room, f"{number}"))
    await hers.put({"t": "seen", "room": room.slug, "seq": 2})
    await hers.put({"t": "seen", "room": room.slug, "seq": 1})
    await hers.settle()
    await live.hub.save_seen()
    position = await aside(ReadPosition.objects.get, room=room)
    assert (position.member_id, position.seq) == (wren.pk, 2)
    await hers.put({"t": "seen", "room": room.slug, "seq": 99})
    await hers.settle()
    await live.hub.save_seen()
    assert (await aside(ReadPosition.objects.get, room=room)).seq == 3
    again = await enter(wren)
    assert (await again.sub(room))["state"]["read"] == 3


async def test_a_read_position_never_moves_back(enter: Enter, live: Engine, room: Room, wren: Member) -> None:
    talker = await enter(wren, room)
    for _ in range(2):
        await talker.ask(say(room))
    for seq in (2, 1):
        await talker.put({"t": "seen", "room": room.slug, "seq": seq})
        await talker.settle()
        await live.hub.save_seen()
    assert (await aside(ReadPosition.objects.get, room=room)).seq == 2


async def test_a_heartbeat_is_answered(enter: Enter, wren: Member) -> None:
    talker = await enter(wren)
    await talker.put({"t": "ping", "n": 41})
    assert await talker.until("pong") == {"t": "pong", "n": 41}


async def test_who_is_muted_learns_at_once_what_they_may_do(
    enter: Enter, room: Room, wren: Member, juniper: Member, fern: Member
) -> None:
    hers, his, mods = await enter(wren, room), await enter(juniper, room), await enter(fern, room)
    await mods.ask(act(room, "member.mute", wren.public_id, {"minutes": 5}))
    you = await hers.until("you", room=room.slug)
    assert (you["state"]["muted"], you["state"]["can"]) == (True, [])
    await mods.ask(act(room, "member.unmute", wren.public_id))
    you = await hers.until("you", room=room.slug)
    assert (you["state"]["muted"], "write" in you["state"]["can"]) == (False, True)
    assert all(frame["t"] != "you" for frame in [*await his.settle(), *his.heard])


# --- how often ---------------------------------------------------------------------------------------------------


@override_settings(PORCHLIGHT_SENDS_PER_MIN=2)
async def test_too_much_at_once_waits_and_a_repeated_key_costs_nothing(
    enter: Enter, room: Room, wren: Member, set_clock: SetClock
) -> None:
    talker = await enter(wren, room)
    kept = [say(room, "one"), say(room, "two")]
    assert [(await talker.ask(frame))["t"] for frame in kept] == ["ok", "ok"]
    third = say(room, "three")
    answer = await talker.ask(third)
    assert (answer["code"], answer["retry"]) == ("rate", True)
    for frame in kept * 3:
        assert (await talker.ask(frame))["dup"] is True
    set_clock.forward(30)
    assert (await talker.ask(third))["dup"] is False
    assert (await talker.ask(say(room, "four")))["code"] == "rate"
    assert len(await aside(events, room)) == 3


@override_settings(PORCHLIGHT_SENDS_PER_MIN=2)
async def test_who_sends_too_much_slows_down_nobody_else(
    enter: Enter, room: Room, wren: Member, juniper: Member
) -> None:
    hers, his = await enter(wren, room), await enter(juniper, room)
    answers = [await hers.ask(say(room)) for _ in range(3)]
    assert answers[-1]["code"] == "rate"
    assert (await his.ask(say(room)))["t"] == "ok"


async def test_a_log_of_one_room_says_nothing_of_another(enter: Enter, room: Room, wren: Member) -> None:
    other = await aside(RoomFactory)
    stranger = await aside(MemberFactory)
    await aside(do, other, stranger, say(other, "elsewhere"))
    talker = await enter(wren, room)
    await talker.settle()
    assert "elsewhere" not in str(talker.heard)

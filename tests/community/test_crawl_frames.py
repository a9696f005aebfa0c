"""No frame of a room holds anyone's e-mail address, network address or browser: every kind of frame, by each way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest
from asgiref.testing import ApplicationCommunicator
from channels.testing import HttpCommunicator
from django.test import Client

from community.config.asgi import application
from community.groups.models import Membership
from community.live.engine import Engine
from community.members.models import Member
from sessions.rooms.models import Room
from tests.crawling import ADDRESS, NETWORK
from tests.factories import MemberFactory, MembershipFactory, RoomFactory
from tests.live_client import PATIENCE, Frame, InProcess, Talker, act, aside, handshake, say, sign_in

# Handle, role here, role in the group: everyone who can be in one room together.
PEOPLE = [
    ("Wren", Member.Role.ALUMNUS, Membership.Role.MEMBER),
    ("Linnet", Member.Role.FAMILY, Membership.Role.MEMBER),
    ("Fern", Member.Role.ALUMNUS, Membership.Role.MODERATOR),
    ("Alder", Member.Role.ALUMNUS, Membership.Role.FACILITATOR),
    ("Linden", Member.Role.CLINICIAN, Membership.Role.MEMBER),
    ("Marigold", Member.Role.STEWARD, Membership.Role.MEMBER),
]
# What a server says, docs/protocol.md: all of it must have been heard.
KINDS = {"welcome", "subd", "ev", "batch", "ok", "err", "you", "eph", "pres", "gone", "pong"}
BROWSER = "Zq7xBrowser"
NETWORK_OF = "198.51.100.{}"

Come = Callable[[Member], Awaitable[Talker]]


@pytest.fixture
def room(db: None) -> Room:
    return RoomFactory()


@pytest.fixture
def people(room: Room) -> dict[str, Member]:
    made = {}
    for handle, role, place in PEOPLE:
        member = MemberFactory(handle=handle, role=role, email=f"zq7x-{handle.lower()}@leak.example")
        made[handle] = MembershipFactory(group=room.group, member=member, role=place).member
    return made


@pytest.fixture
async def come(live: Engine) -> Any:
    """`await come(member)`: a socket from the member's own network and browser, welcomed."""
    talkers: list[Talker] = []

    async def come(member: Member) -> Talker:
        wire = handshake(await aside(sign_in, member))
        network = NETWORK_OF.format(member.pk % 250)
        wire.scope["client"] = [network, 50_000]
        wire.scope["headers"] += [
            (b"user-agent", f"{BROWSER}/{member.pk}".encode()),
            (b"x-forwarded-for", network.encode()),
        ]
        accepted, _ = await wire.connect(timeout=PATIENCE)
        assert accepted
        talkers.append(Talker(InProcess(wire)))
        await talkers[-1].until("welcome")
        return talkers[-1]

    yield come
    for talker in talkers:
        await talker.close()


def leaks(said: str) -> list[str]:
    """What no frame may hold: anything like an address, and the planted browser. Room words have none of it."""
    return [*ADDRESS.findall(said), *NETWORK.findall(said), *([BROWSER] if BROWSER in said else [])]


def as_text(frames: list[Frame]) -> str:
    return "\n".join(orjson.dumps(frame).decode() for frame in frames)


async def live_through_an_evening(room: Room, people: dict[str, Member], come: Come) -> dict[str, Talker]:
    """Everything that can be said and done in a room, with everybody there."""
    seats = {handle: await come(member) for handle, member in people.items()}
    wren, fern, alder = seats["Wren"], seats["Fern"], seats["Alder"]
    for seat in seats.values():
        await seat.sub(room)
    for seat in seats.values():
        assert (await seat.ask(say(room, "Good evening.", note="relapse")))["t"] == "ok"
    target = people["Linnet"].public_id
    acts = [
        (wren, act(room, "message.edit", 1, "Good evening to you.")),
        (alder, act(room, "reaction.set", 1, {"kind": "heard", "on": True})),
        (wren, act(room, "hand.raise")),
        (fern, act(room, "hand.raise")),
        (alder, act(room, "hand.move", people["Fern"].public_id, "first")),
        (alder, act(room, "phase.set", None, {"phase": "sharing", "writes": "turn"})),
        (alder, act(room, "turn.grant", people["Wren"].public_id, {"seconds": 120})),
        (alder, act(room, "turn.extend", people["Wren"].public_id, {"seconds": 60})),
        (wren, act(room, "turn.end", people["Wren"].public_id)),
        (alder, act(room, "phase.set", None, "open")),
        (fern, act(room, "message.hide", 2, "rule 4")),
        (fern, act(room, "message.restore", 2, None)),
        (fern, act(room, "member.mute", target, {"minutes": 10, "reason": "a pause"})),
        (seats["Linnet"], say(room, "I may not.")),
        (fern, act(room, "member.unmute", target)),
        (alder, act(room, "member.remove", target, {"reason": "enough"})),
    ]
    for seat, frame in acts:
        await seat.ask(frame)
    for seat in (wren, fern):
        await seat.put({"t": "typing", "room": room.slug, "on": True})
        await seat.put({"t": "seen", "room": room.slug, "seq": 3})
    await wren.until("eph", kind="typing")
    await alder.put({"t": "nonsense"})
    await alder.sub("nowhere")
    for handle, seat in seats.items():
        if handle != "Linnet":
            await seat.sub(room, epoch="00000000-0000-0000-0000-000000000000", since=0)
        await seat.settle()
    return seats


async def test_no_frame_of_a_socket_tells_more_than_a_handle(
    room: Room, people: dict[str, Member], come: Come
) -> None:
    seats = await live_through_an_evening(room, people, come)
    heard = {frame["t"] for seat in seats.values() for frame in seat.heard}
    assert heard >= KINDS, "not every kind of frame was looked at"
    for handle, seat in seats.items():
        said = as_text(seat.heard)
        assert "Wren" in said, handle
        assert leaks(said) == [], handle


async def test_no_poll_and_no_stream_tells_more_than_a_handle(
    room: Room, people: dict[str, Member], come: Come
) -> None:
    await live_through_an_evening(room, people, come)
    for handle in [name for name in people if name != "Linnet"]:
        headers = [
            (b"host", b"localhost"),
            (b"cookie", f"sessionid={await aside(sign_in, people[handle])}".encode()),
            (b"user-agent", BROWSER.encode()),
        ]
        poll = HttpCommunicator(application, "GET", f"/live/{room.slug}/events/?state=1", headers=headers)
        answer = await poll.get_response(timeout=PATIENCE)
        assert leaks(answer["body"].decode()) == [], handle
        assert b"Good evening to you." in answer["body"]
        said = await streamed(room, headers)
        assert leaks(said) == [], handle
        assert "Good evening to you." in said


async def streamed(room: Room, headers: list[tuple[bytes, bytes]]) -> str:
    """The beginning of a stream: all events, and who is here."""
    scope = {
        "type": "http", "method": "GET", "path": f"/live/{room.slug}/stream/", "query_string": b"", "headers": headers,
        "client": ["198.51.100.250", 50_000],
    }  # fmt: skip
    visit = ApplicationCommunicator(application, scope)
    await visit.send_input({"type": "http.request", "body": b""})
    await visit.receive_output(timeout=PATIENCE)
    said = ""
    async with asyncio.timeout(PATIENCE):
        while '"t":"pres"' not in said or "message.posted" not in said:
            said += (await visit.receive_output(timeout=PATIENCE))["body"].decode()
    await visit.send_input({"type": "http.disconnect"})
    await visit.wait()
    return said


@pytest.mark.django_db
def test_no_answer_to_a_frame_by_http_tells_more_than_a_handle(room: Room, people: dict[str, Member]) -> None:
    for handle, member in people.items():
        client = Client(headers={"User-Agent": BROWSER}, REMOTE_ADDR="198.51.100.9")
        client.cookies["sessionid"] = sign_in(member)
        for frame in (
            say(room), act(room, "message.hide", 1, "rule 4"), act(room, "member.mute", "nobody", {"minutes": 1}),
            {"t": "seen", "id": 1, "seq": 1}, {"t": "nonsense"},
        ):  # fmt: skip
            answer = client.post(f"/live/{room.slug}/events/", frame, content_type="application/json")
            assert leaks(answer.text) == [], handle


def test_what_is_planted_would_be_found() -> None:
    """The control."""
    assert leaks('{"by":{"id":"ab","handle":"Wren","email":"zq7x-wren@leak.example"}}')
    assert leaks('{"from":"198.51.100.7"}')
    assert leaks('{"from":"2001:db8:0:0:1:0:0:1"}')
    assert leaks(f'{{"agent":"{BROWSER}/7"}}')
    assert (
        leaks('{"at":"2026-03-04T19:00:00.000Z","key":"0d0cbb1e-7ba1-4ef1-9cdb-3c9a1c5e0f4a","by":"Wren"}')
        == []
    )

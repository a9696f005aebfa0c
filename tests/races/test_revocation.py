"""Who is shut out while coming in: a revocation finds a reader wherever it stands, and nothing is said to it after."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import orjson
import pytest
from asgiref.testing import ApplicationCommunicator
from django.db import transaction

from community.config.asgi import application
from community.groups.actions import remove_member
from community.live import eviction
from community.live.clock import clock
from community.live.engine import Engine
from community.live.eviction import Eviction
from community.live.hub import Hub
from community.members.models import Member
from community.members.signin.models import SignIn
from sessions.rooms.models import Room
from tests.live_client import PATIENCE, Enter, Talker, aside, connect_here, say, sign_in
from tests.live_fixtures import SetHook
from tests.races.conftest import Read
from tests.races.readers import Halt, SlowRead, patiently, written

Revoke = Callable[[Room, Member, Member, str], None]


def remove(room: Room, member: Member, by: Member, cookie: str) -> None:
    remove_member(group=room.group, member=member, by=by, reason="", at=clock.now())


def sign_out(room: Room, member: Member, by: Member, cookie: str) -> None:
    with transaction.atomic():
        SignIn.objects.filter(session_key=cookie).delete()
        eviction.end_sign_in(cookie)


def suspend(room: Room, member: Member, by: Member, cookie: str) -> None:
    with transaction.atomic():
        Member.objects.filter(pk=member.pk).update(is_active=False)
        eviction.suspend(member.pk)


WHOLE = pytest.mark.parametrize(
    ("revoke", "code", "closes"), [(sign_out, "auth", 4401), (suspend, "suspended", 4403)]
)
TURNED: dict[Revoke, int] = {remove: 404, sign_out: 401, suspend: 403}
EVERY = pytest.mark.parametrize("revoke", [remove, sign_out, suspend])


# --- a socket ----------------------------------------------------------------------------------------------------


@WHOLE
@pytest.mark.parametrize("place", ["socket.arrived", "socket.connected"])
async def test_a_sign_in_that_ends_while_its_socket_connects_is_never_welcomed(
    live: Engine,
    room: Room,
    wren: Member,
    fern: Member,
    failpoint: SetHook,
    revoke: Revoke,
    code: str,
    closes: int,
    place: str,
) -> None:
    control = await connect_here(await aside(sign_in, wren))
    await control.until("welcome")
    await control.close()
    cookie, between = await aside(sign_in, wren), Halt()
    failpoint(place, between.hook)
    connecting = asyncio.create_task(connect_here(cookie))
    await patiently(between.reached.wait())
    await aside(revoke, room, wren, fern, cookie)
    between.go.set()
    talker = await connecting
    assert await talker.closing() == closes
    assert talker.heard == [{"t": "gone", "code": code}]
    await talker.close()
    assert not live.hub.connections


async def test_a_removal_between_the_rooms_door_and_its_feed_lets_nobody_in(
    live: Engine, enter: Enter, room: Room, wren: Member, juniper: Member, fern: Member, failpoint: SetHook
) -> None:
    control, talker = await enter(juniper, room), await enter(wren)
    between = Halt()
    failpoint("socket.entered", between.hook)
    asking = asyncio.create_task(talker.sub(room))
    await patiently(between.reached.wait())
    await aside(remove, room, wren, fern, "")
    between.go.set()
    answer = await asking
    assert (answer["t"], answer["code"]) == ("err", "not_found")
    await control.ask(say(room, "among ourselves"))
    await control.event("message.posted", text="among ourselves")
    await talker.settle()
    assert talker.events() == []
    assert between.times >= 2


@WHOLE
async def test_a_sign_in_that_ends_between_the_rooms_door_and_its_feed_hears_only_that_it_is_over(
    live: Engine,
    enter: Enter,
    room: Room,
    wren: Member,
    fern: Member,
    failpoint: SetHook,
    revoke: Revoke,
    code: str,
    closes: int,
) -> None:
    cookie = await aside(sign_in, wren)
    talker: Talker = await connect_here(cookie)
    await talker.until("welcome")
    between = Halt()
    failpoint("socket.entered", between.hook)
    await talker.put({"t": "sub", "id": 1, "room": room.slug})
    await patiently(between.reached.wait())
    await aside(revoke, room, wren, fern, cookie)
    between.go.set()
    assert await talker.closing() == closes
    assert talker.heard[-1] == {"t": "gone", "code": code}
    assert [frame["t"] for frame in talker.heard] == ["welcome", "gone"]
    assert not live.hub.feeds


async def test_after_its_eviction_is_known_a_reader_hears_nothing_more_of_the_room(
    hub: Hub, room: Room, wren: Member, juniper: Member, read: Read
) -> None:
    shut_out, control = await read(wren, room), await read(juniper, room)
    await written(room, juniper, say(room, "before"))
    await shut_out.until_seq(1)
    hub.evict(Eviction(member_id=wren.pk, tag=room.group.tag))
    await written(room, juniper, say(room, "after"))
    await control.until_seq(2)
    assert shut_out.seqs == [1]
    assert shut_out.frames[-1] == {"t": "gone", "room": room.slug, "code": "removed"}
    assert shut_out.closed is None


async def test_a_reader_that_is_catching_up_when_it_is_evicted_gets_no_further_chunk(
    hub: Hub, room: Room, wren: Member, juniper: Member, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    await written(room, juniper, say(room, "among ourselves"))
    slow = SlowRead(monkeypatch)
    slow.holding = True
    pipe = await read(wren, room, since=0)
    await patiently(slow.read.wait())
    hub.evict(Eviction(member_id=wren.pk, tag=room.group.tag))
    slow.go.set()
    control = await read(juniper, room, since=0)
    await control.until_seq(1)
    assert pipe.seqs == []


async def test_a_revocation_that_the_hub_no_longer_remembers_counts_as_one(
    hub: Hub, room: Room, wren: Member, read: Read
) -> None:
    pipe = await read(wren, room)
    serial = hub.eviction_serial
    hub.evict(Eviction(member_id=0, tag="group:0"))
    assert not hub.evicted_since(serial, pipe.connection)
    hub.evict(Eviction(member_id=wren.pk, tag="group:0"))
    assert hub.evicted_since(serial, pipe.connection)
    for _ in range(3000):
        hub.evict(Eviction(member_id=0, tag="group:0"))
    assert hub.evicted_since(serial, pipe.connection)
    assert not hub.evicted_since(hub.eviction_serial, pipe.connection)


# --- streams and polls -------------------------------------------------------------------------------------------


class Visit:
    """A GET to the engine of this process, whose answer is read piece by piece."""

    def __init__(self, path: str, cookie: str, query: str = "") -> None:
        headers = [(b"host", b"localhost"), (b"cookie", f"sessionid={cookie}".encode())]
        scope = {
            "type": "http", "method": "GET", "path": path, "query_string": query.encode(), "headers": headers,
        }  # fmt: skip
        self.communicator = ApplicationCommunicator(application, scope)

    async def begin(self) -> None:
        await self.communicator.send_input({"type": "http.request", "body": b""})

    async def answer(self) -> tuple[int, bytes]:
        """The status and the whole body of an answer that ends."""
        start = await self.communicator.receive_output(PATIENCE)
        body = b""
        while True:
            piece = await self.communicator.receive_output(PATIENCE)
            body += piece.get("body", b"")
            if not piece.get("more_body"):
                return start["status"], body

    async def leave(self) -> None:
        await self.communicator.send_input({"type": "http.disconnect"})
        await self.communicator.wait(PATIENCE)


@pytest.fixture
async def visits(live: Engine) -> AsyncIterator[list[Visit]]:
    made: list[Visit] = []
    yield made
    for visit in made:
        visit.communicator.stop(exceptions=False)


@EVERY
@pytest.mark.parametrize("place", ["stream.arrived", "stream.entered"])
@pytest.mark.parametrize("way", ["stream", "events"])
async def test_a_revocation_while_a_stream_or_poll_comes_in_turns_it_away(
    live: Engine,
    room: Room,
    wren: Member,
    juniper: Member,
    fern: Member,
    failpoint: SetHook,
    visits: list[Visit],
    revoke: Revoke,
    place: str,
    way: str,
) -> None:
    await written(room, juniper, say(room, "among ourselves"))
    cookie, between = await aside(sign_in, wren), Halt()
    visit = Visit(f"/live/{room.slug}/{way}/", cookie)
    visits.append(visit)
    failpoint(place, between.hook)
    await visit.begin()
    await patiently(between.reached.wait())
    await aside(revoke, room, wren, fern, cookie)
    between.go.set()
    status, body = await visit.answer()
    assert status == TURNED[revoke]
    assert b"among" not in body
    assert not live.hub.connections


@EVERY
async def test_what_a_poll_read_before_a_revocation_is_not_sent_after_it(
    live: Engine,
    room: Room,
    wren: Member,
    juniper: Member,
    fern: Member,
    failpoint: SetHook,
    visits: list[Visit],
    revoke: Revoke,
) -> None:
    await written(room, juniper, say(room, "among ourselves"))
    cookie = await aside(sign_in, wren)
    control = Visit(f"/live/{room.slug}/events/", cookie)
    visits.append(control)
    await control.begin()
    status, body = await control.answer()
    assert status == 200
    assert [event["data"]["text"] for event in orjson.loads(body)["ev"]] == ["among ourselves"]
    between = Halt()
    failpoint("poll.read", between.hook)
    visit = Visit(f"/live/{room.slug}/events/", cookie)
    visits.append(visit)
    await visit.begin()
    await patiently(between.reached.wait())
    await aside(revoke, room, wren, fern, cookie)
    between.go.set()
    status, body = await visit.answer()
    assert status == TURNED[revoke]
    assert b"among" not in body


async def test_a_removal_while_a_stream_sends_its_headers_ends_it(
    live: Engine,
    room: Room,
    wren: Member,
    juniper: Member,
    fern: Member,
    failpoint: SetHook,
    visits: list[Visit],
) -> None:
    cookie, between = await aside(sign_in, wren), Halt()
    visit = Visit(f"/live/{room.slug}/stream/", cookie)
    visits.append(visit)
    failpoint("stream.opening", between.hook)
    await visit.begin()
    await patiently(between.reached.wait())
    await aside(remove, room, wren, fern, cookie)
    await written(room, juniper, say(room, "among ourselves"))
    between.go.set()
    status, body = await visit.answer()
    assert status == 200
    assert b'"code":"removed"' in body
    assert b"among" not in body
    assert not live.hub.connections


async def test_a_socket_that_connects_while_the_server_stops_is_asked_to_come_back(
    live: Engine, wren: Member, failpoint: SetHook
) -> None:
    between = Halt()
    failpoint("socket.connected", between.hook)
    connecting = asyncio.create_task(connect_here(await aside(sign_in, wren)))
    await patiently(between.reached.wait())
    live.drain(1.0)
    between.go.set()
    talker = await connecting
    assert await talker.closing() == 4012
    [gone] = talker.heard
    assert (gone["t"], gone["code"], gone["retry_ms"] > 0) == ("gone", "restart", True)
    await talker.close()


async def test_a_stream_that_opens_while_the_server_stops_is_asked_to_come_back(
    live: Engine, room: Room, wren: Member, failpoint: SetHook, visits: list[Visit]
) -> None:
    visit, between = Visit(f"/live/{room.slug}/stream/", await aside(sign_in, wren)), Halt()
    visits.append(visit)
    failpoint("stream.entered", between.hook)
    await visit.begin()
    await patiently(between.reached.wait())
    live.drain(1.0)
    between.go.set()
    status, body = await visit.answer()
    assert status == 200
    assert b'"t":"gone","code":"restart","retry_ms":' in body
    assert not live.hub.connections
    assert not live.hub.feeds


async def test_a_poll_that_parks_while_the_server_stops_is_asked_to_come_back(
    live: Engine, room: Room, wren: Member, failpoint: SetHook, visits: list[Visit]
) -> None:
    visit, between = Visit(f"/live/{room.slug}/events/", await aside(sign_in, wren), "wait=25"), Halt()
    visits.append(visit)
    failpoint("poll.read", between.hook)
    await visit.begin()
    await patiently(between.reached.wait())
    live.drain(1.0)
    between.go.set()
    status, body = await visit.answer()
    assert (status, b'"code":"restart"' in body) == (503, True)
    assert not live.hub.connections

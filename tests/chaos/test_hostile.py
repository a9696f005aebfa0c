"""Whoever means harm, or is broken, harms only themselves: each gets the end that PROTOCOL.md gives it."""

from __future__ import annotations

import asyncio
import socket
import statistics
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import orjson
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.chaos.clients import Frame, open_socket
from tests.chaos.conftest import Measure, Record
from tests.chaos.house import House, Person, Place, Server
from tests.chaos.http import ask
from tests.live_client import Closed, Talker, connect_to, events_in
from tests.sites import ROOT

pytestmark = pytest.mark.chaos

HALF_OPEN = 200
SENDS_PER_MIN = 60
GROWTH_MIB = 150


@pytest.fixture(scope="module")
def server(standing_house: House) -> Iterator[Server]:
    """One more server of the house, with a limit on how often someone may write."""
    standing_house.open()
    server = standing_house.server("strict", PORCHLIGHT_SENDS_PER_MIN=str(SENDS_PER_MIN)).start()
    yield server
    server.clear()


@pytest.fixture(scope="module")
def porch(standing_house: House) -> Place:
    """A room for those tests that leave nothing in it."""
    return standing_house.place()


@pytest.fixture
def nasty(porch: Place) -> Person:
    return porch.people[0]


@pytest.fixture
async def talker(server: Server, nasty: Person) -> AsyncIterator[Talker]:
    talker = await connect_to(server.base_url, nasty.cookie)
    await talker.until("welcome")
    yield talker
    await talker.close()


def key() -> str:
    return str(uuid.uuid4())


def deep(levels: int) -> Any:
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


# --- one frame at a time -----------------------------------------------------------------------------------------

GOOD: Frame = {"id": 1, "room": "porch", "key": "00000000-0000-4000-8000-000000000001"}
BROKEN_TEXTS = {
    "nothing": "",
    "no JSON": "good evening",
    "half a JSON": '{"t":"sub","id":1',
    "a list": "[]",
    "a number": "7",
    "no t": '{"id":1}',
    "a t that is no text": '{"t":7}',
    "an unknown t": '{"t":"shout","id":1}',
    "not a number": '{"t":"ping","n":NaN}',
    "half a letter": '{"t":"send","text":"\\ud800"}',
    "brackets without end": "[" * 8000,
    "objects without end": '{"t":' * 3000,
}
WRONG_TYPES: dict[str, Frame] = {
    "a room that is a list": {"t": "sub", "id": 1, "room": ["porch"]},
    "a room with a NUL": {"t": "sub", "id": 1, "room": "por\0ch"},
    "an id that is an object": {"t": "sub", "id": {}, "room": "porch"},
    "an id that is true": {"t": "sub", "id": True, "room": "porch"},
    "a since that is text": {"t": "sub", "id": 1, "room": "porch", "epoch": key(), "since": "7"},
    "a since below nothing": {"t": "sub", "id": 1, "room": "porch", "epoch": key(), "since": -1},
    "a since past all numbers": {"t": "sub", "id": 1, "room": "porch", "epoch": key(), "since": 2**63},
    "an ack of no room": {"t": "ack", "seq": 1},
    "no key": {"t": "send", "id": 1, "room": "porch", "text": "hello"},
    "a key that is no UUID": GOOD | {"t": "send", "key": "again", "text": "hello"},
    "a key that is a number": GOOD | {"t": "send", "key": 7, "text": "hello"},
    "no text": GOOD | {"t": "send"},
    "a text that is a list": GOOD | {"t": "send", "text": ["hello"]},
    "a text of spaces": GOOD | {"t": "send", "text": "  \n "},
    "a text with a NUL": GOOD | {"t": "send", "text": "hel\0lo"},
    "an answer to a word": GOOD | {"t": "send", "text": "hello", "reply_to": "first"},
    "an answer to true": GOOD | {"t": "send", "text": "hello", "reply_to": True},
    "a note that is an object": GOOD | {"t": "send", "text": "hello", "note": {}},
    "no op": GOOD | {"t": "act"},
    "an op that is a list": GOOD | {"t": "act", "op": []},
    "an unknown op": GOOD | {"t": "act", "op": "room.burn"},
    "an edit of a word": GOOD | {"t": "act", "op": "message.edit", "target": "first", "value": "hello"},
    "an edit to a list": GOOD | {"t": "act", "op": "message.edit", "target": 1, "value": []},
    "a hand of a number": GOOD | {"t": "act", "op": "hand.raise", "target": 7},
    "a phase that is a list": GOOD | {"t": "act", "op": "phase.set", "value": []},
    "a phase that is an object": GOOD | {"t": "act", "op": "phase.set", "value": {"phase": {}}},
    "a step that is a word": GOOD | {"t": "act", "op": "phase.set", "value": {"phase": "open", "step": "1"}},
    "a step without end": GOOD | {"t": "act", "op": "phase.set", "value": {"phase": "open", "step": 10**18}},
    "writes that are an object": GOOD
    | {"t": "act", "op": "phase.set", "value": {"phase": "open", "writes": {}}},
    "a move to nowhere": GOOD | {"t": "act", "op": "hand.move", "target": "x", "value": "away"},
    "a move to a list": GOOD | {"t": "act", "op": "hand.move", "target": "x", "value": []},
    "a turn without end": GOOD | {"t": "act", "op": "turn.grant", "target": "x", "value": "9" * 5000},
    "a turn of less than nothing": GOOD | {"t": "act", "op": "turn.extend", "value": {"seconds": -5}},
    "a mute without end": GOOD | {"t": "act", "op": "member.mute", "target": "x", "value": "9" * 5000},
    "a mute of a float": GOOD | {"t": "act", "op": "member.mute", "target": "x", "value": 1.5},
    "a reaction that is a list": GOOD | {"t": "act", "op": "reaction.set", "target": 1, "value": []},
    "a reaction of a list": GOOD
    | {"t": "act", "op": "reaction.set", "target": 1, "value": {"kind": [], "on": True}},
    "a reaction that is half on": GOOD
    | {"t": "act", "op": "reaction.set", "target": 1, "value": {"kind": "heard", "on": "half"}},
    "too deep": GOOD | {"t": "act", "op": "message.edit", "target": 1, "value": deep(9)},
}


@pytest.mark.parametrize("text", BROKEN_TEXTS.values(), ids=BROKEN_TEXTS.keys())
async def test_what_is_no_frame_is_answered_and_the_socket_stays(talker: Talker, text: str) -> None:
    await talker.put(text)
    assert (await talker.until("err"))["code"] == "bad_frame"
    assert await talker.settle() == []


@pytest.mark.parametrize("frame", WRONG_TYPES.values(), ids=WRONG_TYPES.keys())
async def test_a_frame_of_wrong_types_is_answered_and_the_socket_stays(
    talker: Talker, porch: Place, frame: Frame
) -> None:
    if frame.get("room") == "porch":
        frame = frame | {"room": porch.slug}
    await talker.put(frame)
    assert (await talker.until("err"))["code"] == "bad_frame"
    assert await talker.settle() == []


@pytest.mark.parametrize("frame", WRONG_TYPES.values(), ids=WRONG_TYPES.keys())
async def test_a_post_of_wrong_types_is_refused(
    server: Server, nasty: Person, porch: Place, frame: Frame
) -> None:
    path = f"/live/{porch.slug}/events/"
    answer = await ask(server.port, "POST", path, cookie=nasty.cookie, body=orjson.dumps(frame))
    told = orjson.loads(await answer.body())
    await answer.close()
    assert (answer.status, told["code"]) == (400, "bad_frame")


async def test_bytes_are_refused_and_the_socket_stays(server: Server, nasty: Person) -> None:
    async with await open_socket(server.port, nasty.cookie) as connection:
        await connection.recv()
        await connection.send(b"\x00\x01")
        assert orjson.loads(await connection.recv())["code"] == "bad_frame"
        await connection.send('{"t":"ping","n":1}')
        assert orjson.loads(await connection.recv()) == {"t": "pong", "n": 1}


@pytest.mark.parametrize("size", [16 * 1024 + 1, 100_000, 1024 * 1024])
async def test_a_frame_up_to_a_mebibyte_is_too_large_and_the_socket_stays(talker: Talker, size: int) -> None:
    await talker.put("x" * size)
    assert (await talker.until("err"))["code"] == "too_large"
    assert await talker.settle() == []


async def test_a_frame_of_just_16_kib_is_read(talker: Talker) -> None:
    filler = "x" * (16 * 1024 - len('{"t":"ping","n":""}'))
    await talker.put(f'{{"t":"ping","n":"{filler}"}}')
    assert (await talker.until("pong"))["n"] == filler


async def test_a_frame_over_a_mebibyte_is_cut(talker: Talker) -> None:
    with suppress(ConnectionClosed):
        await talker.put("x" * (1024 * 1024 + 1))
    assert await talker.closing() in {1006, 1009}


# --- at the door -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://localhost:{port}", "http://localhost:{other}"]
)
async def test_a_foreign_origin_is_refused_on_every_door(
    server: Server, porch: Place, nasty: Person, origin: str
) -> None:
    here, there = f"http://localhost:{server.port}", origin.format(port=server.port, other=server.port + 1)
    doors: list[Callable[[str], Awaitable[int]]] = [
        lambda origin: upgrade(server, nasty, "/live/", origin),
        lambda origin: status(server, nasty, f"/live/{porch.slug}/stream/", origin),
        lambda origin: status(server, nasty, f"/live/{porch.slug}/events/", origin),
    ]
    for door in doors:
        assert await door(here) in {101, 200}
        assert await door(there) == 403


async def upgrade(server: Server, person: Person, path: str, origin: str | None = None) -> int:
    try:
        talker = await connect_to(server.base_url, person.cookie, path=path, origin=origin)
    except InvalidStatus as refused:
        return refused.response.status_code
    await talker.close()
    return 101


async def status(server: Server, person: Person, path: str, origin: str = "") -> int:
    answer = await ask(server.port, "GET", path, cookie=person.cookie, headers={"Origin": origin})
    await answer.close()
    return answer.status


async def test_an_unknown_path_is_refused_at_the_handshake(server: Server, nasty: Person) -> None:
    assert await upgrade(server, nasty, "/live/") == 101
    assert await upgrade(server, nasty, "/live/elsewhere/") in {403, 404}
    assert await upgrade(server, nasty, "/") in {403, 404}


async def test_who_is_signed_out_is_told_so_and_closed(server: Server) -> None:
    talker = await connect_to(server.base_url, "nobodys-cookie")
    assert await talker.next() == {"t": "gone", "code": "auth"}
    with pytest.raises(Closed, match="4401"):
        await talker.next()


async def test_a_post_without_the_pages_token_writes_nothing(house: House, place: Place) -> None:
    server, nasty = house.first, place.people[0]
    path, body = f"/live/{place.slug}/events/", orjson.dumps({"t": "send", "key": key(), "text": "hello"})
    forged = {"X-CSRFToken": "b" * 32}
    answer = await ask(server.port, "POST", path, cookie=nasty.cookie, body=body, headers=forged)
    await answer.close()
    assert answer.status == 403
    assert house.rows(place.log_id) == []
    answer = await ask(server.port, "POST", path, cookie=nasty.cookie, body=body)
    await answer.close()
    assert answer.status == 200


@pytest.mark.parametrize(
    "query", ["wait=%C2%B2", "wait=-1", "since=%C2%B2&epoch=x", "since=1&since=2", "epoch=%00", "%ff=%fe"]
)
async def test_a_query_of_nonsense_is_read_from_the_beginning(
    server: Server, porch: Place, nasty: Person, query: str
) -> None:
    assert await status(server, nasty, f"/live/{porch.slug}/events/?{query}") == 200


# --- out of step -------------------------------------------------------------------------------------------------


async def test_a_stale_epoch_and_a_future_since_begin_anew(talker: Talker, place: Place) -> None:
    await talker.ask({"t": "send", "id": 1, "room": place.slug, "key": key(), "text": "hello"})
    right = {"epoch": place.epoch, "since": 1}
    assert (await talker.sub(place.slug, **right))["mode"] == "resume"
    for wrong in ({"epoch": key()}, {"since": 2}, {"since": 2**62}, {"epoch": "yesterday"}):
        told = await talker.sub(place.slug, **(right | wrong))
        assert (told["mode"], told["since"]) == ("reset", 0), wrong


async def test_a_key_counts_once_and_for_one_request_only(talker: Talker, place: Place) -> None:
    frame = {"t": "send", "id": 1, "room": place.slug, "key": key(), "text": "hello"}
    assert (await talker.ask(frame))["dup"] is False
    assert (await talker.ask(frame))["dup"] is True
    assert (await talker.ask(frame | {"text": "something else"}))["code"] == "key_conflict"
    assert (await talker.ask(frame | {"key": key()}))["seq"] == 2


async def test_a_flood_of_words_is_slowed_and_no_key_is_lost_by_it(
    house: House, talker: Talker, place: Place
) -> None:
    frames = [
        {"t": "send", "id": number, "room": place.slug, "key": key(), "text": f"number {number}"}
        for number in range(SENDS_PER_MIN * 3)
    ]
    for frame in frames:
        await talker.put(frame)
    told: list[Frame] = []
    while len(told) < len(frames):
        answer = await talker.next()
        if answer["t"] in {"ok", "err"}:
            told.append(answer)
    taken = {answer["id"] for answer in told if answer["t"] == "ok"}
    assert SENDS_PER_MIN <= len(taken) < len(frames)
    assert {(answer["code"], answer["retry"]) for answer in told if answer["t"] == "err"} == {("rate", True)}
    assert {seq for seq, *_ in house.rows(place.log_id)} == set(range(1, len(taken) + 1))
    again = await talker.ask(next(frame for frame in frames if frame["id"] in taken))
    assert again["dup"] is True


# --- all at once, beside a neighbour -----------------------------------------------------------------------------


class Neighbour:
    """Someone who talks quietly; `waits` is how long each word took to come back as an event, in ms."""

    def __init__(self, talker: Talker, slug: str) -> None:
        self.talker = talker
        self.slug = slug

    async def say(self, count: int) -> list[float]:
        loop, waits = asyncio.get_running_loop(), []
        for _ in range(count):
            words, began = key(), loop.time()
            await self.talker.put({"t": "send", "id": words, "room": self.slug, "key": words, "text": words})
            came: list[Frame] = []
            while words not in {event["key"] for event in came}:
                came = events_in([await self.talker.next()])
            waits.append((loop.time() - began) * 1000)
            await self.talker.put({"t": "ack", "room": self.slug, "seq": came[-1]["seq"]})
        return waits


def p99(waits: list[float]) -> float:
    return statistics.quantiles(waits, n=100)[98]


@asynccontextmanager
async def half_open(port: int, count: int, first: bytes) -> AsyncIterator[list[socket.socket]]:
    """Connections that begin a request and never end it."""
    loop, doors = asyncio.get_running_loop(), []
    try:
        for _ in range(count):
            door = socket.socket()
            doors.append(door)
            door.setblocking(False)
            await loop.sock_connect(door, ("127.0.0.1", port))
            await loop.sock_sendall(door, first)
        yield doors
    finally:
        for door in doors:
            door.close()


@contextmanager
def attacked(server: Server, place: Place, seed: int) -> Iterator[None]:
    """Three people in a process of their own send frames of every bad kind as fast as they go."""
    frames = [frame | {"room": place.slug} for frame in WRONG_TYPES.values()]
    frames += [
        {"t": "sub", "id": 1, "room": place.slug},
        {"t": "typing", "room": place.slug, "on": True},
    ] * 10
    bad = [*BROKEN_TEXTS.values(), *(orjson.dumps(frame).decode() for frame in frames)]
    what = {
        "port": server.port, "seed": seed, "cookies": [person.cookie for person in place.people[:3]],
        "texts": bad, "sizes": [20_000, 500_000, 1_100_000],
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.chaos.attack"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin
    assert process.stdout
    try:
        process.stdin.write(orjson.dumps(what))
        process.stdin.close()
        assert process.stdout.readline() == b"at it\n"
        yield
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


async def test_a_neighbour_is_served_while_others_do_their_worst(
    house: House, place: Place, seed: int, measure: Measure, record_property: Record
) -> None:
    """The ratio is a figure to read (`make prove`): the machine that runs tests has other things to do."""
    count, rounds = (400, 3) if measure.full else (40, 1)
    server = house.first
    talker = await connect_to(server.base_url, place.chair.cookie)
    await talker.until("welcome")
    await talker.sub(place.slug)
    neighbour = Neighbour(talker, place.slug)
    await neighbour.say(20)
    before = server.resident_mib()
    calm, troubled, ratios = [], [], []
    upgrade_half = b"GET /live/ HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    for number in range(rounds):
        calm.append(await neighbour.say(count))
        async with (
            half_open(server.port, HALF_OPEN // 2, b"") as silent,
            half_open(server.port, HALF_OPEN // 2, upgrade_half) as halting,
        ):
            assert len(silent) + len(halting) == HALF_OPEN
            with attacked(server, place, seed + number):
                troubled.append(await neighbour.say(count))
        ratios.append(p99(troubled[-1]) / p99(calm[-1]))
        await neighbour.say(count)  # what the attackers left in the server is over after that
    grown = server.resident_mib() - before
    assert talker.seqs() == list(range(1, talker.seqs()[-1] + 1))
    await talker.close()
    for name, waits in (("calm", calm), ("beside them", troubled)):
        p50s, p99s = [statistics.median(each) for each in waits], [p99(each) for each in waits]
        record_property(
            f"neighbour's p50 and p99, {name}",
            f"{statistics.median(p50s):.1f} {statistics.median(p99s):.1f} ms",
        )
    if measure.full:  # forty words have no p99
        told = ", ".join(f"{ratio:.1f}" for ratio in ratios)
        record_property(
            "p99 beside them over p99 calm",
            f"{statistics.median(ratios):.1f} x (median of {told}; asked for: at most 2)",
        )
    record_property("server grew by", f"{grown:.0f} MiB")
    assert grown < GROWTH_MIB

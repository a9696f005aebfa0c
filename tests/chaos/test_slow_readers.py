"""Who reads too slowly harms nobody: the others get everything at once, and the slow one is sent away."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress

import orjson
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from tests.chaos.clients import Frame, open_socket, put
from tests.chaos.conftest import Measure, Record
from tests.chaos.deaf import Deaf
from tests.chaos.house import House, Person, Place, Server
from tests.chaos.load import PATIENCE, Load
from tests.live_client import events_in

pytestmark = pytest.mark.chaos

WINDOW_EVENTS = 1024
MORE_THAN_THE_KERNEL_HOLDS = 6 * 1024 * 1024
LONG_TEXT = "あ" * 2000  # three bytes a letter, and once more as HTML
PING = orjson.dumps({"t": "ping", "n": "x" * 15_000}).decode()


@pytest.fixture
def impatient(house: House, measure: Measure) -> Iterator[Server]:
    """A server that bears with slow readers for less time, in the short form."""
    server = house.server("impatient", CHAOS_SLOW_SECONDS=str(measure.slow_seconds)).start()
    yield server
    server.clear()


async def flood(server: Server, person: Person, place: Place) -> int:
    """Write more than a deaf reader's connection can hold; how many messages that took."""
    count = MORE_THAN_THE_KERNEL_HOLDS // (6 * len(LONG_TEXT))
    async with await open_socket(server.port, person.cookie) as socket:
        for number in range(count):
            await put(socket, speech(place, number))
        answered = 0
        while answered < count:
            frame = orjson.loads(await socket.recv())
            assert frame["t"] in {"welcome", "ok"}, frame
            answered += frame["t"] == "ok"
    return count


def speech(place: Place, number: int) -> Frame:
    key = f"00000000-0000-4000-8000-{number:012d}"
    return {"t": "send", "id": number, "room": place.slug, "key": key, "text": LONG_TEXT}


async def cut(name: str, connection: Deaf) -> str:
    """When the connection was ended, from now on. The kernel tells nobody who does not read, so this looks again."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while not connection.cut:
        assert loop.time() - began < PATIENCE, f"{name} is still connected"
        await asyncio.sleep(0.05)
    return f"{name} {loop.time() - began:.1f} s"


async def read_without_acks(socket: ClientConnection) -> tuple[list[Frame], int]:
    frames: list[Frame] = []
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                frames.append(orjson.loads(await socket.recv()))
    except ConnectionClosed as closed:
        return frames, closed.rcvd.code if closed.rcvd else 1006


async def test_slow_readers_of_each_kind_are_sent_away_and_nobody_else_notices(
    house: House, place: Place, impatient: Server, seed: int, record_property: Record
) -> None:
    server = impatient
    deaf, mute, talker, stream_reader, speaker = [place.chair, *place.people[6:]]
    subscribe = {"t": "sub", "id": 1, "room": place.slug}
    async with Load(house, place, seed, [server]) as load:
        await load.warm()
        never_reads = await Deaf.on_socket(server.port, deaf.cookie)
        await never_reads.put(orjson.dumps(subscribe).decode())
        never_reads_stream = await Deaf.on_stream(server.port, stream_reader.cookie, place.slug)
        never_acks = await open_socket(server.port, mute.cookie)
        await put(never_acks, subscribe)
        unacked = asyncio.ensure_future(read_without_acks(never_acks))
        only_talks = await Deaf.on_socket(server.port, talker.cookie)

        async def talk() -> None:
            with suppress(OSError):
                while True:
                    await only_talks.put(PING)

        talking = asyncio.ensure_future(talk())
        before = server.resident_mib()
        large = await flood(server, speaker, place)
        await load.readers_pass(large)
        try:
            ends = await asyncio.gather(
                cut("socket that never reads", never_reads),
                cut("stream that never reads", never_reads_stream),
                cut("socket that only talks", only_talks),
            )
            frames, code = await unacked
        finally:
            talking.cancel()
            for each in (never_reads, never_reads_stream, only_talks):
                each.close()
        grown = server.resident_mib() - before
        await load.acks_go_on()
        await load.finish(others=large)
    assert code == 4008
    assert frames[-1] | {"room": None} == {"t": "gone", "code": "slow", "room": None}
    assert 0 < len(events_in(frames)) <= WINDOW_EVENTS
    assert all(reader.losses == 0 for reader in load.readers), load.told()
    assert all(sender.losses == 0 for sender in load.senders), load.told()
    record_property("ended after", "; ".join(ends))
    record_property("server grew by", f"{grown:.0f} MiB")
    assert grown < 200

"""Two real servers on one PostgreSQL and one Redis, under load, while one thing after the other breaks."""

from __future__ import annotations

import asyncio

import pytest

from tests.chaos.conftest import Measure, Record
from tests.chaos.house import House, Place
from tests.chaos.load import Load

pytestmark = pytest.mark.chaos

CATCH_UP_SECONDS = 5.0
MARGIN = 10.0  # for a machine that is busy with other things; `make prove` prints what it took


async def test_nothing_acked_is_lost_when_a_server_is_killed(
    house: House, place: Place, seed: int, measure: Measure, record_property: Record
) -> None:
    async with Load(house, place, seed) as load:
        await load.warm()
        house.first.kill()
        await load.acks_go_on(measure.acks)
        rows = await load.finish()
    record_property("events", len(rows))
    assert any(client.losses for client in load.senders)
    assert any(client.losses for client in load.readers)


async def test_readers_of_both_servers_agree_after_redis_was_restarted(
    house: House, place: Place, seed: int, measure: Measure
) -> None:
    async with Load(house, place, seed) as load:
        await load.warm()
        house.stop_redis()
        await load.acks_go_on(measure.acks)
        await load.until("it is said", lambda: any("degraded" in reader.bus for reader in load.readers))
        house.start_redis()
        await load.until(
            "all is well again", lambda: any(reader.bus[-1:] == ["ok"] for reader in load.readers)
        )
        await load.acks_go_on()
        await load.finish()


async def test_acks_go_on_while_redis_is_frozen_and_readers_catch_up(
    house: House, place: Place, seed: int, measure: Measure, record_property: Record
) -> None:
    loop = asyncio.get_running_loop()
    async with Load(house, place, seed) as load:
        await load.warm()
        with house.frozen_redis():
            thaws = loop.time() + measure.frozen
            await load.until("it is said", lambda: any("degraded" in reader.bus for reader in load.readers))
            await load.acks_go_on(measure.acks)
            await load.readers_pass(load.acked)
            await asyncio.sleep(max(0.0, thaws - loop.time()))  # how long it is frozen is what is asked for
        thawed, said = loop.time(), await asyncio.to_thread(house.head, place.log_id)
        await load.readers_pass(said, CATCH_UP_SECONDS + MARGIN)
        record_property("readers caught up after", f"{loop.time() - thawed:.2f} s")
        await load.until(
            "all is well again",
            lambda: all(reader.bus[-1:] in (["ok"], []) for reader in load.readers),
        )
        await load.finish()


async def test_a_database_that_crashes_costs_time_and_no_words(
    house: House, place: Place, seed: int, measure: Measure
) -> None:
    async with Load(house, place, seed) as load:
        await load.warm()
        house.stop_postgres()
        if measure.full:
            await load.until("it is said", lambda: any(sender.refused for sender in load.senders))
        house.start_postgres()
        await load.acks_go_on(measure.acks)
        await load.finish()
    assert {code for sender in load.senders for code in sender.refused} <= {"unavailable", "unknown"}


async def test_a_database_that_stands_still_delays_words_and_loses_none(
    house: House, place: Place, seed: int, measure: Measure
) -> None:
    async with Load(house, place, seed) as load:
        await load.warm()
        with house.frozen_postgres():
            acked = load.acked
            await load.until("all wait", lambda: all(len(each.outbox) > 0 for each in load.senders))
        await load.until("they go on", lambda: load.acked > acked)
        await load.acks_go_on(measure.acks)
        await load.finish()
    assert {code for sender in load.senders for code in sender.refused} <= {"unavailable", "unknown"}


async def test_a_server_that_is_asked_to_end_sends_everyone_away_and_loses_nothing(
    house: House, place: Place, seed: int, measure: Measure
) -> None:
    async with Load(house, place, seed) as load:
        await load.warm()
        first = house.first.port
        there = [client for client in [*load.senders, *load.readers] if client.port == first]
        ending = house.first.terminate()
        code = await asyncio.to_thread(ending.process.wait, 30)
        assert code == 0, ending.log_end()
        await load.acks_go_on(measure.acks)
        await load.finish()
    told = [frame for client in there for frame in client.gone]
    assert told, "nobody was on the server that ended"
    assert {frame["code"] for frame in told} == {"restart"}
    waits = [frame["retry_ms"] for frame in told if "retry_ms" in frame]
    assert all(200 <= wait <= 10_000 for wait in waits)
    assert len(set(waits)) > 1, "all come back at once"
    closed = [code for client in there for code in client.closed_with]
    assert closed
    assert set(closed) == {4012}

"""Who is here: once, however many sockets; the others learn who comes and goes; the database does not."""

from __future__ import annotations

from typing import Any

import pytest

from community.live import engine, presence
from community.live.engine import Engine
from community.live.models import Event
from community.live.presence import MemoryStore
from community.members.models import Member
from sessions.rooms.models import Room
from tests.factories import MemberFactory, RoomFactory
from tests.live_client import Enter, Talker, aside

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Comings and goings are told without waiting for more of them."""
    monkeypatch.setattr(presence, "COALESCE_SECONDS", 0)


def by(member: Member) -> dict[str, str]:
    return {"id": member.public_id, "handle": member.handle}


def names(snap: dict[str, Any]) -> set[str]:
    return {one["handle"] for one in snap["snap"]}


async def shown(talker: Talker, **change: Any) -> dict[str, Any]:
    return await talker.until("pres", **change)


async def test_who_comes_gets_the_whole_list_and_the_others_get_the_name(
    enter: Enter, room: Room, wren: Member, juniper: Member
) -> None:
    hers = await enter(wren, room)
    snap = await shown(hers)
    assert (names(snap), snap["room"], snap["count"]) == ({"Wren"}, room.slug, 1)
    his = await enter(juniper, room)
    assert names(await shown(his)) == {"Wren", "Juniper"}
    joined = await shown(hers, join=by(juniper))
    assert joined["count"] == 2
    assert set(joined) == {"t", "room", "v", "join", "count"}


async def test_who_closes_the_last_socket_has_left(
    enter: Enter, room: Room, wren: Member, juniper: Member
) -> None:
    hers, phone, laptop = await enter(wren, room), await enter(juniper, room), await enter(juniper, room)
    await shown(hers, join=by(juniper))
    await phone.close()
    third = await enter(wren, room)
    assert names(await shown(third)) == {"Wren", "Juniper"}
    await laptop.close()
    left = await shown(hers, leave=by(juniper))
    assert left["count"] == 1
    assert [frame.get("leave") for frame in hers.heard if frame.get("leave")] == [by(juniper)]


async def test_who_unsubscribes_has_left_that_room_only(
    enter: Enter, live: Engine, room: Room, wren: Member, juniper: Member
) -> None:
    other = await aside(RoomFactory)
    hers, his = await enter(wren, room, other), await enter(juniper, room, other)
    await shown(hers, join=by(juniper))
    await his.ask({"t": "unsub", "id": 1, "room": room.slug})
    assert (await shown(hers, leave=by(juniper)))["room"] == room.slug
    assert set(live.presence.people(other.log_id)) == {wren.public_id, juniper.public_id}


async def test_the_version_counts_up_for_each_reader(
    enter: Enter, room: Room, wren: Member, juniper: Member
) -> None:
    hers = await enter(wren, room)
    for _ in range(2):
        his = await enter(juniper, room)
        await shown(hers, join=by(juniper))
        await his.close()
        await shown(hers, leave=by(juniper))
    versions = [frame["v"] for frame in hers.heard if frame["t"] == "pres"]
    assert versions == list(range(1, len(versions) + 1))
    assert len(versions) >= 5


async def test_a_member_with_two_sockets_is_shown_once(enter: Enter, room: Room, wren: Member) -> None:
    await enter(wren, room)
    second = await enter(wren, room)
    snap = await shown(second)
    assert ([one["handle"] for one in snap["snap"]], snap["count"]) == (["Wren"], 1)


async def test_many_who_come_at_once_are_told_as_one_list(
    enter: Enter, room: Room, wren: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "SINGLE_CHANGES", 1)
    monkeypatch.setattr(presence, "COALESCE_SECONDS", 3600)
    hers = await enter(wren, room)
    people = await aside(MemberFactory.create_batch, 3)
    for member in people:
        await enter(member, room)
    live = engine.running()
    assert live is not None
    live.presence._announce(room.log_id)
    await hers.settle()
    snaps = [frame for frame in hers.heard if frame["t"] == "pres" and "snap" in frame]
    assert names(snaps[-1]) == {"Wren", *(member.handle for member in people)}
    assert not [frame for frame in hers.heard if frame["t"] == "pres" and "join" in frame]


async def test_presence_is_nothing_that_lasts(
    enter: Enter, room: Room, wren: Member, juniper: Member
) -> None:
    hers, his = await enter(wren, room), await enter(juniper, room)
    await his.close()
    await shown(hers, leave=by(juniper))
    assert await aside(Event.objects.count) == 0


async def test_a_store_that_fails_hides_nobody_who_is_here(
    enter: Enter, live: Engine, room: Room, wren: Member, juniper: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(MemoryStore):
        async def refresh(self, log_id: int, here: list[dict[str, str]]) -> list[dict[str, str]]:
            raise ConnectionError

        async def leave(self, log_id: int, by: dict[str, str]) -> bool:
            raise ConnectionError

    monkeypatch.setattr(live.presence, "store", Broken())
    hers = await enter(wren, room)
    await enter(juniper, room)
    await shown(hers, join=by(juniper))
    assert set(live.presence.people(room.log_id)) == {wren.public_id, juniper.public_id}


async def test_who_is_here_in_another_process_is_shown_and_leaves(
    enter: Enter, live: Engine, room: Room, wren: Member, juniper: Member
) -> None:
    hers = await enter(wren, room)
    live.presence.heard(room.log_id, {"join": by(juniper)})
    await shown(hers, join=by(juniper))
    live.presence.heard(room.log_id, {"leave": by(juniper)})
    await shown(hers, leave=by(juniper))
    # A word from elsewhere doesn't send away who is here too.
    live.presence.heard(room.log_id, {"leave": by(wren)})
    await hers.settle()
    assert wren.public_id in live.presence.people(room.log_id)

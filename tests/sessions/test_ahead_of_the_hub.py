"""A reader may know more than the hub of its process, which has not heard yet of what another process committed."""

from __future__ import annotations

import asyncio

import pytest

from community.live import log
from community.live.engine import Engine
from community.live.log import Commit
from community.members.models import Member
from sessions.rooms.models import Room
from tests.live_client import Enter, aside, do, say
from tests.live_fixtures import SetHook

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def unheard(monkeypatch: pytest.MonkeyPatch) -> list[Commit]:
    """From here on, what is committed stays unpublished, in this list."""
    commits: list[Commit] = []
    monkeypatch.setattr(log, "_listeners", [commits.extend])
    return commits


async def test_who_stands_past_the_hubs_head_is_not_told_again(
    live: Engine, enter: Enter, room: Room, wren: Member, unheard: list[Commit]
) -> None:
    early = await enter(wren, room)
    for number in range(3):
        await aside(do, room, wren, say(room, f"word {number}"))
    late = await enter(wren)
    epoch = str((await aside(log.head, room.log_id)).epoch)
    await late.sub(room, epoch=epoch, since=2)
    await late.event("message.posted", text="word 2")
    live.hub.take(unheard)
    await early.event("message.posted", text="word 2")
    await late.settle()
    assert early.seqs() == [1, 2, 3]
    assert late.seqs() == [3]


async def test_what_the_database_knew_before_the_hub_is_told_once(
    live: Engine, enter: Enter, room: Room, wren: Member, failpoint: SetHook, unheard: list[Commit]
) -> None:
    await aside(do, room, wren, say(room, "word 0"))
    early = await enter(wren, room)
    epoch = str((await aside(log.head, room.log_id)).epoch)
    hold = asyncio.Event()
    failpoint("hub.filling", lambda **facts: hold.wait())
    for number in (1, 2):
        await aside(do, room, wren, say(room, f"word {number}"))
    late = await enter(wren)
    await late.sub(room, epoch=epoch, since=0)
    await late.event("message.posted", text="word 0")
    hold.set()
    live.hub.take(unheard)
    await early.event("message.posted", text="word 2")
    await late.event("message.posted", text="word 2")
    await early.settle()
    await late.settle()
    assert early.seqs() == [1, 2, 3]
    assert late.seqs() == [1, 2, 3]

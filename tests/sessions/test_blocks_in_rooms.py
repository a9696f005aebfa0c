"""A block in rooms: the one who blocked sees folds, everyone else sees what they would have seen.

The matrix: every surface of a room, for the blocker, for the one who is blocked, and for a third person; each looked
at before the block as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from community.groups.models import Membership
from community.live.engine import Engine
from community.members.blocks.actions import block, unblock
from community.members.models import Member
from sessions.rooms.models import Room
from tests.factories import MembershipFactory, RoomFactory
from tests.live_client import Enter, act, aside, connect_to, do, key, say, sign_in, state_of
from tests.sessions.test_http_ways import poll
from tests.sites import Site

pytestmark = pytest.mark.django_db

COVER = "A message from someone you blocked"
SOMEONE = "Someone you blocked"
RANDOM = re.compile(r'name="(?:csrfmiddlewaretoken|key)" value="[^"]+"')
TEMPLATE = re.compile(r"<template.*?</template>", re.DOTALL)
NOTED = re.compile(r"<details class=\"fold cn\"><summary>.*?</details>", re.DOTALL)
FOLD = re.compile(r"<details class=\"fold cn\" data-cover>.*?</details>", re.DOTALL)


class Evening:
    """Juniper and others talk in a room; Juniper has the floor, Heron waits, and then Juniper again."""

    def __init__(self) -> None:
        self.room: Room = RoomFactory(group__joining="closed")
        self.wren, self.juniper, self.heron = (self._member(name) for name in ("Wren", "Juniper", "Heron"))
        self.alder = self._member("Alder", Membership.Role.FACILITATOR)
        room = self.room
        do(room, self.juniper, say(room, "I slept badly."))
        do(room, self.heron, say(room, "So did I.", reply_to=1))
        do(room, self.wren, say(room, "Tea helps.", reply_to=2))
        do(room, self.juniper, say(room, "It was his birthday.", note="grief"))
        do(room, self.juniper, say(room, "I should not have said that."))
        do(room, self.juniper, act(room, "message.hide", 5))
        do(room, self.alder, act(room, "phase.set", None, "sharing"))
        do(room, self.alder, act(room, "turn.grant", self.juniper.public_id))
        do(room, self.heron, act(room, "hand.raise"))

    def _member(self, handle: str, role: str = "member") -> Member:
        return MembershipFactory(group=self.room.group, member__handle=handle, role=role).member

    def block(self) -> None:
        block(by=self.wren, whom=self.juniper, at=timezone.now())


@pytest.fixture
def evening(db: None) -> Evening:
    return Evening()


def page(reader: Member, room: Room, path: str = "") -> str:
    client = Client()
    client.force_login(reader, backend="django.contrib.auth.backends.ModelBackend")
    text = client.get(f"/sessions/rooms/{room.slug}/{path}").text
    return RANDOM.sub("", TEMPLATE.sub("", text))


def home(reader: Member) -> str:
    client = Client()
    client.force_login(reader, backend="django.contrib.auth.backends.ModelBackend")
    return RANDOM.sub("", client.get("/").text)


SURFACES: dict[str, Callable[[Member, Room], Any]] = {
    "the transcript": page,
    "the history": lambda reader, room: page(reader, room, "?before=6"),
    "a message": lambda reader, room: page(reader, room, "messages/1/"),
    "a message with a note": lambda reader, room: page(reader, room, "messages/4/"),
    "who is here": lambda reader, room: page(reader, room, "people/"),
    "home": lambda reader, room: home(reader),
    "the state": lambda reader, room: state_of(room, reader),
}


@pytest.mark.parametrize("surface", SURFACES)
def test_a_block_changes_the_room_for_nobody_but_the_one_who_blocked(evening: Evening, surface: str) -> None:
    look = SURFACES[surface]
    before = {
        name: look(getattr(evening, name), evening.room) for name in ("wren", "juniper", "heron", "alder")
    }
    assert all(
        "Juniper" in str(seen) or surface == "home" for name, seen in before.items() if name != "juniper"
    )
    evening.block()
    after = {name: look(getattr(evening, name), evening.room) for name in before}
    for name in ("juniper", "heron", "alder"):
        assert after[name] == before[name], name
    assert after["wren"] != before["wren"] or surface == "home"
    unblock(by=evening.wren, whom=evening.juniper)
    assert look(evening.wren, evening.room) == before["wren"]


@pytest.mark.parametrize("path", ["", "?before=6"])
def test_the_blockers_transcript_folds_what_they_wrote_and_names_them_nowhere_else(
    evening: Evening, path: str
) -> None:
    assert FOLD.findall(page(evening.wren, evening.room, path)) == []
    evening.block()
    text = page(evening.wren, evening.room, path)
    assert len(FOLD.findall(text)) == 2
    first = FOLD.findall(text)[0]
    assert COVER in first
    assert "I slept badly." in first
    assert "Juniper" in first, "opened, it says whose it is"
    assert "It was his birthday." in text
    outside = FOLD.sub("", NOTED.sub("", text))
    assert "Juniper" not in outside
    assert "So did I." in outside
    assert "To a message that is not shown" in outside
    assert f"{SOMEONE} took this message back." in outside
    if not path:
        assert f"{SOMEONE} has the floor" in outside


def test_whoever_keeps_the_room_sees_names_and_still_need_not_read(evening: Evening) -> None:
    block(by=evening.alder, whom=evening.juniper, at=timezone.now())
    text = page(evening.alder, evening.room)
    assert len(re.findall(COVER, text)) == 2
    assert "Juniper has the floor" in text
    assert SOMEONE not in text.replace(COVER, "")
    assert "Juniper" in page(evening.alder, evening.room, "people/")


def test_the_queue_keeps_its_order_and_length(evening: Evening) -> None:
    do(evening.room, evening.juniper, act(evening.room, "turn.end"))
    do(evening.room, evening.juniper, act(evening.room, "hand.raise"))
    do(evening.room, evening.wren, act(evening.room, "hand.raise"))
    queue = [evening.heron.public_id, evening.juniper.public_id, evening.wren.public_id]
    assert state_of(evening.room, evening.wren)["queue"] == queue
    evening.block()
    for reader in (evening.wren, evening.juniper, evening.heron):
        assert state_of(evening.room, reader)["queue"] == queue
    text = page(evening.wren, evening.room)
    line = text[text.index('<ol class="line"') :]
    assert line.index("Heron") < line.index(SOMEONE) < line.index("You")
    assert "You are 3rd in line." in text


def test_only_the_blocker_is_told_whom_they_blocked(evening: Evening) -> None:
    evening.block()
    assert state_of(evening.room, evening.wren)["blocked"] == [evening.juniper.public_id]
    for reader in (evening.juniper, evening.heron, evening.alder):
        assert state_of(evening.room, reader)["blocked"] == []


def test_home_counts_and_quotes_nothing_that_someone_blocked_wrote(evening: Evening) -> None:
    room: Room = RoomFactory(group=evening.room.group, name="Kitchen")
    do(room, evening.heron, say(room, "The kettle is on."))
    client = Client()
    client.force_login(evening.wren, backend="django.contrib.auth.backends.ModelBackend")
    client.get(f"/sessions/rooms/{room.slug}/?seen=1")
    client.get(f"/sessions/rooms/{evening.room.slug}/?seen=99")
    do(room, evening.juniper, say(room, "I slept badly again."))
    assert "1 new" in client.get("/").text
    evening.block()
    assert "1 new" not in client.get("/").text
    assert "again" not in client.get("/").text
    do(room, evening.heron, say(room, "Come in."))
    assert "1 new" in client.get("/").text


def test_one_can_block_from_a_message_without_javascript(evening: Evening) -> None:
    path = f"/you/blocks/{evening.juniper.public_id}/?next=/sessions/rooms/{evening.room.slug}/"
    assert path in page(evening.wren, evening.room, "messages/1/")
    client = Client()
    client.force_login(evening.wren, backend="django.contrib.auth.backends.ModelBackend")
    asked = client.get(path)
    assert f'name="next" value="/sessions/rooms/{evening.room.slug}/"' in asked.text
    answer = client.post(path, {"next": f"/sessions/rooms/{evening.room.slug}/"}, follow=True)
    assert COVER in answer.text
    assert "Unblock them" in page(evening.wren, evening.room, "messages/1/")


# --- live ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
async def test_a_block_is_felt_in_every_tab_of_the_blocker_and_nowhere_else(
    live: Engine, enter: Enter
) -> None:
    evening = await aside(Evening)
    tabs = [await enter(evening.wren, evening.room) for _ in range(2)]
    others = [await enter(one, evening.room) for one in (evening.juniper, evening.heron, evening.alder)]
    await aside(evening.block)
    for tab in tabs:
        told = await tab.until("you", room=evening.room.slug)
        assert told["state"]["blocked"] == [evening.juniper.public_id]
    for other in others:
        assert [frame for frame in await other.settle() if frame["t"] == "you"] == []
    await aside(unblock, by=evening.wren, whom=evening.juniper)
    for tab in tabs:
        assert (await tab.until("you"))["state"]["blocked"] == []


@pytest.mark.django_db(transaction=True)
async def test_the_frames_of_a_room_are_the_same_bytes_for_all_and_so_is_who_is_here(
    live: Engine, enter: Enter
) -> None:
    """What is said, shown, raised and counted after a block reaches the two and a third person alike."""
    evening = await aside(Evening)
    await aside(evening.block)
    room = evening.room
    readers = [await enter(one, room) for one in (evening.wren, evening.juniper, evening.heron)]
    for reader in readers:
        await reader.until("pres", count=3)
    for who in (evening.juniper, evening.wren):
        await aside(do, room, who, act(room, "hand.raise"))
        await aside(do, room, who, act(room, "reaction.set", 2, {"kind": "heard", "on": True}))
    await aside(do, room, evening.juniper, say(room, "Thank you all."))
    heard = []
    for reader in readers:
        await reader.event("message.posted", text="Thank you all.")
        heard.append([event for event in reader.events(room) if event["seq"] > 9])
    assert heard[0] == heard[1] == heard[2]
    everyone = {evening.wren.public_id, evening.juniper.public_id, evening.heron.public_id}
    assert set(live.presence.people(room.log_id)) == everyone
    shown = [
        {by["id"] for frame in reader.heard if frame["t"] == "pres" for by in named(frame)}
        for reader in readers
    ]
    assert shown == [everyone] * 3


def named(frame: dict[str, Any]) -> list[dict[str, str]]:
    return [*frame.get("snap", []), *([frame["join"]] if "join" in frame else [])]


@pytest.mark.django_db(transaction=True)
async def test_the_page_of_who_is_here_names_nobody_whom_one_blocked_and_leaves_nobody_out(
    live: Engine, enter: Enter
) -> None:
    evening = await aside(Evening)
    for one in (evening.juniper, evening.heron):
        await enter(one, evening.room)
    assert ">Juniper<" in await aside(page, evening.wren, evening.room, "people/")
    await aside(evening.block)
    seen = await aside(page, evening.wren, evening.room, "people/")
    assert ">Heron<" in seen
    assert f">{SOMEONE}<" in seen, "one should know that one is not among friends alone"
    assert "Juniper" not in seen
    await enter(evening.wren, evening.room)
    for reader in (evening.juniper, evening.heron):
        here, _ = (await aside(page, reader, evening.room, "people/")).split("Others who come here")
        assert {name for name in ("Wren", "Juniper", "Heron", "You") if f">{name}<" in here} == (
            {"Wren", "You", "Heron" if reader is evening.juniper else "Juniper"}
        )
    assert "3 here now" in await aside(page, evening.wren, evening.room)
    assert "3 here now" in await aside(page, evening.juniper, evening.room)


@pytest.mark.django_db(transaction=True)
async def test_the_history_over_http_is_the_same_for_all_but_for_whom_one_blocked(live: Engine) -> None:
    evening = await aside(Evening)
    people = (evening.wren, evening.juniper, evening.heron)
    before = [(await poll(evening.room, one, "state=1"))[1] for one in people]
    await aside(evening.block)
    after = [(await poll(evening.room, one, "state=1"))[1] for one in people]
    assert after[1:] == before[1:]
    assert after[0]["ev"] == before[0]["ev"] == after[1]["ev"]
    assert after[0]["subd"]["state"] == before[0]["subd"]["state"] | {"blocked": [evening.juniper.public_id]}


@pytest.mark.django_db(transaction=True)
async def test_a_tab_at_another_server_folds_it_too(server: Site, second_server: Site) -> None:
    """By way of the bus at once, without it with the next subscription."""
    evening = await aside(Evening)
    cookie = await aside(sign_in, evening.wren)
    near = await connect_to(server.base_url, cookie)
    far = await connect_to(second_server.base_url, cookie)
    try:
        for tab in (near, far):
            await tab.until("welcome")
            await tab.sub(evening.room)

        def blocked_by_hand() -> int:
            address = urlsplit(server.base_url)
            client = HTTPConnection(address.hostname or "", address.port)
            headers = {"Cookie": f"sessionid={cookie}; csrftoken={'a' * 32}", "X-CSRFToken": "a" * 32,
                       "Accept": "application/json"}  # fmt: skip
            client.request("POST", f"/you/blocks/{evening.juniper.public_id}/", headers=headers)
            return client.getresponse().status

        assert await aside(blocked_by_hand) == 204
        assert (await near.until("you"))["state"]["blocked"] == [evening.juniper.public_id]
        if second_server.environment.get("REDIS_URL"):
            assert (await far.until("you"))["state"]["blocked"] == [evening.juniper.public_id]
        assert (await far.sub(evening.room))["state"]["blocked"] == [evening.juniper.public_id]
        assert (await far.ask(say(evening.room, key=key())))["t"] == "err", "it is Juniper's turn"
    finally:
        await near.close()
        await far.close()

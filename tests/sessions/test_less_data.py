"""Whoever wants less data gets shorter pages, and rooms that don't tell who is here and who is writing."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from django.test import Client

from community.live import presence
from community.members.actions import update_reading
from community.members.models import Member
from sessions.rooms.models import Room
from tests.factories import MembershipFactory, RoomFactory
from tests.live_client import Enter, aside, do, say

SHORT, WHOLE = 15, 50


@pytest.mark.django_db
def test_a_rooms_page_is_shorter_and_goes_on_where_it_ends() -> None:
    one = MembershipFactory()
    room: Room = RoomFactory(group=one.group)
    for number in range(WHOLE + 1):
        do(room, one.member, say(room, f"word {number}."))
    client = Client()
    client.force_login(one.member, backend="django.contrib.auth.backends.ModelBackend")
    path = f"/sessions/rooms/{room.slug}/"
    assert client.get(path).text.count("<p>word ") == WHOLE
    short = client.get(path, headers={"Save-Data": "on"})
    assert short.status_code == HTTPStatus.OK
    assert short.text.count("<p>word ") == SHORT
    Member.objects.update(less_data=True)
    earlier = client.get(f"{path}?before={WHOLE + 2 - SHORT}").text
    assert earlier.count("<p>word ") == SHORT
    assert f"word {WHOLE - SHORT}." in earlier
    assert f"word {WHOLE - SHORT + 1}." not in earlier


async def test_a_socket_hears_what_is_said_but_not_who_is_here_or_writing(
    enter: Enter, room: Room, wren: Member, juniper: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "COALESCE_SECONDS", 0)
    wren.less_data = True
    await aside(update_reading, member=wren)
    alike = await enter(juniper, room)
    hers = await enter(wren, room)
    his = await enter(juniper, room)
    await alike.until("pres", join={"id": wren.public_id, "handle": "Wren"})
    await hers.put({"t": "typing", "room": room.slug, "on": True})
    await alike.until("eph", kind="typing")
    await his.put({"t": "typing", "room": room.slug, "on": True})
    await his.ask(say(room, "Good evening."))
    await hers.until("ev")
    assert {frame["t"] for frame in hers.heard} & {"pres", "eph"} == set()

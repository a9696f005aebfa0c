"""Where a network breaks sockets: whose link it is, the state on a poll, and the read position by POST."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from channels.testing import HttpCommunicator
from django.test import Client

from community.config.asgi import application
from community.live.engine import Engine
from community.members.models import Member
from sessions.rooms.models import ReadPosition, Room
from tests.live_client import aside, do, say, sign_in

Asked = dict[str, Any]


async def poll(room: Room, member: Member, query: str) -> tuple[int, Asked]:
    cookie = await aside(sign_in, member)
    headers = [(b"host", b"localhost"), (b"cookie", f"sessionid={cookie}".encode())]
    path = f"/live/{room.slug}/events/?{query}"
    answer = await HttpCommunicator(application, "GET", path, headers=headers).get_response(timeout=10)
    return answer["status"], orjson.loads(answer["body"])


def see(client: Client, room: Room, seq: Any) -> Any:
    frame = {"t": "seen", "id": 5, "room": room.slug, "seq": seq}
    return client.post(f"/live/{room.slug}/events/", frame, content_type="application/json")


async def test_a_poll_with_state_says_where_one_stands_and_whose_it_is(
    live: Engine, room: Room, wren: Member
) -> None:
    await aside(do, room, wren, say(room, "One."))
    status, told = await poll(room, wren, "state=1")
    assert status == 200
    assert told["subd"]["member"] == {"id": wren.public_id, "handle": wren.handle}
    assert (told["subd"]["t"], told["subd"]["head"], told["subd"]["mode"]) == ("subd", 1, "reset")
    assert told["subd"]["state"]["phase"] == "open"
    assert [event["seq"] for event in told["ev"]] == [1]
    assert "subd" not in (await poll(room, wren, ""))[1]


@pytest.mark.django_db
def test_the_read_position_moves_by_post_and_never_beyond_the_last_message(room: Room, wren: Member) -> None:
    client = Client()
    client.cookies["sessionid"] = sign_in(wren)
    do(room, wren, say(room, "One."))
    do(room, wren, say(room, "Two."))
    answer = see(client, room, 1)
    assert (answer.status_code, answer.json()) == (200, {"t": "ok", "id": 5, "room": room.slug, "same": True})
    assert ReadPosition.objects.get(room=room, member=wren).seq == 1
    assert see(client, room, 99).status_code == 200
    assert ReadPosition.objects.get(room=room, member=wren).seq == 2
    assert see(client, room, -1).json()["code"] == "bad_frame"
    assert see(client, room, 1).status_code == 200
    assert ReadPosition.objects.get(room=room, member=wren).seq == 2

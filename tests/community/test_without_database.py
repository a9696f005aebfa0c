"""When the database is away, nobody is told that words were kept, and everybody is told to come back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from channels.testing import HttpCommunicator, WebsocketCommunicator
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError
from django.test import Client

from community.config.asgi import application


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*how: Any, **more: Any) -> None:
        raise OperationalError("the server is not there")

    monkeypatch.setattr(SessionStore, "_get_session_from_db", away)


def test_a_post_is_told_that_it_may_be_sent_again(no_database: None) -> None:
    visitor = Client(raise_request_exception=False)
    visitor.cookies["sessionid"] = "a" * 32
    answer = visitor.post("/live/porch/events/", {"t": "send"}, content_type="application/json")
    assert answer.status_code == 503
    assert answer.json() | {"message": ""} == {
        "t": "err", "id": None, "code": "unavailable", "retry": True, "message": "",
    }  # fmt: skip


def test_a_page_still_says_where_help_is(no_database: None) -> None:
    visitor = Client(raise_request_exception=False)
    visitor.cookies["sessionid"] = "a" * 32
    answer = visitor.get("/groups/")
    assert answer.status_code == 500
    assert b"988" in answer.content


@pytest.mark.parametrize("path", ["/live/porch/stream/", "/live/porch/events/"])
async def test_a_reader_is_told_to_come_back(no_database: None, path: str) -> None:
    headers = [(b"host", b"localhost"), (b"cookie", b"sessionid=" + b"a" * 32)]
    answer = await HttpCommunicator(application, "GET", path, headers=headers).get_response()
    assert answer["status"] == 503
    assert json.loads(answer["body"])["code"] == "unavailable"


async def test_a_socket_is_let_in_told_to_come_back_and_closed(no_database: None) -> None:
    headers = [(b"host", b"localhost"), (b"cookie", b"sessionid=" + b"a" * 32)]
    visitor = WebsocketCommunicator(application, "/live/", headers=headers, subprotocols=["rooms.v1"])
    assert await visitor.connect() == (True, "rooms.v1")
    told = await visitor.receive_json_from()
    assert told | {"retry_ms": 0} == {"t": "gone", "code": "restart", "retry_ms": 0}
    assert 1000 <= told["retry_ms"] <= 5000
    assert await visitor.receive_output() == {"type": "websocket.close", "code": 4012}

"""Every door to a room: page, history, message, people, socket, stream, poll, form, JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.test import Client

from community.config.asgi import application
from sessions.rooms.models import Room
from tests.live_client import Closed, aside, connect_here, key, say

IN, NOT_FOUND, SIGN_IN, SUSPENDED = "in", "not found", "sign in", "suspended"


@dataclass
class Doors:
    """What each door says to one person, in the words of this file. `message` is the seq of one that was said."""

    room: Room
    cookie: str | None
    message: int = 1

    def client(self) -> Client:
        client = Client()
        if self.cookie:
            client.cookies["sessionid"] = self.cookie
        return client

    def said(self, answer: Any) -> str:
        if answer.status_code in {301, 302}:
            assert answer["Location"].startswith("/accounts/login/")
            return SIGN_IN
        return {200: IN, 303: IN, 404: NOT_FOUND, 401: SIGN_IN}[answer.status_code]

    def pages(self) -> dict[str, str]:
        page = f"/sessions/rooms/{self.room.slug}/"
        paths = {"page": page, "history": f"{page}?before=2", "people": f"{page}people/",
                 "message": f"{page}messages/{self.message}/"}  # fmt: skip
        return {name: self.said(self.client().get(path)) for name, path in paths.items()}

    def posts(self) -> dict[str, str]:
        path = f"/live/{self.room.slug}/events/"
        form = {"t": "send", "key": key(), "text": "by form"}
        return {
            "form": self.said(self.client().post(path, form)),
            "json": self.said(
                self.client().post(path, say(self.room, "by json"), content_type="application/json")
            ),
        }

    async def socket(self) -> dict[str, str]:
        talker = await connect_here(self.cookie)
        try:
            first = await talker.next()
            if first["t"] == "gone":
                with pytest.raises(Closed):
                    await talker.next()
                word = {"auth": SIGN_IN, "suspended": SUSPENDED}[first["code"]]
                return {"sub": word, "send": word}
            answers = {"send": await talker.ask(say(self.room)), "sub": await talker.sub(self.room)}
            return {name: self.word(answer) for name, answer in answers.items()}
        finally:
            await talker.close()

    @staticmethod
    def word(answer: dict[str, Any]) -> str:
        return (
            NOT_FOUND
            if answer.get("code") == "not_found"
            else IN
            if answer["t"] in {"ok", "subd"}
            else str(answer)
        )

    async def read(self, door: str) -> str:
        headers = [(b"host", b"localhost")]
        if self.cookie:
            headers.append((b"cookie", f"sessionid={self.cookie}".encode()))
        path = f"/live/{self.room.slug}/{door}/"
        asked = {
            "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "headers": headers,
            "query_string": b"wait=0", "http_version": "1.1", "scheme": "http", "server": ("localhost", 80),
        }  # fmt: skip
        visit = ApplicationCommunicator(application, asked)
        await visit.send_input({"type": "http.request", "body": b""})
        status = (await visit.receive_output(timeout=10))["status"]
        await visit.send_input({"type": "http.disconnect"})
        await visit.wait(timeout=10)
        return {200: IN, 404: NOT_FOUND, 401: SIGN_IN, 403: SUSPENDED}[status]

    async def all(self) -> dict[str, str]:
        return (
            await aside(self.pages)
            | await aside(self.posts)
            | await self.socket()
            | {door: await self.read(door) for door in ("stream", "events")}
        )

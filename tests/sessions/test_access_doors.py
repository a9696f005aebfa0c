"""Every door to a room opens for the same people: page, history, message, people, socket, stream, poll, form, JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.test import Client
from django.utils import timezone

from community.config.asgi import application
from community.groups.models import Group, Membership
from community.groups.removal import remove_member
from community.live import domain
from community.live.engine import Engine
from community.members.models import Member
from sessions.rooms import access
from sessions.rooms.models import Room
from tests.factories import GroupFactory, MemberFactory, MembershipFactory, RoomFactory
from tests.live_client import Closed, aside, connect_here, do, key, say, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

GROUPS: dict[str, dict[str, Any]] = {
    "open": {"joining": "open"},
    "by request": {"joining": "request"},
    "closed": {"joining": "closed"},
    "hidden": {"joining": "closed", "listed": False},
    "hidden open": {"joining": "open", "listed": False},
    "family": {"joining": "open", "audience": "family"},
}
IN, NOT_FOUND, SIGN_IN, SUSPENDED = "in", "not found", "sign in", "suspended"
LETS_IN = {
    ("member", kind): IN for kind in GROUPS
} | {
    ("alumnus", "open"): IN,
    ("alumnus", "family"): IN,
    ("relative", "family"): IN,
    ("member of the family", "by request"): IN,
    ("member of the family", "open"): IN,
}  # fmt: skip
PEOPLE = [
    "member",
    "alumnus",
    "relative",
    "member of the family",
    "removed",
    "left",
    "suspended",
    "signed out",
]


def person(kind: str, group: Group) -> Member | None:
    match kind:
        case "member":
            return MembershipFactory(group=group).member
        case "alumnus":
            return MemberFactory()
        case "relative":
            return MemberFactory(role="family")
        case "member of the family":
            return MembershipFactory(group=group, member__role="family").member
        case "removed":
            gone = MembershipFactory(group=group).member
            keeper = MembershipFactory(group=group, role=Membership.Role.MODERATOR).member
            remove_member(group=group, member=gone, by=keeper, reason="rule 1", at=timezone.now())
            return gone
        case "left":
            leaver = MembershipFactory(group=group)
            member = leaver.member
            leaver.delete()
            return member
        case "suspended":
            return MembershipFactory(group=group, member__is_active=False).member
    return None


def expected(who: str, kind: str) -> str:
    match who:
        case "signed out":
            return SIGN_IN
        case "suspended":
            return SUSPENDED
        case "left":
            return LETS_IN.get(("alumnus", kind), NOT_FOUND)
        case "removed":
            return NOT_FOUND
        case "member of the family":
            return IN
    return LETS_IN.get((who, kind), NOT_FOUND)


@dataclass
class Doors:
    """What each door says to one person, in the words of this file."""

    room: Room
    cookie: str | None

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
                 "message": f"{page}messages/1/"}  # fmt: skip
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


ON_PAGES = {"page", "history", "people", "message", "form", "json"}


@pytest.mark.parametrize("kind", GROUPS)
@pytest.mark.parametrize("who", PEOPLE)
async def test_all_doors_of_a_room_open_for_the_same_people(live: Engine, kind: str, who: str) -> None:
    room = await aside(lambda: RoomFactory(group=GroupFactory(**GROUPS[kind])))
    inside = await aside(person, "member", room.group)
    assert inside is not None
    await aside(do, room, inside, say(room, "one"))
    control = await Doors(room, await aside(sign_in, inside)).all()
    assert control == dict.fromkeys(control, IN)

    visitor = await aside(person, who, room.group)
    met = await Doors(room, await aside(sign_in, visitor) if visitor else None).all()
    word = expected(who, kind)
    # Pages don't tell someone suspended that they are: they ask to sign in, and that page says it.
    assert met == {door: SIGN_IN if word == SUSPENDED and door in ON_PAGES else word for door in control}


@pytest.mark.parametrize("kind", GROUPS)
def test_lists_name_just_the_rooms_whose_doors_open(kind: str) -> None:
    room = RoomFactory(group=GroupFactory(**GROUPS[kind]))
    RoomFactory(group__joining="closed", group__listed=False)
    for who in PEOPLE:
        visitor = person(who, room.group)
        if visitor is None:
            continue
        opens = expected(who, kind) == IN
        assert [summary.room for summary in access.rooms_for(visitor)] == [room] * opens, who
        assert list(domain.open_logs(visitor, [room.slug])) == [room.slug] * opens, who
        assert domain.still_open({(visitor.pk, room.log_id)}) == (
            {(visitor.pk, room.log_id)} if opens else set()
        ), who


def test_asking_again_about_many_open_rooms_costs_the_same(django_assert_num_queries: Any) -> None:
    pairs = set()
    for _ in range(4):
        room = RoomFactory()
        pairs |= {(MembershipFactory(group=room.group).member.pk, room.log_id) for _ in range(5)}
    for asked in ({next(iter(pairs))}, pairs):
        with django_assert_num_queries(4):
            assert domain.still_open(asked) == asked

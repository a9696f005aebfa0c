"""The room of two people: all its doors open for the two who talk in it, and for nobody else, nor for longer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from community.groups.models import Group, Membership
from community.live import domain
from community.live.engine import Engine
from community.members.blocks.actions import block
from community.members.models import Member
from community.members.suspension import suspend
from sessions.direct import actions
from sessions.direct.models import Ask, Pair
from sessions.rooms.access import conversations_of, rooms_for
from sessions.rooms.models import Room
from tests.doors import IN, NOT_FOUND, SIGN_IN, SUSPENDED, Doors
from tests.factories import GroupFactory, MemberFactory, MembershipFactory, RoomFactory
from tests.live_client import Enter, aside, do, say, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

ON_PAGES = {"page", "history", "people", "message", "form", "json"}
KEPT = {"gone", "ended", "subd", "welcome", "pres", "ev", "batch", "pong", "you", "message.posted"}


class Two:
    """Wren asked and Juniper, who has a role in their group, said yes; a facilitator of it is near."""

    def __init__(self, role: str = "member") -> None:
        self.group: Group = GroupFactory()
        self.garden: Room = RoomFactory(group=self.group)
        self.wren: Member = self._member()
        self.juniper: Member = self._member(role)
        self.alder: Member = self._member(Membership.Role.FACILITATOR)
        now = timezone.now()
        ask = Ask.objects.create(asker=self.wren, asked=self.juniper, words="Shall we talk?", at=now)
        self.pair: Pair = actions.accept(ask=ask, at=now)
        self.room: Room = Room.objects.get(group=self.pair.group)

    def _member(self, role: str = "member") -> Member:
        return MembershipFactory(group=self.group, role=role).member

    def end(self, by: Member) -> None:
        assert actions.end(pair=self.pair, by=by, at=timezone.now())


@pytest.fixture
def two(transactional_db: None) -> Two:
    return Two()


Happening = Callable[[Two], object]
NOTHING: Happening = lambda two: None  # noqa: E731 - a table of them follows
HAPPENINGS: dict[str, Happening] = {
    "nothing": NOTHING,
    "ended by who asked": lambda two: two.end(two.wren),
    "ended by who was asked": lambda two: two.end(two.juniper),
    "blocked by who asked": lambda two: block(by=two.wren, whom=two.juniper, at=timezone.now()),
    "blocked by who was asked": lambda two: block(by=two.juniper, whom=two.wren, at=timezone.now()),
    "who asked is suspended": lambda two: suspend(
        member=two.wren, by=None, reason="rule 1", at=timezone.now()
    ),
}


def expected(who: str, happening: str) -> str:
    if who == "signed out":
        return SIGN_IN
    if who == "wren" and happening == "who asked is suspended":
        return SUSPENDED
    if who in {"wren", "juniper"} and happening in {"nothing", "who asked is suspended"}:
        return IN
    return NOT_FOUND


@pytest.mark.parametrize("happening", HAPPENINGS)
@pytest.mark.parametrize("who", ["wren", "juniper", "alder", "stranger", "steward", "signed out"])
async def test_all_doors_of_the_room_open_for_the_two_as_long_as_it_stands(
    live: Engine, two: Two, who: str, happening: str
) -> None:
    control = await Doors(two.room, await aside(sign_in, two.juniper)).all()
    assert control == dict.fromkeys(control, IN)
    await aside(HAPPENINGS[happening], two)

    def visitor() -> Member | None:
        match who:
            case "stranger":
                return MemberFactory()
            case "steward":
                return MemberFactory(role=Member.Role.STEWARD)
            case "signed out":
                return None
        found: Member = getattr(two, who)
        found.refresh_from_db()
        return found

    member = await aside(visitor)
    met = await Doors(two.room, await aside(sign_in, member) if member else None).all()
    word = expected(who, happening)
    assert met == {door: SIGN_IN if word == SUSPENDED and door in ON_PAGES else word for door in control}


def test_lists_name_the_room_for_the_two_alone_and_never_among_the_rooms_of_groups(two: Two) -> None:
    for member, opens in ((two.wren, True), (two.juniper, True), (two.alder, False)):
        assert [one.room for one in conversations_of(member)] == [two.room] * opens
        assert two.room not in [one.room for one in rooms_for(member)]
        assert list(domain.open_logs(member, [two.room.slug])) == [two.room.slug] * opens
        assert bool(domain.still_open({(member.pk, two.room.log_id)})) is opens
    two.end(two.wren)
    for member in (two.wren, two.juniper):
        assert conversations_of(member) == []
        assert domain.still_open({(member.pk, two.room.log_id)}) == set()


@pytest.mark.parametrize("how", ["ended", "blocked"])
async def test_an_open_room_ends_for_both_at_once_and_says_the_same_to_both_either_way(
    two: Two, enter: Enter, how: str
) -> None:
    wren, juniper = await enter(two.wren, two.room), await enter(two.juniper, two.room)
    await aside(do, two.room, two.wren, say(two.room, "are you there?"))
    await juniper.event("message.posted", text="are you there?")
    if how == "ended":
        await aside(two.end, two.wren)
    else:
        await aside(block, by=two.wren, whom=two.juniper, at=timezone.now())
    for talker in (wren, juniper):
        gone = await talker.until("gone")
        assert gone == {"t": "gone", "room": two.room.slug, "code": "ended"}
        assert (await talker.ask(say(two.room)))["code"] == "not_found"
        assert (await talker.sub(two.room))["code"] == "not_found"


@pytest.mark.parametrize("role", ["member", "facilitator"])
async def test_whoever_was_blocked_hears_the_same_frames_as_if_it_had_ended(enter: Enter, role: str) -> None:
    heard = []
    for how in ("ended", "blocked"):
        two = await aside(Two, role)
        juniper = await enter(two.juniper, two.room, two.garden)
        await juniper.event("message.posted", text="Shall we talk?")
        if how == "ended":
            await aside(two.end, two.wren)
        else:
            await aside(block, by=two.wren, whom=two.juniper, at=timezone.now())
        await juniper.until("gone")
        await aside(do, two.garden, two.wren, say(two.garden, "good evening, all"))
        await juniper.event("message.posted", text="good evening, all")
        await juniper.settle()
        # Between two rooms no order is promised.
        heard.append([of_room(juniper.heard, room) for room in (two.room, two.garden)])
    assert heard[0] == heard[1]


def of_room(heard: list[dict[str, Any]], room: Room) -> list[Any]:
    return [shape(frame) for frame in heard if frame.get("room", room.slug) == room.slug]


def shape(frame: Any) -> Any:
    """A frame without what differs from one evening to the next: which fields, and how much is in them."""
    if isinstance(frame, dict):
        return {name: shape(value) for name, value in frame.items() if name not in {"members", "by"}}
    if isinstance(frame, list):
        return [shape(each) for each in frame]
    return frame if isinstance(frame, bool | int) or frame in KEPT else type(frame).__name__

"""Revoke and evict together: what ends a sign-in or a membership ends what stands open under it, in the same action."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from community.groups.actions import leave_group, set_role
from community.groups.models import Membership
from community.groups.removal import remove_member
from community.live import eviction
from community.live import hub as hub_module
from community.live.database import in_database
from community.live.engine import Engine
from community.live.eviction import Eviction
from community.members.models import Member
from community.members.signin.models import SignIn
from community.members.suspension import suspend
from sessions.rooms.models import Room
from tests.factories import PASSWORD, MemberFactory, MembershipFactory, RoomFactory
from tests.live_client import (
    Closed,
    Enter,
    Talker,
    act,
    aside,
    connect_here,
    events_in,
    may_open,
    say,
    sign_in,
    slug_of,
)
from tests.live_fixtures import SetHook

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def room(transactional_db: None) -> Room:
    return RoomFactory(group__joining="closed")


@pytest.fixture
def wren(room: Room) -> Member:
    return MembershipFactory(group=room.group, member__handle="Wren").member


@pytest.fixture
def alder(room: Room) -> Member:
    return MembershipFactory(group=room.group, member__handle="Alder", role="facilitator").member


async def lost(talker: Talker, room: Room, code: str = "removed") -> None:
    """The room is over for this socket, and the socket is not."""
    assert await talker.until("gone") == {"t": "gone", "room": slug_of(room), "code": code}
    start = len(talker.heard)
    assert (await talker.sub(room))["code"] == "not_found"
    assert (await talker.ask(say(room)))["code"] == "not_found"
    assert events_in(talker.heard[start:]) == []


# --- removal -----------------------------------------------------------------------------------------------------


async def test_an_act_of_removal_cuts_the_room_at_once_and_spares_the_others(
    enter: Enter, room: Room, wren: Member, alder: Member
) -> None:
    elsewhere = await aside(RoomFactory)
    hers, his = await enter(wren, room, elsewhere), await enter(alder, room, elsewhere)
    await his.ask(say(room, "before"))
    await hers.event("message.posted", text="before")
    await his.ask(act(room, "member.remove", wren.public_id, {"reason": "rule 1"}))
    await lost(hers, room)
    await his.event("member.removed", member=wren.public_id)
    await his.ask(say(room, "after"))
    await his.ask(say(elsewhere, "still here"))
    await hers.event("message.posted", text="still here")
    assert [event["data"].get("text") for event in hers.events(room)] == ["before"]


async def test_a_removal_on_the_groups_page_cuts_every_room_of_the_group(
    enter: Enter, room: Room, wren: Member, alder: Member
) -> None:
    sister = await aside(lambda: RoomFactory(group=room.group))
    phone, laptop, his = (
        await enter(wren, room, sister),
        await enter(wren, room),
        await enter(alder, room, sister),
    )
    await aside(remove_member, group=room.group, member=wren, by=alder, reason="rule 1", at=timezone.now())
    gone = {(await phone.until("gone"))["room"] for _ in range(2)}
    assert gone == {room.slug, sister.slug}
    await lost(laptop, room)
    await his.settle()
    for place in (room, sister):
        assert [event["type"] for event in his.events(place)] == ["member.removed"]
    await his.ask(say(sister, "after"))
    await phone.settle()
    assert "after" not in str(phone.heard)


async def test_leaving_a_group_closes_its_rooms(
    enter: Enter, room: Room, wren: Member, alder: Member
) -> None:
    hers = await enter(wren, room)
    await aside(leave_group, group=room.group, member=wren)
    await lost(hers, room, "left")


async def test_a_new_role_is_known_in_the_open_rooms_at_once_and_ends_none(
    enter: Enter, room: Room, wren: Member, alder: Member
) -> None:
    hers = await enter(wren, room)
    assert (await hers.ask(act(room, "phase.set", None, "closing")))["code"] == "denied"
    membership = await aside(Membership.objects.select_related("group", "member").get, member=wren)
    for role, phase, chairs in (("facilitator", "closing", True), ("member", "open", False)):
        await aside(set_role, membership=membership, role=Membership.Role(role), by=alder, at=timezone.now())
        you = await hers.until("you", room=room.slug)
        assert ("chair" in you["state"]["can"]) is chairs
        answer = await hers.ask(act(room, "phase.set", None, phase))
        assert answer.get("code") == (None if chairs else "denied")
    assert all(frame["t"] != "gone" for frame in hers.heard)


async def test_a_removal_that_is_rolled_back_cuts_nobody(
    enter: Enter, live: Engine, room: Room, wren: Member, alder: Member
) -> None:
    hers = await enter(wren, room)

    def thinks_better() -> None:
        with transaction.atomic():
            remove_member(group=room.group, member=wren, by=alder, reason="rule 1", at=timezone.now())
            transaction.set_rollback(True)

    await aside(thinks_better)
    await live.hub.revalidate()
    assert all(frame["t"] != "gone" for frame in await hers.settle())
    assert (await hers.ask(say(room)))["t"] == "ok"


async def test_a_removal_while_a_sub_is_being_answered_is_not_outrun_by_it(
    enter: Enter, room: Room, wren: Member, alder: Member, failpoint: SetHook
) -> None:
    """The room was read for someone who still belonged to it; by the time they would be let in they don't."""
    hers = await enter(wren)
    times = iter(range(1))

    async def removed_meanwhile(**facts: object) -> None:
        if facts["entered"] is not None and next(times, None) is not None:
            await aside(
                remove_member, group=room.group, member=wren, by=alder, reason="rule 1", at=timezone.now()
            )

    failpoint("socket.entered", removed_meanwhile)
    assert (await hers.sub(room))["code"] == "not_found"
    assert not await aside(may_open, wren, room)


async def test_a_membership_that_ended_unheard_is_found_when_asked_again(
    enter: Enter, live: Engine, room: Room, wren: Member, alder: Member
) -> None:
    hers, his = await enter(wren, room), await enter(alder, room)
    await live.hub.revalidate()
    assert all(frame["t"] != "gone" for frame in await hers.settle())
    await aside(Membership.objects.filter(member=wren).delete)
    await live.hub.revalidate()
    await lost(hers, room)
    assert all(frame["t"] != "gone" for frame in await his.settle())


# --- sign-ins ----------------------------------------------------------------------------------------------------


async def ended(talker: Talker, code: str, close: int) -> None:
    assert await talker.until("gone") == {"t": "gone", "code": code}
    assert await talker.closing() == close


async def test_signing_out_ends_the_sockets_of_that_sign_in_alone(
    live: Engine, room: Room, wren: Member
) -> None:
    cookies = [await aside(sign_in, wren) for _ in range(2)]
    here, there = [await connect_here(cookie) for cookie in cookies]
    assert (await here.sub(room))["t"] == "subd"
    assert (await there.sub(room))["t"] == "subd"

    def sign_out() -> None:
        client = Client()
        client.cookies["sessionid"] = cookies[0]
        assert client.post("/accounts/logout/").status_code == 302

    await aside(sign_out)
    await ended(here, "auth", 4401)
    await live.hub.revalidate()
    assert (await there.ask(say(room)))["t"] == "ok"
    await here.close()
    await there.close()


async def test_a_new_password_ends_every_other_socket_and_this_sign_ins_come_back(
    live: Engine, room: Room, wren: Member
) -> None:
    await aside(wren.set_password, PASSWORD)
    await aside(wren.save)
    cookies = [await aside(sign_in, wren) for _ in range(2)]
    kept, other = [await connect_here(cookie) for cookie in cookies]
    for talker in (kept, other):
        assert (await talker.sub(room))["t"] == "subd"

    def change() -> str:
        client = Client()
        client.cookies["sessionid"] = cookies[0]
        new = "another lamp by the door"
        form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
        assert client.post("/accounts/password/change/", form).status_code == 302
        return client.cookies["sessionid"].value

    renewed = await aside(change)
    await ended(other, "auth", 4401)
    gone = await kept.until("gone")
    assert gone["code"] == "restart"
    assert gone["retry_ms"] >= 1000
    assert await kept.closing() == 4012
    again = await connect_here(renewed)
    assert (await again.sub(room))["t"] == "subd"
    await live.hub.revalidate()
    assert (await again.ask(say(room)))["t"] == "ok"
    for talker in (kept, other, again):
        await talker.close()


async def test_a_suspension_ends_every_socket_for_good(
    enter: Enter, room: Room, wren: Member, alder: Member
) -> None:
    phone, laptop, his = await enter(wren, room), await enter(wren), await enter(alder, room)

    await aside(suspend, member=wren, by=alder, reason="rule 2", at=timezone.now())
    for talker in (phone, laptop):
        await ended(talker, "suspended", 4403)
    assert (await his.ask(say(room)))["t"] == "ok"


@pytest.mark.parametrize(
    ("what", "code"), [("session", "auth"), ("password", "auth"), ("active", "suspended")]
)
async def test_a_sign_in_that_ended_unheard_is_found_when_asked_again(
    live: Engine, enter: Enter, room: Room, wren: Member, alder: Member, what: str, code: str
) -> None:
    cookie = await aside(sign_in, wren)
    talker, his = await connect_here(cookie), await enter(alder, room)
    assert (await talker.sub(room))["t"] == "subd"
    await live.hub.revalidate()
    await talker.settle()

    def end() -> None:
        match what:
            case "session":
                SignIn.objects.filter(session_key=cookie).delete()
            case "password":
                Member.objects.filter(pk=wren.pk).update(password="another")
            case "active":
                Member.objects.filter(pk=wren.pk).update(is_active=False)

    await aside(end)
    await live.hub.revalidate()
    assert (await talker.until("gone"))["code"] == code
    with pytest.raises(Closed):
        await talker.next()
    assert (await his.ask(say(room)))["t"] == "ok"
    await talker.close()


async def test_someone_who_signs_out_while_connecting_is_not_let_in(
    live: Engine, wren: Member, failpoint: SetHook
) -> None:
    cookie = await aside(sign_in, wren)
    control = await connect_here(cookie)
    assert (await control.next())["t"] == "welcome"

    def sign_out() -> None:
        client = Client()
        client.cookies["sessionid"] = cookie
        client.post("/accounts/logout/")

    failpoint("socket.connected", lambda connection: aside(sign_out))
    late = await connect_here(cookie)
    assert (await late.until("gone"))["code"] == "auth"
    assert await late.closing() == 4401
    for talker in (control, late):
        await talker.close()


async def test_who_owes_a_second_factor_is_turned_away_at_the_socket_too(
    live: Engine, room: Room, wren: Member
) -> None:
    cookies = [await aside(sign_in, wren) for _ in range(2)]
    control = await connect_here(cookies[0])
    assert (await control.sub(room))["t"] == "subd"
    await aside(SignIn.objects.filter(session_key=cookies[1]).update, held=True)
    await ended(await connect_here(cookies[1]), "auth", 4401)
    await aside(SignIn.objects.filter(session_key=cookies[0]).update, held=True)
    await live.hub.revalidate()
    await ended(control, "auth", 4401)
    await control.close()


async def test_a_sign_in_that_has_lasted_as_long_as_it_may_ends_its_sockets(
    live: Engine, room: Room, wren: Member, alder: Member
) -> None:
    cookies = [await aside(sign_in, member) for member in (wren, alder)]
    hers, his = [await connect_here(cookie) for cookie in cookies]
    long_ago = timezone.now() - timedelta(days=91)
    await aside(SignIn.objects.filter(session_key=cookies[0]).update, started_at=long_ago)
    await live.hub.revalidate()
    await ended(hers, "auth", 4401)
    assert (await his.sub(room))["t"] == "subd"
    await hers.close()
    await his.close()


async def test_asking_again_about_everyone_costs_the_same_however_many(
    enter: Enter, live: Engine, room: Room, wren: Member, alder: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def counted(function: object, *args: object) -> object:
        asked.append(function.__name__)  # type: ignore[attr-defined]
        return await in_database(function, *args)  # type: ignore[arg-type]

    for member in (wren, wren, alder):
        await enter(member, room)
    monkeypatch.setattr(hub_module, "in_database", counted)
    await live.hub.revalidate()
    assert sorted(asked) == ["still_open", "still_welcome"]


# --- whom an eviction concerns -----------------------------------------------------------------------------------


def test_an_eviction_concerns_a_member_a_sign_in_or_all_sign_ins_but_one() -> None:
    assert Eviction(member_id=1).concerns(1, "a")
    assert not Eviction(member_id=1).concerns(2, "a")
    assert Eviction(session_key="a").concerns(2, "a")
    assert not Eviction(session_key="a").concerns(2, "b")
    assert Eviction(member_id=1, but_session="a").concerns(1, "b")
    assert not Eviction(member_id=1, but_session="a").concerns(1, "a")


def test_nobody_is_told_before_the_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Eviction] = []
    monkeypatch.setattr(eviction, "_listeners", [told.append])
    member = MemberFactory()
    with transaction.atomic():
        eviction.evict(member.pk, "group:1")
        eviction.suspend(member.pk)
        assert told == []
    assert [(one.member_id, one.tag, one.code) for one in told] == [
        (member.pk, "group:1", "auth"),
        (member.pk, None, "suspended"),
    ]

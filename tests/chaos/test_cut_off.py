"""A sign-in ended, a suspension, a removal: within a second the sockets on another server are cut.

Each act comes in at the second server, or in a process of its own; who is cut off is connected to the first.
"""

from __future__ import annotations

import asyncio
import re
import statistics
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

import pytest

from tests.chaos.conftest import Record
from tests.chaos.house import House, Person, Place
from tests.chaos.http import TOKEN, ask
from tests.live_client import Frame, Talker, act, connect_to, say

pytestmark = pytest.mark.chaos

# What the issue asks for. Of several tries the middle one counts: the machine may be busy with other things.
WITHIN_SECONDS = 1.0
TRIES = 5
REF = re.compile(r"/you/sign-ins/([0-9a-f]{24})/end/")

SIGN_IN = """
from community.members.models import Member
from tests.live_client import sign_in
for public_id in {people}:
    print(sign_in(Member.objects.get(public_id=public_id)))
"""
# Says when it begins to act, by the clock of the machine.
SUSPEND = """
import time
from django.utils import timezone
from community.members.models import Member
from community.members.suspension import suspend
for public_id in {people}:
    member = Member.objects.get(public_id=public_id)
    print(public_id, time.time(), flush=True)
    suspend(member=member, by=None, reason="rule 2", at=timezone.now())
"""


def manage(house: House, script: str, people: list[Person]) -> list[str]:
    code = script.format(people=[person.member for person in people])
    return house.second.manage("shell", "--no-imports", "-c", code).split("\n")[:-1]


async def enter(house: House, place: Place, person: Person, cookie: str = "") -> Talker:
    talker = await connect_to(house.first.base_url, cookie or person.cookie)
    assert (await talker.sub(place.slug))["t"] == "subd"
    return talker


async def gone(talker: Talker) -> tuple[Frame, float]:
    """The frame with which the server ends it, and when it came."""
    while True:
        try:
            frame = await talker.until("gone")
        except TimeoutError:
            continue  # the act is still on its way; that it never comes, the test's own end would show
        return frame, time.time()


async def still_in(place: Place, talker: Talker) -> None:
    assert (await talker.ask(say(place.slug, "still here")))["t"] == "ok"


def within(times: list[float], what: str, record_property: Record) -> None:
    took = statistics.median(times)
    record_property(what, f"{took:.3f} s (of {', '.join(f'{one:.3f}' for one in sorted(times))})")
    assert took < WITHIN_SECONDS


async def each(people: tuple[Person, ...], cut: Callable[[Person], Awaitable[float]]) -> list[float]:
    return [await cut(person) for person in people[:TRIES]]


async def test_a_sign_in_that_is_ended(house: House, place: Place, record_property: Record) -> None:
    people = list(place.people[:TRIES])
    phones = dict(zip(people, await asyncio.to_thread(manage, house, SIGN_IN, people), strict=True))

    async def cut(person: Person) -> float:
        phone, laptop = await enter(house, place, person, phones[person]), await enter(house, place, person)
        page = await ask(house.first.port, "GET", "/you/sign-ins/", cookie=person.cookie)
        [ref] = set(REF.findall((await page.body()).decode()))
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode({"csrfmiddlewaretoken": TOKEN}).encode()
        start = time.time()
        answer = await ask(
            house.second.port,
            "POST",
            f"/you/sign-ins/{ref}/end/",
            cookie=person.cookie,
            headers=headers,
            body=body,
        )
        assert answer.status == 302
        frame, at = await gone(phone)
        assert frame == {"t": "gone", "code": "auth"}
        assert await phone.closing() == 4401
        await still_in(place, laptop)
        for talker in (phone, laptop):
            await talker.close()
        return at - start

    within(await each(place.people, cut), "a sign-in was cut off after", record_property)


async def test_a_suspension(house: House, record_property: Record) -> None:
    [people] = house.furnish(rooms=1, people=TRIES + 1)
    suspended, other = list(people.people[:TRIES]), people.people[TRIES]
    talkers = {person.member: await enter(house, people, person) for person in suspended}
    control = await enter(house, people, other)
    waiting = {member: asyncio.create_task(gone(talker)) for member, talker in talkers.items()}
    lines = await asyncio.to_thread(manage, house, SUSPEND, suspended)
    times = []
    for line in lines:
        member, start = line.split()
        frame, at = await waiting[member]
        assert frame == {"t": "gone", "code": "suspended"}
        assert await talkers[member].closing() == 4403
        times.append(at - float(start))
    await still_in(people, control)
    for talker in (*talkers.values(), control):
        await talker.close()
    within(times, "a suspended member was cut off after", record_property)


async def test_a_removal(house: House, record_property: Record) -> None:
    [place] = house.furnish(rooms=1, people=TRIES + 1)
    chair = await connect_to(house.second.base_url, place.chair.cookie)
    assert (await chair.sub(place.slug))["t"] == "subd"
    control = await enter(house, place, place.people[TRIES])

    async def cut(person: Person) -> float:
        talker = await enter(house, place, person)
        start = time.time()
        await chair.put(act(place.slug, "member.remove", person.member, {"reason": "rule 1"}))
        frame, at = await gone(talker)
        assert frame == {"t": "gone", "room": place.slug, "code": "removed"}
        assert (await talker.sub(place.slug))["code"] == "not_found"
        await talker.close()
        return at - start

    times = await each(place.people, cut)
    await still_in(place, control)
    for talker in (chair, control):
        await talker.close()
    within(times, "a removed member was cut off after", record_property)

"""Follows a program of random steps on a real server and on the model at once, over every transport."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson

from tests.chaos.house import Person, Place, Server
from tests.chaos.http import Answer, ask
from tests.chaos.model import WRITES, Frame, Model, bare, screen
from tests.live_client import Talker, connect_to

PATIENCE = 60.0
KINDS = ("heard", "with_you", "thank_you", "strength")
WORDS = ("Good evening.", "I am here.", "One day at a time.", "Thank you for that.")
TRANSPORTS = ("socket", "stream", "poll")


@dataclass(frozen=True, slots=True)
class Step:
    """`what` chooses the kind of step, `who` the actor or reader, `one` and `two` whatever it needs."""

    what: int
    who: int
    one: int
    two: int


class Reading:
    """Someone who reads over one transport after the other, and drops out now and then. Never given twice, no hole."""

    def __init__(self, server: Server, place: Place, person: Person) -> None:
        self.server = server
        self.place = place
        self.person = person
        self.given: list[Frame] = []
        self.start = self.last = 0
        self.transport = ""
        self.state: Frame | None = None
        self._talker: Talker | None = None
        self._answer: Answer | None = None
        self._blocks: AsyncIterator[Frame] | None = None

    async def drop(self) -> None:
        if self._talker is not None:
            await self._talker.close()
        if self._blocks is not None:
            await self._blocks.aclose()  # type: ignore[attr-defined]
        if self._answer is not None:
            await self._answer.close()
        self._talker = self._answer = self._blocks = None
        self.transport = ""

    async def come(self, transport: str, *, anew: bool) -> None:
        """Go on after `last` over this transport, or begin anew, as someone without a past."""
        await self.drop()
        self.transport = transport
        where = {} if anew else {"epoch": self.place.epoch, "since": self.last}
        if transport == "socket":
            self._talker = await connect_to(self.server.base_url, self.person.cookie)
            self._began(await self._talker.sub(self.place.slug, **where), anew)
        elif transport == "stream":
            path = f"/live/{self.place.slug}/stream/?{urlencode(where)}"
            self._answer = await ask(self.server.port, "GET", path, cookie=self.person.cookie)
            assert self._answer.status == 200
            self._blocks = _blocks(self._answer)
            self._began(await anext(self._blocks), anew)
        else:
            await self._poll(where, anew=anew, wait=0)

    async def _poll(self, where: Frame, *, anew: bool, wait: int) -> None:
        path = f"/live/{self.place.slug}/events/?{urlencode(where | {'wait': wait})}"
        answer = await ask(self.server.port, "GET", path, cookie=self.person.cookie)
        assert answer.status == 200
        told = orjson.loads(await answer.body())
        await answer.close()
        self._began(told, anew)
        self._take(told["ev"])

    def _began(self, told: Frame, anew: bool) -> None:
        assert told["epoch"] == self.place.epoch
        self.state = told.get("state")
        if anew:
            assert told["mode"] == "reset"
            self.given, self.start = [], told["since"]
            self.last = self.start
        else:
            assert (told["mode"], told["since"]) == ("resume", self.last)

    def _take(self, events: list[Frame]) -> None:
        for event in events:
            assert event["seq"] == self.last + 1, f"given {event['seq']} after {self.last}"
            self.given.append(bare(event))
            self.last += 1

    async def catch_up(self, head: int) -> None:
        """Read on to this seq."""
        while self.last < head:
            if self.transport == "poll":
                await self._poll({"epoch": self.place.epoch, "since": self.last}, anew=False, wait=25)
                continue
            if self._talker is not None:
                frame = await self._talker.next()
            else:
                assert self._blocks is not None
                frame = await anext(self._blocks)
            assert frame["t"] not in {"gone", "skip", "err"}, frame
            if frame["t"] in {"ev", "batch"}:
                self._take(frame["ev"] if frame["t"] == "batch" else [frame])


async def _blocks(answer: Answer) -> AsyncIterator[Frame]:
    rest = b""
    async for chunk in answer.chunks():
        *blocks, rest = (rest + chunk).split(b"\n\n")
        for block in blocks:
            for line in block.split(b"\n"):
                if line.startswith(b"data: "):
                    yield orjson.loads(line[6:])


class Following:
    def __init__(self, server: Server, place: Place) -> None:
        self.server = server
        self.place = place
        self.actors = [place.chair, place.keeper, *place.people[:3]]
        self.model = Model(place.chair.member, place.keeper.member)
        self.readings = [Reading(server, place, person) for person in place.people[:4]]
        self.talkers: dict[str, Talker] = {}
        self.asked: list[tuple[Person, Frame]] = []
        self.keys = 0

    async def follow(self, program: list[Step]) -> None:
        try:
            async with asyncio.timeout(PATIENCE * 5):
                for step in program:
                    await self._step(step)
                await self._at_the_end()
        finally:
            for reading in self.readings:
                await reading.drop()
            for talker in self.talkers.values():
                await talker.close()

    async def _step(self, step: Step) -> None:
        actor = self.actors[step.who % len(self.actors)]
        reading = self.readings[step.who % len(self.readings)]
        match step.what:
            case 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9:
                await self._ask(actor, self._wish(step), over_http=step.two % 4 == 0)
            case 10 if self.asked:
                whose, frame = self.asked[step.one % len(self.asked)]
                await self._ask(whose, frame, over_http=step.two % 2 == 0)
            case 11 if self.asked:
                whose, frame = self.asked[step.one % len(self.asked)]
                other = {"t": "send", "text": f"Something else, {step.two}."}
                await self._ask(whose, {"id": 1, "room": frame["room"], "key": frame["key"]} | other)
            case 12:
                if talker := self.talkers.pop(actor.member, None):
                    await talker.close()
            case 13:
                await reading.drop()
            case 14 | 15:
                await self._come(reading, TRANSPORTS[step.one % 3], anew=step.two % 5 == 0)
            case 16 if reading.transport:
                await self._compare(reading)

    def _wish(self, step: Step) -> Frame:
        """A request, more or less sensible."""
        self.keys += 1
        frame: Frame = {"id": self.keys, "room": self.place.slug, "key": str(uuid.UUID(int=self.keys))}
        # A seq that may be a message, another event, or nothing yet.
        seq = 1 + step.one % (self.model.head + 1)
        posted = [*self.model.messages]
        message = posted[step.one % len(posted)] if posted else seq
        whom = self.actors[step.one % len(self.actors)].member
        match step.what:
            case 1 | 2 | 3:
                more: Frame = {"t": "send", "text": f"{WORDS[step.one % len(WORDS)]} ({self.keys})"}
                if step.two % 5 == 1:
                    more["reply_to"] = seq
                if step.two % 5 == 2:
                    more["note"] = "relapse"
                return frame | more
            case 4:
                words = WORDS[step.two % len(WORDS)]
                return frame | {"t": "act", "op": "message.edit", "target": message, "value": words}
            case 5:
                op = ("message.hide", "message.restore")[step.two % 2]
                return frame | {"t": "act", "op": op, "target": message if step.two % 7 else seq}
            case 6:
                value = {"kind": KINDS[step.two % 4], "on": step.two % 3 > 0}
                return frame | {"t": "act", "op": "reaction.set", "target": message, "value": value}
            case 7:
                if step.two % 5 == 0:
                    place = ("first", "later", "last")[step.two % 3]
                    return frame | {"t": "act", "op": "hand.move", "target": whom, "value": place}
                op = ("hand.raise", "hand.lower")[step.two % 2]
                return frame | {"t": "act", "op": op} | ({"target": whom} if step.two % 3 == 0 else {})
            case 8:
                if step.two % 3 == 0:
                    passing = {"value": {"why": "passed"}} if step.two % 2 else {}
                    return frame | {"t": "act", "op": "turn.end"} | passing
                return frame | {"t": "act", "op": "turn.grant", "target": whom, "value": {"seconds": 600}}
        if step.two % 3 == 0:
            phase = [*WRITES, "open", "open"][step.one % (len(WRITES) + 2)]
            writes = (None, None, "all", "turn", "hosts", "none")[step.two // 3 % 6]
            narrowed = {"phase": phase, "writes": writes}
            return frame | {"t": "act", "op": "phase.set", "value": narrowed if writes else phase}
        op = ("member.mute", "member.unmute")[step.two % 3 - 1]
        return frame | {"t": "act", "op": op, "target": whom}

    async def _ask(self, actor: Person, frame: Frame, *, over_http: bool = False) -> None:
        self.asked.append((actor, frame))
        expected = self.model.take(actor.member, frame)
        answer = await (self._over_http if over_http else self._over_socket)(actor, frame)
        told = {name: answer[name] for name in ("seq", "dup", "same", "code") if name in answer}
        assert told == expected, f"{actor.handle} asked {frame}"
        assert answer["t"] == ("err" if "code" in expected else "ok")

    async def _over_socket(self, actor: Person, frame: Frame) -> Frame:
        if actor.member not in self.talkers:
            talker = self.talkers[actor.member] = await connect_to(self.server.base_url, actor.cookie)
            assert (await talker.until("welcome"))["member"]["id"] == actor.member
        return await self.talkers[actor.member].ask(frame)

    async def _over_http(self, actor: Person, frame: Frame) -> Frame:
        path = f"/live/{self.place.slug}/events/"
        answer = await ask(self.server.port, "POST", path, cookie=actor.cookie, body=orjson.dumps(frame))
        told: Frame = orjson.loads(await answer.body())
        await answer.close()
        return told

    async def _come(self, reading: Reading, transport: str, *, anew: bool) -> None:
        await reading.come(transport, anew=anew)
        if anew:
            assert reading.start == self.model.reset_point
        if reading.state is not None:
            told = reading.state
            seen: dict[str, Any] = {
                name: told[name] for name in ("phase", "writes", "crosstalk", "queue", "muted")
            }
            seen |= {"turn": told["turn"] and told["turn"]["member"], "can": set(told["can"])}
            assert seen == self.model.state(reading.person.member)

    async def _compare(self, reading: Reading) -> None:
        """The same events in the same order, and the same to be seen, as far as words that came back are known."""
        await reading.catch_up(self.model.head)
        mine = [bare(event) for event in self.model.events[reading.start :]]
        names = ("seq", "type", "by", "key")
        assert [[event[name] for name in names] for event in reading.given] == [
            [event[name] for name in names] for event in mine
        ]
        shown, expected = screen(reading.given), screen(mine)
        known = {seq: words for seq, words in shown["words"].items() if words != "?"}
        real = {
            seq: None if self.model.messages[seq].covered_by else self.model.messages[seq].words["text"]
            for seq in known
        }
        assert known == real
        assert shown | {"words": None} == expected | {"words": None}

    async def _at_the_end(self) -> None:
        """Everyone catches up; whoever reads it all from the beginning now is served the current form of everything."""
        for number, reading in enumerate(self.readings):
            if not reading.transport:
                await self._come(reading, TRANSPORTS[number % 3], anew=False)
            await self._compare(reading)
        for transport in TRANSPORTS:
            fresh = Reading(self.server, self.place, self.place.people[0])
            await fresh.come(transport, anew=False)
            await fresh.catch_up(self.model.head)
            await fresh.drop()
            assert fresh.given == [bare(event) for event in self.model.events]

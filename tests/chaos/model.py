"""A room's log as PROTOCOL.md has it, in plain Python: what each request is answered, and what stands in the log then.

Written from the protocol and not from the code: no database, no batches, no time. A request of someone who may enter
the room goes in by `take`, an answer comes out; `events` is what a reader is served from then on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Frame = dict[str, Any]

WRITES = {
    "open": "all",
    "lobby": "all",
    "opening": "hosts",
    "check-in": "all",
    "topic": "turn",
    "sharing": "turn",
    "closing": "hosts",
    "fellowship": "all",
    "closed": "none",
}
CROSSTALK = {"open", "lobby", "fellowship"}
NEWEST_MESSAGES, NEWEST_EVENTS = 50, 500


class No(Exception):
    """The request is refused with this code."""


class Same(Exception):
    """The request changes nothing."""


@dataclass
class Message:
    seq: int
    author: str
    covered_by: str = ""
    edits: list[int] = field(default_factory=list)
    words: Frame = field(default_factory=dict)


@dataclass
class Model:
    """`chair` facilitates, `keeper` moderates; everyone else in the room is a plain member."""

    chair: str
    keeper: str
    events: list[Frame] = field(default_factory=list)
    messages: dict[int, Message] = field(default_factory=dict)
    kept: dict[tuple[str, str], tuple[int, Frame]] = field(default_factory=dict)
    reactions: set[tuple[int, str, str]] = field(default_factory=set)
    hands: list[str] = field(default_factory=list)
    muted: set[str] = field(default_factory=set)
    turn: str | None = None
    phase: str = "open"
    writes: str = "all"

    @property
    def head(self) -> int:
        return len(self.events)

    @property
    def reset_point(self) -> int:
        """Where a reader without a past begins: before the 50th-last message, at most 500 events back."""
        floor = max(0, self.head - NEWEST_EVENTS)
        posted = [seq for seq in self.messages if seq > floor]
        return posted[-NEWEST_MESSAGES] - 1 if len(posted) >= NEWEST_MESSAGES else floor

    def state(self, member: str) -> Frame:
        """The parts of `subd.state` that follow from the log."""
        free = member not in self.muted
        can = {"write": free, "react": free, "raise": free, "chair": member == self.chair}
        return {
            "phase": self.phase,
            "writes": self.writes,
            "crosstalk": self.phase in CROSSTALK,
            "queue": self.hands,
            "turn": self.turn,
            "can": {word for word, holds in can.items() if holds} | self._keeps(member),
            "muted": not free,
        }

    def _keeps(self, member: str) -> set[str]:
        return {"moderate"} if self._keeps_order(member) else set()

    def _keeps_order(self, member: str) -> bool:
        return member in {self.chair, self.keeper}

    def take(self, member: str, frame: Frame) -> Frame:
        """The answer: `{"seq", "dup"}`, `{"same"}` or `{"code"}`."""
        asked = {name: value for name, value in frame.items() if name not in {"id", "key", "room"}}
        if (member, frame["key"]) in self.kept:
            seq, before = self.kept[member, frame["key"]]
            return {"seq": seq, "dup": True} if before == asked else {"code": "key_conflict"}
        try:
            seq = self._do(member, frame)
        except Same:
            return {"same": True}
        except No as no:
            return {"code": str(no)}
        self.kept[member, frame["key"]] = seq, asked
        return {"seq": seq, "dup": False}

    def _add(self, type: str, by: str, key: str | None, **data: Any) -> int:
        self.events.append({"seq": self.head + 1, "type": type, "by": by, "key": key, "data": data})
        return self.head

    def _do(self, by: str, frame: Frame) -> int:  # noqa: C901 - one case an op of the protocol
        key: str = frame["key"]
        target: Any = frame.get("target")
        value: Any = frame.get("value")
        match frame["op"] if frame["t"] == "act" else "message.post":
            case "message.post":
                return self._post(by, key, frame)
            case "message.edit":
                return self._edit(by, key, target, value)
            case "message.hide":
                return self._hide(by, key, target)
            case "message.restore":
                return self._restore(by, key, target)
            case "reaction.set":
                return self._react(by, key, target, value)
            case "hand.raise":
                return self._raise(by, key, target or by)
            case "hand.lower":
                return self._lower(by, key, target or by)
            case "hand.move":
                return self._move(by, key, target, value)
            case "turn.grant":
                return self._grant(by, key, target)
            case "turn.end":
                return self._end(by, key, target, "passed" if value == {"why": "passed"} else "done")
            case "phase.set":
                wish = value if isinstance(value, dict) else {"phase": value}
                return self._set_phase(by, key, wish["phase"], wish.get("writes"))
            case "member.mute":
                return self._mute(by, key, target)
            case "member.unmute":
                return self._unmute(by, key, target)
        raise No("bad_frame")

    # --- words -------------------------------------------------------------------------------------------------------

    def _must_be_free(self, by: str) -> None:
        if self.phase == "closed":
            raise No("closed")
        if by in self.muted:
            raise No("muted")

    def _post(self, by: str, key: str, frame: Frame) -> int:
        self._must_be_free(by)
        if self.writes == "none":
            raise No("closed")
        if self.writes == "hosts" and by != self.chair:
            raise No("denied")
        if self.writes == "turn" and by not in {self.chair, self.turn}:
            raise No("not_your_turn")
        words = {"text": frame["text"]}
        for name in ("reply_to", "note"):
            if frame.get(name):
                words[name] = frame[name]
        if "reply_to" in words and words["reply_to"] not in self.messages:
            raise No("not_found")
        seq = self._add("message.posted", by, key, **words)
        self.messages[seq] = Message(seq, by, words=words)
        return seq

    def _message(self, seq: Any) -> Message:
        if seq not in self.messages:
            raise No("not_found")
        return self.messages[seq]

    def _serve(self, message: Message) -> None:
        """Bring the message's own event, and those of its edits, to its current form."""
        covered = message.covered_by
        self.events[message.seq - 1]["data"] = {"hidden": True, "why": covered} if covered else message.words
        for seq in message.edits:
            words = {"hidden": True} if covered else {"text": message.words["text"]}
            self.events[seq - 1]["data"] = {"seq": message.seq} | words

    def _edit(self, by: str, key: str, seq: Any, text: str) -> int:
        self._must_be_free(by)
        message = self._message(seq)
        if message.covered_by:
            raise No("not_found")
        if message.author != by:
            raise No("denied")
        if message.words["text"] == text:
            raise Same
        message.words = message.words | {"text": text}
        edit = self._add("message.edited", by, key, seq=seq, text=text)
        message.edits.append(edit)
        self._serve(message)
        return edit

    def _hide(self, by: str, key: str, seq: Any) -> int:
        message = self._message(seq)
        if by != message.author and not self._keeps_order(by):
            raise No("denied")
        if message.covered_by:
            raise Same
        message.covered_by = "author" if by == message.author else "moderator"
        self._serve(message)
        return self._add("message.hidden", by, key, seq=seq, why=message.covered_by)

    def _restore(self, by: str, key: str, seq: Any) -> int:
        message = self._message(seq)
        if not message.covered_by:
            raise Same
        if not self._keeps_order(by) or message.covered_by == "author":
            raise No("denied")
        message.covered_by = ""
        self._serve(message)
        return self._add("message.restored", by, key, seq=seq)

    def _react(self, by: str, key: str, seq: Any, value: Frame) -> int:
        self._must_be_free(by)
        if self._message(seq).covered_by:
            raise No("not_found")
        place = (seq, by, value["kind"])
        if (place in self.reactions) == value["on"]:
            raise Same
        self.reactions ^= {place}
        return self._add("reaction.set", by, key, seq=seq, **value)

    # --- the floor ---------------------------------------------------------------------------------------------------

    def _raise(self, by: str, key: str, whom: str) -> int:
        self._must_be_free(by)
        self._must_be_about(by, whom)
        if whom in self.hands:
            raise Same
        self.hands.append(whom)
        return self._add("hand.raised", by, key, member=whom)

    def _lower(self, by: str, key: str, whom: str) -> int:
        self._must_be_about(by, whom)
        if whom not in self.hands:
            raise Same
        self.hands.remove(whom)
        return self._add("hand.lowered", by, key, member=whom)

    def _move(self, by: str, key: str, whom: str, to: str) -> int:
        if by != self.chair or whom not in self.hands:
            raise No("denied")
        others = [one for one in self.hands if one != whom]
        place = {"first": 0, "later": self.hands.index(whom) + 1, "last": len(others)}[to]
        line = [*others[:place], whom, *others[place:]]
        if line == self.hands:
            raise Same
        self.hands = line
        return self._add("hand.moved", by, key, member=whom, queue=line)

    def _must_be_about(self, by: str, whom: str) -> None:
        if whom != by and by != self.chair:
            raise No("denied")

    def _end_the_turn(self, by: str, key: str | None, why: str) -> int:
        whom, self.turn = self.turn, None
        return self._add("turn.ended", by, key, member=whom, why=why)

    def _grant(self, by: str, key: str, whom: str) -> int:
        if by != self.chair:
            raise No("denied")
        if self.phase == "closed":
            raise No("closed")
        if self.turn == whom:
            raise Same
        if whom in self.muted:
            raise No("denied")
        if self.turn is not None:
            self._end_the_turn(by, None, "chair")
        if whom in self.hands:
            self.hands.remove(whom)
            self._add("hand.lowered", by, None, member=whom)
        self.turn = whom
        return self._add("turn.granted", by, key, member=whom)

    def _end(self, by: str, key: str, whom: str | None, own: str) -> int:
        if self.turn is None or (whom and whom != self.turn):
            if by == self.chair or whom in {None, by}:
                raise Same
            raise No("denied")
        if by not in {self.turn, self.chair}:
            raise No("denied")
        return self._end_the_turn(by, key, own if by == self.turn else "chair")

    def _set_phase(self, by: str, key: str, name: str, writes: str | None) -> int:
        if by != self.chair:
            raise No("denied")
        writes = WRITES[name] if name == "closed" or writes is None else writes
        if (name, writes) == (self.phase, self.writes):
            raise Same
        if writes != "turn" and self.turn is not None:
            self._end_the_turn(by, None, "chair")
        if name == "closed":
            for whom in self.hands:
                self._add("hand.lowered", by, None, member=whom)
            self.hands.clear()
            self._add("session.closed", by, None)
        elif self.phase == "closed":
            self._add("session.opened", by, None)
        self.phase, self.writes = name, writes
        return self._add("phase.changed", by, key, phase=name, writes=writes, crosstalk=name in CROSSTALK)

    # --- order -------------------------------------------------------------------------------------------------------

    def _must_decide_about(self, by: str, whom: str) -> None:
        if not self._keeps_order(by):
            raise No("denied")
        if whom in {by, self.chair} or (whom == self.keeper and by != self.chair):
            raise No("denied")

    def _mute(self, by: str, key: str, whom: str) -> int:
        self._must_decide_about(by, whom)
        if whom in self.muted:
            raise Same
        self.muted.add(whom)
        if self.turn == whom:
            self._end_the_turn(by, None, "chair")
        if whom in self.hands:
            self.hands.remove(whom)
            self._add("hand.lowered", by, None, member=whom)
        return self._add("member.muted", by, key, member=whom)

    def _unmute(self, by: str, key: str, whom: str) -> int:
        self._must_decide_about(by, whom)
        if whom not in self.muted:
            raise Same
        self.muted.remove(whom)
        return self._add("member.unmuted", by, key, member=whom)


def bare(event: Frame) -> Frame:
    """An event as the model has it: without what depends on time and on how words are rendered."""
    data = {
        name: value for name, value in event["data"].items() if name not in {"html", "until", "edited_at"}
    }
    by = event["by"]
    name = by["id"] if isinstance(by, dict) else by
    return {"seq": event["seq"], "type": event["type"], "by": name, "key": event["key"], "data": data}


def screen(events: list[Frame]) -> Frame:  # noqa: C901 - one case a type of event
    """What someone sees who was given these events, one after the other; words that came back are unknown (`?`)."""
    words: dict[int, str | None] = {}
    reactions: set[tuple[int, str, str]] = set()
    floor: Frame = {"hands": [], "turn": None, "phase": None, "muted": set()}
    for event in events:
        data = event["data"]
        match event["type"]:
            case "message.posted":
                words[event["seq"]] = None if data.get("hidden") else data["text"]
            case "message.edited" if "text" in data and words.get(data["seq"]) is not None:
                words[data["seq"]] = data["text"]
            case "message.hidden":
                words[data["seq"]] = None
            case "message.restored":
                words[data["seq"]] = "?"
            case "reaction.set":
                change = reactions.add if data["on"] else reactions.discard
                change((data["seq"], event["by"], data["kind"]))
            case "hand.raised":
                floor["hands"].append(data["member"])
            case "hand.lowered" if data["member"] in floor["hands"]:
                floor["hands"].remove(data["member"])
            case "hand.moved":
                floor["hands"] = data["queue"]
            case "turn.granted":
                floor["turn"] = data["member"]
            case "turn.ended":
                floor["turn"] = None
            case "phase.changed":
                floor["phase"] = data["phase"]
            case "member.muted":
                floor["muted"].add(data["member"])
            case "member.unmuted":
                floor["muted"].discard(data["member"])
    return {"words": words, "reactions": reactions} | floor

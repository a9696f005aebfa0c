"""What every engine answers to, also one for voices and faces."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from community.members.models import Member
from sessions.meetings.models import Meeting


@dataclass(frozen=True, slots=True)
class Capabilities:
    """`words`: people write here. `floor`: turns are kept. `mute`, `remove`: someone can be kept from speaking, or put
    out, from here. `events`: it tells who is in it.
    """

    words: bool = False
    floor: bool = False
    mute: bool = False
    remove: bool = False
    events: bool = False


@dataclass(frozen=True, slots=True)
class Health:
    ok: bool
    words: str = ""


@dataclass(frozen=True, slots=True)
class Joining:
    """Where to go in. `notice` is what to know before one does; `outside` when it is not our place."""

    url: str
    outside: bool = False
    notice: str = ""


class NotCapable(Exception):
    """This engine can't do that, and says so in its capabilities."""


class NotJoinable(Exception):
    """There is no way in now; carries why, in words for who would come in."""


class Listener(Protocol):
    """What an engine that tells who is in it speaks to."""

    def present(
        self, meeting: Meeting, inside: Collection[int], seen: Mapping[int, datetime], at: datetime
    ) -> None:
        """Who is in the meeting now, and of everyone who was in it when they were seen last; by primary key."""


class MeetingEngine(Protocol):
    """Synchronous. `open` and `close` run in the transaction that opens or closes the meeting."""

    name: str
    capabilities: Capabilities

    def health(self, at: datetime) -> Health:
        """Whether meetings can be held in it now."""

    def open(self, meeting: Meeting, at: datetime) -> None:
        """Let people come in."""

    def close(self, meeting: Meeting, by: Member | None, at: datetime) -> None:
        """Nobody is in it any more; by None: by the house."""

    def join(self, meeting: Meeting, member: Member, at: datetime) -> Joining:
        """The way in for someone who was admitted. Raises NotJoinable."""

    def mute(
        self, meeting: Meeting, member: Member, *, by: Member, minutes: int | None, at: datetime
    ) -> None:
        """Keep someone from speaking for a while, or until it is undone. Raises NotCapable, Refused."""

    def remove(self, meeting: Meeting, member: Member, *, by: Member, reason: str, at: datetime) -> None:
        """Put someone out, for good. Raises NotCapable, Refused."""

    def tell(self, meeting: Meeting, listener: Listener, at: datetime) -> None:
        """Tell a listener what has come about. Raises NotCapable."""

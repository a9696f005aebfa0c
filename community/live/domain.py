"""What the engine and the things that have logs say to each other: the engine knows logs, a Domain what they mean."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


TEXT_CHARS = 2000


class Code(StrEnum):
    """Why something was refused; PROTOCOL.md, `err`."""

    BAD_FRAME = "bad_frame"
    TOO_LARGE = "too_large"
    RATE = "rate"
    DENIED = "denied"
    MUTED = "muted"
    NOT_YOUR_TURN = "not_your_turn"
    HELD = "held"
    CLOSED = "closed"
    NOT_FOUND = "not_found"
    KEY_CONFLICT = "key_conflict"
    UNAVAILABLE = "unavailable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Author:
    """A member as the engine knows one: primary key, public id, handle at the time."""

    id: int
    public_id: str
    handle: str

    @classmethod
    def of(cls, member: Any) -> Author:
        return cls(member.pk, member.public_id, member.handle)

    @property
    def by(self) -> dict[str, str]:
        return {"id": self.public_id, "handle": self.handle}


@dataclass(frozen=True, slots=True)
class Opened:
    """A log that a member may enter, as `Domain.open` gives it; `tags` are opaque to the engine, such as `group:7`.

    Of a log that is `witnessed` the domain is told who has it open.
    """

    slug: str
    log_id: int
    tags: tuple[str, ...]
    domain: Domain
    witnessed: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """A parsed, screened, rendered request to append. `act` is the domain's own value.

    `author` is None for what the house itself does. `digest` tells a repeat of `key` from a conflict; logs that carry
    one of the tags `locks` are locked too.
    """

    opened: Opened
    author: Author | None
    act: Any
    key: str | None = None
    digest: str = ""
    locks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Head:
    epoch: UUID
    last_seq: int
    min_seq: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A committed event in its current form."""

    log_id: int
    seq: int
    type: str
    actor: int | None
    target: int | None
    key: str | None
    at: datetime
    by: dict[str, str] | None
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pending:
    """A command within a batch; `repeat` is true when its key is already stored, so that nothing will be appended."""

    command: Command
    repeat: bool


@dataclass(frozen=True, slots=True)
class Rewrite:
    """From now on the event `seq` is served with `data`; what it said goes to a revision."""

    seq: int
    data: dict[str, Any]
    change: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Consequence:
    """A further event that a command brings about, in its own log or in another one that it locked."""

    log_id: int
    type: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Append:
    """Append an event; `before` it, in the same transaction, come its consequences."""

    type: str
    data: dict[str, Any]
    target: int | None = None
    rewrites: tuple[Rewrite, ...] = ()
    before: tuple[Consequence, ...] = ()


@dataclass(frozen=True, slots=True)
class Same:
    """Nothing changes, so nothing is appended."""


@dataclass(frozen=True, slots=True)
class Refuse:
    code: Code
    message: str
    retry: bool = False


Decision = Append | Same | Refuse


@dataclass(frozen=True, slots=True)
class Committed:
    """In the database; `dup` when it was there before."""

    seq: int
    dup: bool = False


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Nothing to do; answered `ok` with `same: true`."""


Outcome = Committed | Unchanged | Refuse


class FrameRefused(Exception):
    """A frame that no state of the log could accept. Carries the answer."""

    def __init__(self, code: Code, message: str, *, retry: bool = False) -> None:
        super().__init__(message)
        self.refusal = Refuse(code, message, retry)


@dataclass(frozen=True, slots=True)
class Batch:
    """What `Domain.decide` sees: the locked heads, the commands in order, and the time."""

    heads: Mapping[int, Head]
    pending: Sequence[Pending]
    at: datetime


class Domain(Protocol):
    """One kind of log. All of it is synchronous; only `parse` may run on the event loop, so it does no I/O."""

    def open(self, member: Any, slugs: Collection[str]) -> dict[str, Opened]:
        """Those of the slugs that this member may enter: the one door for socket, HTTP, page."""

    def still_open(self, pairs: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
        """The (member primary key, log id) pairs that `open` would still let in; constant number of queries."""

    def parse(self, frame: Mapping[str, Any], opened: Opened, author: Author) -> Command:
        """Validate, screen and render a `send` or `act`. Raises FrameRefused."""

    def decide(self, batch: Batch) -> list[Decision]:
        """One decision a command, with all locks held; updates the projections; never raises for one command."""

    def state(self, log_id: int, member: Any) -> dict[str, Any]:
        """The `state` of `subd` for this member, as of the log's head."""

    def save_seen(self, positions: Mapping[tuple[int, int], int]) -> None:
        """Move read positions forward: (log id, member primary key) -> seq."""

    def witness(self, pairs: Collection[tuple[int, int]], at: datetime) -> None:
        """Who has which log open, at this time or a moment before: (member primary key, log id) pairs, all at once."""

    def page(self, slug: str) -> str:
        """The path of the page on which the log is read."""

    def refused(
        self, request: HttpRequest, slug: str, fields: dict[str, str], refusal: Refuse, status: int
    ) -> HttpResponse:
        """The page again after a refused form, with the text kept."""


_domains: list[Domain] = []


def register(domain: Domain) -> None:
    _domains.append(domain)


def open_logs(member: Any, slugs: Collection[str]) -> dict[str, Opened]:
    found: dict[str, Opened] = {}
    for domain in _domains:
        missing = [slug for slug in slugs if slug not in found]
        if missing:
            found |= domain.open(member, missing)
    return found


def still_open(pairs: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
    return set().union(*(domain.still_open(pairs) for domain in _domains)) if pairs else set()


def save_seen(positions: Mapping[tuple[int, int], int]) -> None:
    for domain in _domains:
        domain.save_seen(positions)


def witness(pairs: Collection[tuple[int, int]], at: datetime) -> None:
    for domain in _domains:
        domain.witness(pairs, at)

"""What the room page shows of a log: messages grouped as one reads them, with breaks, quotes and reactions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from community.live import log
from community.live.domain import Stored
from community.members.models import Member
from sessions.rooms.models import Reaction, Room

PAGE = 50
SHORT_PAGE = 15
BLOCKED = "Someone you blocked"
TOGETHER = timedelta(minutes=5)
QUOTE_CHARS = 60


@dataclass(frozen=True, slots=True)
class Person:
    """Someone as a room shows them: the handle of today where it is known, else that of the message.

    What someone `blocked` by the reader wrote is folded; `covered`, their name is not shown elsewhere either.
    """

    id: str
    handle: str
    role: str = ""
    me: bool = False
    blocked: bool = False
    covered: bool = False

    @property
    def name(self) -> str:
        return "You" if self.me else BLOCKED if self.covered else self.handle

    @property
    def more(self) -> str:
        """What the menu of a message of theirs is called."""
        if self.blocked:
            return "More on this message"
        return f"More on {'your' if self.me else f'{self.handle}’s'} message"

    @property
    def initials(self) -> str:
        return "–" if self.covered else Member(handle=self.handle).initials

    @property
    def hue(self) -> int:
        return 0 if self.covered else Member(public_id=self.id).hue

    @property
    def badge(self) -> str:
        if self.covered:
            return ""
        return {"facilitator": "Facilitator", "moderator": "Moderator"}.get(self.role, "")

    @property
    def open(self) -> Person:
        """As they are shown once the reader has opened what is folded."""
        return replace(self, covered=False)


@dataclass(frozen=True, slots=True)
class Said:
    """A reaction of one kind on one message: how many said it, and whether the reader did."""

    kind: str
    label: str
    count: int
    mine: bool


@dataclass(frozen=True, slots=True)
class Quote:
    href: str
    words: str


@dataclass(frozen=True, slots=True)
class Mark:
    """What a meeting says between the messages; it `begins` what follows when it is a heading."""

    seq: int
    words: str
    begins: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One message as it stands now. `on` continues the one above; `marks`, `day` and `new_since` stand before it.

    `key` is that of one's own messages: a browser that still keeps one in its outbox can let it go.
    `taken` back by its author, it is not for a moderator to show again.
    """

    seq: int
    at: datetime
    by: Person
    html: SafeString
    key: str = ""
    text: str = ""
    note: str = ""
    fold: str = ""
    gist: str = ""
    edited_at: datetime | None = None
    quote: Quote | None = None
    said: Sequence[Said] = ()
    on: bool = False
    sent: bool = False
    taken: bool = False
    marks: Sequence[Mark] = ()
    day: str = ""
    new_since: str = ""

    @property
    def hidden(self) -> bool:
        return bool(self.gist)

    @property
    def covered(self) -> bool:
        """Folded away, since the reader blocked whoever wrote it."""
        return self.by.blocked and not self.hidden


@dataclass(frozen=True, slots=True)
class Transcript:
    """Messages, oldest first; `earlier` is where the page before this one ends, `marks` what stands after them all."""

    lines: list[Line] = field(default_factory=list)
    earlier: int | None = None
    marks: Sequence[Mark] = ()

    @property
    def last(self) -> int:
        return self.lines[-1].seq if self.lines else 0


class People:
    """Who wrote what: looks handles and roles up in a room's `state`."""

    def __init__(self, state: Mapping[str, Any], reader: Member) -> None:
        self.known: Mapping[str, Mapping[str, Any]] = state["members"]
        self.blocked = frozenset(state.get("blocked", ()))
        # Whoever keeps the room must know whom they have before them.
        self.keeps = "moderate" in state["can"]
        self.reader = reader

    def person(self, id: str, handle: str = "") -> Person:
        known = self.known.get(id, {})
        return Person(
            id,
            known.get("handle") or handle or "Someone",
            known.get("role", ""),
            me=id == self.reader.public_id,
            blocked=id in self.blocked,
            covered=id in self.blocked and not self.keeps,
        )

    def other(self) -> Person | None:
        """The one with whom the reader talks alone."""
        return next((self.person(one) for one in self.known if one != self.reader.public_id), None)

    def author(self, event: Stored) -> Person:
        return self.person(**event.by) if event.by else Person("0" * 8, "Someone")


def clock(at: datetime) -> str:
    """The time of day in the reader's zone, as one says it: 7:24 pm."""
    local = timezone.localtime(at)
    return f"{local.hour % 12 or 12}:{local:%M} {'am' if local.hour < 12 else 'pm'}"


def day_name(day: date, today: date) -> str:
    if day == today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    year = "" if day.year == today.year else f", {day.year}"
    return f"{day:%A, %B} {day.day}{year}"


def shortened(words: str) -> str:
    words = " ".join(words.split())
    return words if len(words) <= QUOTE_CHARS else words[:QUOTE_CHARS].rsplit(" ", 1)[0] + "…"


def quoted(event: Stored | None, people: People, seq: int, here: bool) -> Quote:
    """One line of what a message answers; what is hidden, folded or blocked stays so."""
    href = f"#m{seq}" if here else f"?before={seq + 1}#m{seq}"
    if event is None or event.type != "message.posted":
        return Quote(href, "To an earlier message")
    by = people.author(event)
    name = "you" if by.me else by.handle
    if by.id in people.blocked or event.data.get("hidden"):
        return Quote(href, "To a message that is not shown")
    if event.data.get("note"):
        return Quote(href, f"To {name} (content note: {event.data['note']})")
    return Quote(href, f"To {name}: “{shortened(event.data['text'])}”")


def tombstone(event: Stored, by: Person) -> str:
    """What stands in the place of a hidden message."""
    if event.data.get("why") != "author":
        reason = event.data.get("reason")
        return f"A moderator hid this message: {reason}" if reason else "A moderator hid this message."
    return f"{by.name} took this message back."


def reactions_to(room: Room, seqs: Sequence[int], reader: Member) -> dict[int, list[Said]]:
    """Most used first; none is shown at zero."""
    rows = (
        Reaction.objects.filter(room=room, seq__in=seqs)
        .values_list("seq", "kind")
        .annotate(count=Count("id"), mine=Count("id", filter=Q(member=reader)))
    )
    found: dict[int, list[Said]] = {}
    for seq, kind, count, mine in rows:
        found.setdefault(seq, []).append(Said(kind, Reaction.Kind(kind).label, count, bool(mine)))
    for said in found.values():
        said.sort(key=lambda one: (-one.count, Reaction.Kind.values.index(one.kind)))
    return found


def line(event: Stored, people: People, quote: Quote | None = None, said: Sequence[Said] = ()) -> Line:
    by, data = people.author(event), event.data
    if data.get("hidden"):
        return Line(
            event.seq,
            event.at,
            by,
            SafeString(),
            gist=tombstone(event, by),
            taken=data.get("why") == "author",
        )
    note = data.get("note") or ""
    edited = data.get("edited_at")
    return Line(
        event.seq,
        event.at,
        by,
        mark_safe(data["html"]),  # noqa: S308 - rendered and cleaned when it was written
        key=(by.me and event.key) or "",
        text=data["text"],
        note=note,
        fold=f"Content note: {note}" if note else "",
        quote=quote,
        said=said,
        edited_at=datetime.fromisoformat(edited) if edited else None,
    )


def transcript(
    room: Room,
    *,
    reader: Member,
    people: People,
    before: int | None = None,
    read: int = 0,
    most: int = PAGE,
    now: datetime | None = None,
) -> Transcript:
    """The newest messages before the seq `before`; three queries. `read` is the seq up to which the reader has seen."""
    events = log.messages_before(room.log_id, before, most + 1)
    earlier = events[1].seq if len(events) > most else None
    events = events[-most:]
    shown = {event.seq: event for event in events}
    answered = {event.data["reply_to"] for event in events if event.data.get("reply_to")}
    elsewhere = log.events_of(room.log_id, answered - shown.keys()) if answered - shown.keys() else {}
    said = reactions_to(room, list(shown), reader)

    today = timezone.localdate(now)
    lines: list[Line] = []
    marked = not read or before is not None
    for event in events:
        seq = event.data.get("reply_to")
        quote = quoted(shown.get(seq) or elsewhere.get(seq), people, seq, seq in shown) if seq else None
        made = line(event, people, quote, said.get(event.seq, ()))
        above = lines[-1] if lines else None
        day = timezone.localdate(event.at)
        breaks: dict[str, Any] = {}
        if above is None or timezone.localdate(above.at) != day:
            breaks["day"] = day_name(day, today)
        if not marked and event.seq > read and not made.by.me:
            marked = True
            breaks["new_since"] = f"New since {clock(above.at)}" if above else "New"
        elif above and not breaks and continues(made, above):
            breaks["on"] = True
        lines.append(replace(made, **breaks) if breaks else made)
    return Transcript(with_sent(lines), earlier)


def continues(made: Line, above: Line) -> bool:
    """Same person, within five minutes, both still to be read, and neither folded away."""
    together = made.by.id == above.by.id and made.at - above.at <= TOGETHER
    return together and not (made.hidden or above.hidden or made.by.blocked)


def with_sent(lines: list[Line]) -> list[Line]:
    """Only the newest of one's own messages says that it was sent."""
    for index in range(len(lines) - 1, -1, -1):
        if lines[index].by.me and not lines[index].hidden:
            lines[index] = replace(lines[index], sent=True)
            break
    return lines


def specimen() -> Line:
    """A message with every part, from which the browser makes new ones."""
    return Line(
        0,
        timezone.now(),
        Person("0" * 8, "Someone", "facilitator"),
        SafeString("<p></p>"),
        note="note",
        fold="note",
        quote=Quote("#", "quote"),
        sent=True,
    )

"""What each page of a room is made of. Everything is read here, so that the views only name the page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.http import Http404
from django.utils import timezone

from community.groups.models import Group
from community.live import engine, log
from community.live.domain import TEXT_CHARS, Code, Head
from community.members.models import Member
from sessions.rooms import access, panel, stays
from sessions.rooms.domain import rooms
from sessions.rooms.marks import with_marks
from sessions.rooms.meeting_links import Links, links_of
from sessions.rooms.models import Reaction, Room
from sessions.rooms.newcomers import newcomers_in
from sessions.rooms.phases import PHASES, Writes, part_of
from sessions.rooms.transcript import (
    PAGE,
    SHORT_PAGE,
    Line,
    People,
    Person,
    day_name,
    line,
    quoted,
    reactions_to,
    specimen,
    transcript,
)

QUIET_TRIES = 3
EDIT_WITHIN = timedelta(minutes=15)
# What the room's scripts are made of, to be fetched at once instead of one after another.
MODULES = (
    "js/live/backoff.js",
    "js/live/connection.js",
    "js/live/outbox.js",
    "js/live/socket.js",
    "js/live/store.js",
    "js/live/ways.js",
    "js/room/acts.js",
    "js/room/announce.js",
    "js/room/blocks.js",
    "js/room/composer.js",
    "js/room/dialogs.js",
    "js/room/dom.js",
    "js/room/floor.js",
    "js/room/hints.js",
    "js/room/history.js",
    "js/room/line.js",
    "js/room/link.js",
    "js/room/marks.js",
    "js/room/menus.js",
    "js/room/messages.js",
    "js/room/parts.js",
    "js/room/people.js",
    "js/room/presence.js",
    "js/room/scroll.js",
    "js/room/typing.js",
    "js/room/waiting.js",
    "js/room/words.js",
)


@dataclass(frozen=True, slots=True)
class Draft:
    """What stands in the composer: the words, what they answer, and their content note."""

    text: str = ""
    reply_to: int | None = None
    quote: Any = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why what was sent was not done; `at_words` when the words themselves are the reason."""

    code: str
    message: str
    at_words: bool = False


class Visit:
    """One member in one room: what every page about it needs, read once. Raises Http404 for who may not know of it."""

    def __init__(self, member: Member, slug: str) -> None:
        self.member = member
        self.room: Room = access.room_for(member, slug)
        self.state: dict[str, Any] = rooms.state_of(self.room, member)
        self.people = People(self.state, member)
        self.other = self.people.other() if self.room.group.kind == Group.Kind.PAIR else None
        self.part = part_of(self.room)
        self.floor = panel.floor(self.state, self.people, self.part)
        self.finishing = panel.finishing(self.state, self.people)
        self.writing = panel.writing(self.state, self.floor, finishing=self.finishing)

    @property
    def head(self) -> Head:
        """Where the log stood when the room was looked up, before anything else was read."""
        log = self.room.log
        return Head(log.epoch, log.last_seq, log.min_seq)

    def may(self, what: str) -> bool:
        """Whether the reader may do it now; nothing is said in a closed room, keeping it goes on."""
        return what in self.state["can"] and (
            what in {"chair", "moderate"} or self.state["writes"] != Writes.NONE
        )

    def links(self) -> Links | None:
        """Where the rest of the meeting is, if one is held here."""
        role = self.state["members"][self.member.public_id]["role"]
        return links_of(self.room, self.member, access.standing_with(self.member, self.room, role, {}))

    def newcomers(self) -> frozenset[str]:
        """Told to those alone who call people to the floor of a meeting."""
        return newcomers_in(self.room, timezone.now()) if self.room.led and self.may("chair") else frozenset()

    def context(self) -> dict[str, Any]:
        return {
            "room": self.room,
            "other": self.other,
            "name": self.other.handle if self.other else self.room.name,
            "to": self.other.handle if self.other else "the group",
            "chairs": self.may("chair"),
            "keeps_order": self.may("moderate"),
            "may_raise": self.may("raise"),
            "state": self.state,
            "floor": self.floor,
            "writing": self.writing,
            "part": self.part,
            "phases": PHASES.values(),
            "text_chars": TEXT_CHARS,
            "extend_seconds": panel.EXTEND_SECONDS,
            "mute_choices": panel.MUTE_CHOICES,
            "notes": panel.NOTES,
            "kinds": Reaction.Kind.choices,
        }

    def answered(self, seq: int | None) -> Any:
        """One line of the message that the composer answers."""
        found = log.events_of(self.room.log_id, [seq]).get(seq) if seq else None
        return quoted(found, self.people, found.seq, here=False) if found else None


def room_page(
    member: Member,
    slug: str,
    *,
    before: int | None = None,
    reply: int | None = None,
    draft: Draft | None = None,
    refusal: Refusal | None = None,
    less: bool = False,
) -> dict[str, Any]:
    """The room, read between two equal heads: it shows the log exactly as of `head`, where the socket goes on."""
    for _ in range(QUIET_TRIES):
        visit = Visit(member, slug)
        head = visit.head
        shown = transcript(
            visit.room,
            reader=member,
            people=visit.people,
            before=before,
            read=visit.state["read"],
            most=SHORT_PAGE if less else PAGE,
        )
        shown = with_marks(shown, visit.room, visit.people, before)
        if head == log.head(visit.room.log_id):
            break
    draft = draft or Draft(reply_to=reply)
    stays.touch(visit.room, member, timezone.now())
    return visit.context() | {
        "head": head,
        "heading": panel.heading(visit.state, visit.part),
        "contents": panel.contents(visit.state),
        "hint": panel.hint(visit.state, visit.floor, finishing=visit.finishing),
        "links": visit.links(),
        "newcomers": visit.newcomers(),
        "transcript": shown,
        "history": before is not None,
        "kept_by": kept_by(visit.people),
        "draft": Draft(draft.text, draft.reply_to, visit.answered(draft.reply_to), draft.note),
        "refusal": refusal and in_parts(refusal, visit),
        "specimen": specimen(),
        "modules": MODULES,
        "here_count": len(present_in(visit.room)),
    }


def in_parts(refusal: Refusal, visit: Visit) -> Refusal:
    """Who has the floor may say more than one message holds: one after the other."""
    if refusal.code != Code.TOO_LARGE or not visit.floor.mine:
        return refusal
    how = "You have the floor: send it in two or more messages. All your words are still here."
    return replace(refusal, message=f"{refusal.message} {how}")


def save_seen(member: Member, slug: str, seq: int) -> None:
    """The reader asked for what is new after `seq`, so has seen up to there. Raises Http404."""
    room = access.room_for(member, slug)
    rooms.save_seen({(room.log_id, member.pk): min(seq, room.log.last_seq)})


def present_in(room: Room) -> dict[str, dict[str, str]]:
    """Who has the room open now, as this process knows it: public id -> id and handle."""
    live = engine.running()
    return dict(live.presence.people(room.log_id)) if live else {}


def kept_by(people: People) -> str:
    """The facilitators' handles, in their order: Alder, Fern and Wren."""
    keepers = [one["handle"] for one in people.known.values() if one.get("role") == "facilitator"]
    names = sorted(keepers, key=str.casefold)[:3]
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def people_page(member: Member, slug: str) -> dict[str, Any]:
    """Who has the room open now, and who else belongs to it."""
    visit = Visit(member, slug)
    present = present_in(visit.room)
    here = [visit.people.person(**by) for by in present.values()]
    known = [visit.people.person(other) for other in visit.people.known if other not in present]
    still = access.still_here([person.id for person in known])
    away = [person for person in known if person.id in still and not person.covered]
    return visit.context() | {
        "here": by_name(here),
        "away": by_name(away),
        "back": f"{rooms.page(slug)}people/",
    }


def by_name(people: list[Person]) -> list[Person]:
    return sorted(people, key=lambda person: (person.covered, person.name.casefold()))


def message_page(
    member: Member,
    slug: str,
    seq: int,
    *,
    draft: Draft | None = None,
    refusal: Refusal | None = None,
    now: datetime | None = None,
) -> dict[str, Any]:
    """One message and all that the reader may do with it. Raises Http404."""
    visit = Visit(member, slug)
    event = log.events_of(visit.room.log_id, [seq]).get(seq)
    if event is None or event.type != "message.posted":
        raise Http404
    now = now or timezone.now()
    said = reactions_to(visit.room, [seq], member).get(seq, [])
    shown = line(event, visit.people, said=said)
    return visit.context() | {
        "m": shown,
        "day": day_name(timezone.localdate(shown.at), timezone.localdate(now)),
        "refusal": refusal,
        "draft": draft or Draft(),
        "back": f"{rooms.page(slug)}#m{seq}",
        "may": may_do(visit, shown, now),
        "choices": [choice(kind, said) for kind in Reaction.Kind],
    }


def may_do(visit: Visit, shown: Line, now: datetime) -> dict[str, bool]:
    return {
        "react": visit.may("react"),
        "edit": shown.by.me and visit.may("write") and now - shown.at <= EDIT_WITHIN,
        "take_back": shown.by.me,
    }


def choice(kind: Reaction.Kind, said: list[Any]) -> dict[str, str]:
    mine = any(one.kind == kind and one.mine for one in said)
    label = f"Take back “{kind.label}”" if mine else str(kind.label)
    return {"kind": kind.value, "label": label, "on": "false" if mine else "true"}

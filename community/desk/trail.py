"""The audit log as stewards read it: narrowed by person, verb, group and time, newest first, a page at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from community.groups.models import Group
from community.invitations import csvfile
from community.members.models import Member
from moderation.audit.models import AuditEntry, AuditLook
from moderation.audit.words import Line, in_words
from sessions.rooms.models import Room

A_PAGE = 50
COPY_MOST = 10_000
LOOK_OVERDUE = timedelta(hours=49)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the log is narrowed to; None and empty mean all of it. `before` is the number of the last row seen."""

    person: Member | None = None
    verb: str = ""
    group: Group | None = None
    since: date | None = None
    until: date | None = None
    before: int | None = None

    @property
    def narrowed_by(self) -> list[str]:
        parts = {
            "person": self.person, "verb": self.verb, "group": self.group, "since": self.since, "until": self.until,
        }  # fmt: skip
        return [name for name, value in parts.items() if value]


@dataclass(frozen=True, slots=True)
class TrailPage:
    """`before` leads to what is older; None on the last page."""

    lines: Sequence[Line]
    before: int | None


def entries(asked: Asked) -> QuerySet[AuditEntry]:
    """Newest first."""
    found = AuditEntry.objects.order_by("-seq")
    if asked.person is not None:
        found = found.filter(_about(asked.person.pk))
    if asked.verb:
        found = found.filter(verb=asked.verb)
    if asked.group is not None:
        rooms = Room.objects.filter(group=asked.group).values_list("pk", flat=True)
        found = found.filter(scope__in=[asked.group.tag, *(f"room:{pk}" for pk in rooms)])
    if asked.since is not None:
        found = found.filter(at__gte=_midnight(asked.since))
    if asked.until is not None:
        found = found.filter(at__lt=_midnight(asked.until + timedelta(days=1)))
    return found


def _about(member_id: int) -> Q:
    """What they did, what was done about them, and what was done about a message of theirs."""
    wrote = Q(facts__contains=f'"author":{member_id},') | Q(facts__contains=f'"author":{member_id}}}')
    about = Q(subject_kind="member", subject_id=member_id)
    return Q(actor=member_id) | about | (Q(subject_kind="message") & wrote)


def _midnight(day: date) -> datetime:
    """In the reader's zone."""
    return datetime.combine(day, time(), timezone.get_current_timezone())


def trail_page(asked: Asked) -> TrailPage:
    """The same few queries however long the log is and however many names stand on the page."""
    found = entries(asked)
    if asked.before is not None:
        found = found.filter(seq__lt=asked.before)
    rows = list(found[: A_PAGE + 1])
    more = len(rows) > A_PAGE
    return TrailPage(in_words(rows[:A_PAGE]), rows[A_PAGE - 1].seq if more else None)


def copy_of(asked: Asked) -> list[Line]:
    """What a copy holds: the newest rows, at most `COPY_MOST`."""
    return in_words(entries(asked)[:COPY_MOST])


def as_csv(lines: Iterable[Line]) -> bytes:
    """A table for a spreadsheet, times in UTC; no cell in it can be taken for a formula."""
    rows = [("row", "time (UTC)", "who", "what", "where", "more")]
    for line in lines:
        at = f"{line.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        rows.append((str(line.seq), at, line.who, line.did, line.where, "; ".join(line.more)))
    return csvfile.write(rows)


def last_look() -> AuditLook | None:
    return AuditLook.objects.first()

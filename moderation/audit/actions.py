"""Recording. Every entry is written in the transaction of the act, and last in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from moderation.audit.chain import Facts, Statement, canonical, link, require_facts
from moderation.audit.models import HEAD, AuditEntry, AuditHead
from moderation.audit.verbs import Verb


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom or what an act concerns: a member's primary key, or the seq of a message in the room that is the scope."""

    kind: str
    id: int


@dataclass(frozen=True, slots=True)
class Draft:
    verb: Verb
    actor: int | None
    subject: Subject
    scope: str
    facts: Facts
    at: datetime


class NoHead(Exception):
    """The chain's end is not in the database: something took it away. `manage.py audit verify` says more."""


_drafts: ContextVar[list[Draft] | None] = ContextVar("audit_drafts", default=None)


def record(
    *, verb: Verb, actor: int | None, subject: Subject, scope: str, facts: Facts, at: datetime
) -> None:
    """Put an act in the log; `actor` is a member's primary key, or None for the house itself.

    Within a `trail` it is written when that ends. Raises RuntimeError outside a transaction, NotAFact.
    """
    _require_transaction()
    require_facts({"scope": scope, **facts})
    if at.tzinfo is None:
        raise ValueError("an entry's time needs a zone")
    draft = Draft(verb, actor, subject, scope, facts, at)
    waiting = _drafts.get()
    if waiting is None:
        _write([draft])
    else:
        waiting.append(draft)


@contextmanager
def trail() -> Iterator[None]:
    """What is recorded within is written at its end, in the order of times; within another trail, at the end of that.

    For acts that touch other rows as well: the head is locked last of all, so that two acts never wait for each other.
    What is recorded before an exception is dropped. Raises RuntimeError outside a transaction.
    """
    _require_transaction()
    outer = _drafts.get()
    drafts: list[Draft] = []
    token = _drafts.set(drafts)
    try:
        yield
    finally:
        _drafts.reset(token)
    if outer is not None:
        outer.extend(drafts)
    elif drafts:
        _write(sorted(drafts, key=lambda draft: draft.at))


def _require_transaction() -> None:
    if not connection.in_atomic_block:
        raise RuntimeError("an act and its record need one open transaction")


LOCK_POSTGRESQL = "UPDATE audit_head SET seq = seq WHERE id = %s RETURNING seq, hash"


def _lock_head() -> tuple[int, str]:
    """Where the chain ends, held until the transaction ends. On SQLite, BEGIN IMMEDIATE is the lock. Raises NoHead."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(LOCK_POSTGRESQL, [HEAD])
            found = cursor.fetchone()
    else:
        found = AuditHead.objects.filter(pk=HEAD).values_list("seq", "hash").first()
    if found is None:
        raise NoHead
    return found[0], found[1]


def _write(drafts: Sequence[Draft]) -> None:
    """Three statements, however many drafts there are."""
    seq, prev = _lock_head()
    rows = []
    for seq, draft in enumerate(drafts, start=seq + 1):  # noqa: B020 - goes on from where the chain ends
        said = Statement(
            seq,
            draft.at,
            draft.actor,
            draft.verb.value,
            draft.subject.kind,
            draft.subject.id,
            draft.scope,
            draft.facts,
        )
        sealed = link(prev, said)
        rows.append(
            AuditEntry(
                seq=seq,
                at=said.at,
                actor=said.actor,
                verb=said.verb,
                subject_kind=said.subject_kind,
                subject_id=said.subject_id,
                scope=said.scope,
                facts=canonical(said.facts),
                prev=prev,
                hash=sealed,
            )
        )
        prev = sealed
    AuditEntry.objects.bulk_create(rows)
    AuditHead.objects.filter(pk=HEAD).update(seq=seq, hash=prev)

"""Walking the chain from its first row to its end, and saying what is not as it was written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db import connection

from moderation.audit import triggers
from moderation.audit.chain import GENESIS, Statement, canonical, link
from moderation.audit.checkpoints import Checkpoint
from moderation.audit.models import HEAD, AuditEntry, AuditHead

PAGE = 1000


class Fault(StrEnum):
    ROW = "row"
    HEAD = "head"
    CHECKPOINT = "checkpoint"
    TRIGGER = "trigger"


@dataclass(frozen=True, slots=True)
class Finding:
    """`seq` is the first row that is wrong, where a row is."""

    fault: Fault
    words: str
    seq: int | None = None


def verify(checkpoints: Sequence[Checkpoint] = ()) -> list[Finding]:
    """What is wrong with the log: of its rows the first, of the checkpoints the earliest. Empty when all is well.

    Needs no lock: what is recorded while it walks is walked too.
    """
    found = [*_walk(), *_against(checkpoints)]
    found += [
        Finding(
            Fault.TRIGGER, f"The database does not refuse changes: the trigger {name} is missing or altered."
        )
        for name in triggers.missing(connection)
    ]
    return found


def _walk() -> Iterator[Finding]:
    seq, prev = 0, GENESIS
    while True:
        head = AuditHead.objects.filter(pk=HEAD).first()
        rows = _page(seq)
        for row in rows:
            fault = _fault_of(row, seq + 1, prev)
            if fault is not None:
                yield fault
                return
            seq, prev = row.seq, row.hash
        if rows:
            continue
        # The head was read before a page that held nothing more: what it counts had been committed by then.
        if head is None:
            yield Finding(Fault.HEAD, "The head of the chain is gone.")
        elif head.seq > seq:
            yield Finding(Fault.ROW, f"Row {seq + 1} is missing: the head counts {head.seq} rows.", seq + 1)
        elif head.seq < seq:
            words = f"Row {head.seq + 1} was put in past the recording: the head counts {head.seq} rows."
            yield Finding(Fault.ROW, words, head.seq + 1)
        elif head.hash != prev:
            yield Finding(Fault.HEAD, f"The head of the chain does not seal row {seq}.", seq)
        return


def _page(after: int) -> list[AuditEntry | Unreadable]:
    rows = AuditEntry.objects.filter(seq__gt=after) if after else AuditEntry.objects.all()
    try:
        return list(rows.order_by("seq")[:PAGE])
    except (ValueError, TypeError, OverflowError):
        return [_one(seq) for seq in rows.order_by("seq").values_list("seq", flat=True)[:PAGE]]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row with something in it that the column could not hold."""

    seq: int
    hash: str = ""


def _one(seq: int) -> AuditEntry | Unreadable:
    try:
        return AuditEntry.objects.get(pk=seq)
    except (ValueError, TypeError, OverflowError):
        return Unreadable(seq)


def _fault_of(row: AuditEntry | Unreadable, expected: int, prev: str) -> Finding | None:
    if row.seq != expected:
        if isinstance(row.seq, int) and row.seq > expected:
            return Finding(Fault.ROW, f"Row {expected} is missing: the next one is row {row.seq}.", expected)
        return Finding(Fault.ROW, f"Row {row.seq} was put in: the chain begins at row 1.", row.seq)
    if isinstance(row, Unreadable) or not _seals_itself(row):
        return Finding(Fault.ROW, f"Row {expected} does not say what it said when it was written.", expected)
    if row.prev != prev:
        return Finding(Fault.ROW, f"Row {expected} does not follow from row {expected - 1}.", expected)
    return None


def _seals_itself(row: AuditEntry) -> bool:
    try:
        facts = json.loads(row.facts)
        said = Statement(
            row.seq, row.at, row.actor, row.verb, row.subject_kind, row.subject_id, row.scope, facts
        )
        return bool(canonical(facts) == row.facts and link(row.prev, said) == row.hash)
    except (ValueError, TypeError, AttributeError, OverflowError):
        return False


def _against(checkpoints: Sequence[Checkpoint]) -> Iterator[Finding]:
    hashes: dict[int, str] = {}
    seqs = sorted({checkpoint.seq for checkpoint in checkpoints})
    for begin in range(0, len(seqs), PAGE // 2):
        part = AuditEntry.objects.filter(seq__in=seqs[begin : begin + PAGE // 2])
        hashes |= dict(part.values_list("seq", "hash"))
    for checkpoint in sorted(checkpoints, key=lambda each: each.seq):
        stands = hashes.get(checkpoint.seq)
        if stands == checkpoint.hash:
            continue
        what = "is missing now" if stands is None else "says something else now"
        words = f"Row {checkpoint.seq}, which the checkpoint of {checkpoint.at} saw, {what}."
        yield Finding(Fault.CHECKPOINT, words, checkpoint.seq)
        return

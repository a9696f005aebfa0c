"""The log: what is in it, and the one way to append to it.

One batch is one transaction: lock all its logs in id order, look up repeated keys, let the domain decide, number
what is appended only, insert, COMMIT. Lock order everywhere: logs, other rows, the audit head last.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any

import orjson
from django.db import connection, transaction

from community.live import failpoints, frames
from community.live.clock import clock
from community.live.domain import (
    Append,
    Author,
    Batch,
    Code,
    Command,
    Committed,
    Decision,
    Domain,
    Head,
    Outcome,
    Pending,
    Refuse,
    Rewrite,
    Same,
    Stored,
    Unchanged,
)
from community.live.models import Event, Log, Revision
from community.live.prepared import Prepared
from community.live.statements import fetch, run_each, this_threads

RESET_MESSAGES = 50
RESET_EVENTS = 500
SEQ_MAX = 2**63 - 1


@dataclass(slots=True)
class Commit:
    """What a committed batch did to one log: payloads from `first` on, and events that are served differently now.

    `min_seq` is set by a purge only: what lies below it is gone.
    """

    log_id: int
    first: int
    payloads: list[str] = field(default_factory=list)
    rewrites: list[tuple[int, str]] = field(default_factory=list)
    min_seq: int = 0


Listener = Callable[[list[Commit]], None]
_listeners: list[Listener] = []


def on_publish(listener: Listener) -> None:
    """Be told, after COMMIT and in the committing thread, what was committed."""
    _listeners.append(listener)


def publish(commits: list[Commit]) -> None:
    """Tell the listeners; what a transaction committed is told by `on_commit`."""
    failpoints.reach("log.committed", commits=commits)
    for listener in _listeners:
        listener(commits)


# --- reading -----------------------------------------------------------------------------------------------------


def head(log_id: int) -> Head:
    """Raises Log.DoesNotExist."""
    found = heads([log_id]).get(log_id)
    if found is None:
        raise Log.DoesNotExist
    return found


HEADS = Prepared(
    lambda logs: Log.objects.filter(pk__in=logs).values_list("pk", "epoch", "last_seq", "min_seq"), int
)


def heads(log_ids: Collection[int]) -> dict[int, Head]:
    return {pk: Head(epoch, last_seq, min_seq) for pk, epoch, last_seq, min_seq in HEADS(log_ids)}


def tagged(tag: str) -> list[int]:
    """The logs that carry a tag, in id order."""
    return list(Log.objects.tagged(tag).order_by("pk").values_list("pk", flat=True))


def payloads_after(log_id: int, since: int, limit: int) -> list[tuple[int, str]]:
    rows = Event.objects.filter(log_id=log_id, seq__gt=since).order_by("seq")
    return list(rows.values_list("seq", "payload")[:limit])


RESET_SEQ = Prepared(
    lambda log_id, floor, last_seq: (
        Event.objects.filter(log_id=log_id, type="message.posted", seq__gt=floor, seq__lte=last_seq)
        .order_by("-seq")
        .values_list("seq")[RESET_MESSAGES - 1 : RESET_MESSAGES]
    ),
    int,
    int,
    int,
)


def reset_point(log_id: int, at: Head) -> int:
    """The seq before the 50th-last message, at most 500 events back: where a reader without a past begins."""
    floor = max(at.min_seq - 1, at.last_seq - RESET_EVENTS)
    return max([*(seq - 1 for (seq,) in RESET_SEQ(log_id, floor, at.last_seq)), floor])


def _stored(rows: Iterable[Event]) -> list[Stored]:
    found = []
    for row in rows:
        body = orjson.loads(row.payload)
        found.append(
            Stored(
                log_id=row.log_id,
                seq=row.seq,
                type=row.type,
                actor=row.actor,
                target=row.target,
                key=row.key,
                at=row.at,
                by=body["by"],
                data=body["data"],
            )
        )
    return found


def messages_before(log_id: int, before: int | None, count: int) -> list[Stored]:
    """The newest `count` messages before the seq `before` (None: the end), oldest first, in their current form."""
    rows = Event.objects.filter(log_id=log_id, type="message.posted")
    if before is not None:
        rows = rows.filter(seq__lt=before)
    return _stored(reversed(rows.order_by("-seq")[:count]))


def events_of(log_id: int, seqs: Collection[int]) -> dict[int, Stored]:
    known = [seq for seq in seqs if seq <= SEQ_MAX]
    return {event.seq: event for event in _stored(Event.objects.filter(log_id=log_id, seq__in=known))}


def events_at(places: Collection[tuple[int, int]]) -> dict[tuple[int, int], Stored]:
    """Events by (log id, seq)."""
    if not places:
        return {}
    rows = Event.objects.filter(
        log_id__in={place[0] for place in places}, seq__in={place[1] for place in places}
    )
    return {
        (event.log_id, event.seq): event for event in _stored(rows) if (event.log_id, event.seq) in places
    }


def events_about(
    places: Collection[tuple[int, int]], kinds: Collection[str]
) -> dict[tuple[int, int], list[Stored]]:
    """Later events of these kinds whose `target` is one of the (log id, seq) places."""
    found: dict[tuple[int, int], list[Stored]] = {}
    if places:
        rows = Event.objects.filter(
            log_id__in={place[0] for place in places},
            target__in={place[1] for place in places},
            type__in=kinds,
        )
        for event in _stored(rows.order_by("seq")):
            if (event.log_id, event.target) in places:
                found.setdefault((event.log_id, event.target or 0), []).append(event)
    return found


def before_change(places: Collection[tuple[int, int]], change: str) -> dict[tuple[int, int], dict[str, Any]]:
    """The data that events had before their last change of this kind."""
    if not places:
        return {}
    rows = Revision.objects.filter(
        event__log_id__in={place[0] for place in places},
        event__seq__in={place[1] for place in places},
        change=change,
    ).order_by("id")
    found = {}
    for log_id, seq, text in rows.values_list("event__log_id", "event__seq", "payload"):
        if (log_id, seq) in places:
            found[log_id, seq] = orjson.loads(text)["data"]
    return found


# --- writing -----------------------------------------------------------------------------------------------------

LOCK_POSTGRESQL = """
    WITH wanted AS (SELECT id FROM live_log WHERE id = ANY(%s) ORDER BY id FOR UPDATE)
    UPDATE live_log SET last_seq = live_log.last_seq FROM wanted WHERE live_log.id = wanted.id
    RETURNING live_log.id, epoch, live_log.last_seq, min_seq
"""


def lock(log_ids: Collection[int]) -> dict[int, Head]:
    """Lock logs in id order until the transaction ends. On SQLite, BEGIN IMMEDIATE is the lock."""
    database = this_threads()
    if database.vendor != "postgresql":
        return heads(log_ids)
    rows = fetch(database, LOCK_POSTGRESQL, [sorted(log_ids)])
    return {pk: Head(epoch, last_seq, min_seq) for pk, epoch, last_seq, min_seq in rows}


INSERT_EVENT = """
    INSERT INTO live_event (log_id, seq, type, actor, key, target, payload, digest, at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
MOVE_HEAD = "UPDATE live_log SET last_seq = %s WHERE id = %s"
# Three IN lists would have the index probed for every combination; SQLite keeps the order of a CROSS JOIN.
KEPT_KEYS = """
    WITH wanted(log_id, actor, key) AS (VALUES {places})
    SELECT live_event.log_id, live_event.actor, live_event.key, seq, digest FROM wanted CROSS JOIN live_event
    WHERE live_event.log_id = wanted.log_id AND live_event.actor = wanted.actor AND live_event.key = wanted.key
"""

Place = tuple[int, int, str]


def keys_kept(places: Collection[Place]) -> dict[Place, tuple[int, str]]:
    """Of these (log id, actor, key): those that are stored, with their seq and digest."""
    if not places:
        return {}
    query = KEPT_KEYS.format(places=", ".join(["(%s, %s, %s)"] * len(places)))
    rows = fetch(this_threads(), query, list(chain.from_iterable(places)))
    return {(log_id, actor, key): (seq, digest) for log_id, actor, key, seq, digest in rows}


def append(commands: Sequence[Command], *, at: datetime | None = None) -> list[Outcome]:
    """Append a batch within the caller's transaction; one outcome a command, in order; readers hear of it after COMMIT.

    Raises RuntimeError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("append() needs an open transaction")
    return _Batch(commands, at or clock.now()).run()


class _Batch:
    def __init__(self, commands: Sequence[Command], at: datetime) -> None:
        self.commands = commands
        self.at = at
        self.stored_at = connection.ops.adapt_datetimefield_value(at)
        self.outcomes: list[Outcome | None] = [None] * len(commands)
        self.next_seq: dict[int, int] = {}
        self.rows: list[tuple[Any, ...]] = []
        self.commits: dict[int, Commit] = {}
        self.rewrites: list[tuple[int, Rewrite, int | None]] = []

    def run(self) -> list[Outcome]:
        log_ids = {command.opened.log_id for command in self.commands}
        for tag in {tag for command in self.commands for tag in command.locks}:
            log_ids.update(tagged(tag))
        self.heads = lock(log_ids)
        failpoints.reach("log.locked", commands=self.commands)
        self.next_seq = {log_id: at.last_seq + 1 for log_id, at in self.heads.items()}
        stored, first_with_key = self._repeats()
        self._decide(stored, first_with_key)
        self._save()
        failpoints.reach("log.saved", commands=self.commands)
        if self.commits:
            transaction.on_commit(lambda: publish(list(self.commits.values())), robust=True)
        return [outcome for outcome in self.outcomes if outcome is not None]

    def _repeats(self) -> tuple[dict[int, tuple[int, str]], dict[int, int]]:
        """Which commands' keys are stored (index -> seq, digest), and which follow an equal key in this batch."""
        keyed = {
            index: (command.opened.log_id, command.author.id, command.key)
            for index, command in enumerate(self.commands)
            if command.key is not None and command.author is not None
        }
        stored = keys_kept(set(keyed.values()))
        first: dict[Place, int] = {}
        followers: dict[int, int] = {}
        for index, place in keyed.items():
            if place not in stored and first.setdefault(place, index) != index:
                followers[index] = first[place]
        return {index: stored[place] for index, place in keyed.items() if place in stored}, followers

    def _decide(self, stored: dict[int, tuple[int, str]], followers: dict[int, int]) -> None:
        by_domain: dict[int, tuple[Domain, list[int]]] = {}
        for index, command in enumerate(self.commands):
            if command.opened.log_id not in self.heads:
                self.outcomes[index] = Refuse(Code.NOT_FOUND, "There is no such room.")
            elif index not in followers:
                domain = command.opened.domain
                by_domain.setdefault(id(domain), (domain, []))[1].append(index)
        for domain, indexes in by_domain.values():
            pending = [Pending(self.commands[index], index in stored) for index in indexes]
            decisions = domain.decide(Batch(self.heads, pending, self.at))
            for index, decision in zip(indexes, decisions, strict=True):
                self.outcomes[index] = self._settle(self.commands[index], decision, stored.get(index))
        for index, leader in followers.items():
            self.outcomes[index] = self._follow(self.commands[index], leader)

    def _settle(self, command: Command, decision: Decision, stored: tuple[int, str] | None) -> Outcome:
        if isinstance(decision, Refuse) and (stored is None or decision.code == Code.NOT_FOUND):
            return decision
        if stored is not None:
            seq, digest = stored
            return Committed(seq, dup=True) if digest == command.digest else _key_conflict()
        if isinstance(decision, Same):
            return Unchanged()
        assert isinstance(decision, Append)
        return Committed(self._number(command, decision))

    def _follow(self, command: Command, leader: int) -> Outcome:
        outcome = self.outcomes[leader]
        assert outcome is not None
        if self.commands[leader].digest != command.digest:
            return (
                outcome if isinstance(outcome, Refuse) and outcome.code == Code.NOT_FOUND else _key_conflict()
            )
        return Committed(outcome.seq, dup=True) if isinstance(outcome, Committed) else outcome

    def _number(self, command: Command, decision: Append) -> int:
        log_id, author = command.opened.log_id, command.author
        for event in decision.before:
            self._event(event.log_id, event.type, event.data, author, None, "", None)
        seq = self._event(
            log_id, decision.type, decision.data, author, command.key, command.digest, decision.target
        )
        for rewrite in decision.rewrites:
            self.rewrites.append((log_id, rewrite, author.id if author else None))
        return seq

    def _event(
        self,
        log_id: int,
        type: str,
        data: dict[str, Any],
        author: Author | None,
        key: str | None,
        digest: str,
        target: int | None,
    ) -> int:
        seq = self.next_seq[log_id]
        self.next_seq[log_id] = seq + 1
        text = frames.payload(
            seq=seq, type=type, by=author.by if author else None, at=self.at, key=key, data=data
        )
        actor = author.id if author else None
        self.rows.append((log_id, seq, type, actor, key, target, text, digest, self.stored_at))
        self.commits.setdefault(log_id, Commit(log_id, seq)).payloads.append(text)
        return seq

    def _save(self) -> None:
        if self.rows:
            database = this_threads()
            heads = [(self.next_seq[log_id] - 1, log_id) for log_id in sorted(self.commits)]
            run_each(database, INSERT_EVENT, self.rows)
            run_each(database, MOVE_HEAD, heads)
        if self.rewrites:
            self._rewrite()

    def _rewrite(self) -> None:
        events = Event.objects.filter(
            log_id__in={log_id for log_id, _, _ in self.rewrites},
            seq__in={rewrite.seq for _, rewrite, _ in self.rewrites},
        )
        found = {(event.log_id, event.seq): event for event in events}
        revisions = []
        for log_id, rewrite, by in self.rewrites:
            event = found[log_id, rewrite.seq]
            revisions.append(
                Revision(
                    event=event,
                    payload=event.payload,
                    change=rewrite.change,
                    by=by,
                    reason=rewrite.reason[:500],
                    at=self.at,
                )
            )
            event.payload = frames.encode(orjson.loads(event.payload) | {"data": rewrite.data})
            commit = self.commits[log_id]
            if rewrite.seq >= commit.first:
                commit.payloads[rewrite.seq - commit.first] = event.payload
            else:
                commit.rewrites.append((rewrite.seq, event.payload))
        Revision.objects.bulk_create(revisions)
        Event.objects.bulk_update({id(event): event for event in found.values()}.values(), ["payload"])


def _key_conflict() -> Refuse:
    return Refuse(Code.KEY_CONFLICT, "This key was used for another message.")

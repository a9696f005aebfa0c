"""Telling someone something, and what members and stewards decide about it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from community.live import ticks
from community.notifications.kinds import ACCOUNT, Kind
from community.notifications.models import (
    Channel,
    Choice,
    Delivery,
    InboxEntry,
    QuietHours,
    make_key,
)
from community.notifications.payload import sealed_payload
from community.notifications.times import next_bundle
from community.sealed import keyed_digest
from moderation.audit.actions import Subject, record, trail
from moderation.audit.chain import Facts
from moderation.audit.verbs import Verb
from moderation.sanctions.models import EVERYWHERE

JOB = "deliver"
CODE_USEFUL = timedelta(minutes=15)
LINK_USEFUL = timedelta(days=3)
LOCAL = re.compile(r"/(?![/\\])")
NEVER, AT_ONCE = Choice.How.NEVER, Choice.How.AT_ONCE


class Recipient(Protocol):
    """A member, as far as this layer knows them."""

    @property
    def pk(self) -> int: ...

    @property
    def time_zone(self) -> str: ...


class NotDead(Exception):
    """Someone else has decided about this delivery, or its words are gone: nothing can be sent again."""


def notify(
    *,
    what: str,
    kind: Kind,
    member: Recipient | None = None,
    address: str | None = None,
    context: Mapping[str, str] | None = None,
    path: str = "",
    due_at: datetime | None = None,
    useful_until: datetime | None = None,
    at: datetime,
) -> None:
    """Tell a member, or whoever reads mail at an address, one thing; a second time with the same `what` does nothing.

    `what` names the thing (`invitation:7:sent:2`) and never says anything of a person. `context` holds what the
    kind's words need, `path` the page of ours that shows it. The rows stand in the caller's transaction; what is due
    is sent within a second or two after it. Raises RuntimeError outside a transaction.
    """
    if (member is None) == (address is None):
        raise ValueError("either a member or an address")
    if member is not None:
        notify_all(
            what=what, kind=kind, members=[member], context=context, path=path, due_at=due_at,
            useful_until=useful_until, at=at,
        )  # fmt: skip
        return
    assert address is not None
    delivery = Delivery(
        what=what,
        address_digest=keyed_digest(address.casefold()),
        kind=kind.name,
        channel=Channel.EMAIL,
        payload=sealed_payload(context or {}, address=address),
        due_at=due_at or at,
        useful_until=_useful_until(kind, useful_until, due_at or at),
        made_at=at,
    )
    _write([delivery])


def notify_all(
    *,
    what: str,
    kind: Kind,
    members: Iterable[Recipient],
    context: Mapping[str, str] | None = None,
    path: str = "",
    due_at: datetime | None = None,
    useful_until: datetime | None = None,
    at: datetime,
) -> None:
    """Tell several members the same, in two queries however many. Raises KeyError for a word that the line lacks."""
    kind.line.format(**(context or {}))
    if path and not LOCAL.match(path):
        raise ValueError("a path of ours begins with one slash")
    people = list(members)
    due = due_at or at
    chosen = _choices(kind, people)
    payload = sealed_payload(context or {}, path=path)
    deliveries = []
    for person in people:
        key = make_key()
        for channel in kind.channels:
            how = chosen.get((person.pk, channel), AT_ONCE)
            if how == NEVER:
                continue
            gathered = how != AT_ONCE
            weekly = how == Choice.How.WEEKLY
            deliveries.append(
                Delivery(
                    what=what,
                    member_id=person.pk,
                    kind=kind.name,
                    channel=channel,
                    key=key,
                    payload=payload,
                    state=Delivery.State.GATHERED if gathered else Delivery.State.WAITING,
                    due_at=next_bundle(due, ZoneInfo(person.time_zone), weekly=weekly) if gathered else due,
                    useful_until=_useful_until(kind, useful_until, due),
                    made_at=at,
                )
            )
    _write(deliveries)


def notify_addresses(
    *, kind: Kind, letters: Iterable[tuple[str, str, Mapping[str, str]]], at: datetime
) -> None:
    """Tell many addresses something, each a thing of its own (what, address, context), in a few queries."""
    _write(
        [
            Delivery(
                what=what,
                address_digest=keyed_digest(address.casefold()),
                kind=kind.name,
                channel=Channel.EMAIL,
                payload=sealed_payload(context, address=address),
                due_at=at,
                useful_until=_useful_until(kind, None, at),
                made_at=at,
            )
            for what, address, context in letters
        ]
    )


def notify_by_allauth(*, address: str, subject: str, text: str, code: bool, at: datetime) -> None:
    """Mail that a sign-in asked for, already in words; `code` when it holds a short-lived code rather than a link.

    The same work for an address that is known here and for one that is not.
    """
    with transaction.atomic():
        notify(
            what=f"account:{secrets.token_hex(12)}",
            kind=ACCOUNT,
            address=address,
            context={"subject": subject, "text": text},
            useful_until=at + (CODE_USEFUL if code else LINK_USEFUL),
            at=at,
        )


@transaction.atomic
def mark_read(*, member_id: int, key: str | None = None, at: datetime) -> int:
    """One entry of the member's inbox, or all of them; how many were new."""
    unread = InboxEntry.objects.unread().filter(member_id=member_id)
    return (unread if key is None else unread.filter(key=key)).update(read_at=at)


@transaction.atomic
def choose(*, member_id: int, choices: Mapping[tuple[Kind, Channel], Choice.How]) -> None:
    """How the member wants each kind by each channel. Raises ValueError for a kind that always comes."""
    if any(not kind.switchable for kind, _ in choices):
        raise ValueError("this kind can't be switched")
    names = {(kind.name, channel) for kind, channel in choices}
    standing = Choice.objects.filter(member_id=member_id)
    for name, channel in names:
        standing.filter(kind=name, channel=channel).delete()
    Choice.objects.bulk_create(
        Choice(member_id=member_id, kind=kind.name, channel=channel, how=how)
        for (kind, channel), how in choices.items()
        if how != AT_ONCE
    )


def set_quiet_hours(*, member_id: int, quiet: tuple[time, time] | None) -> None:
    """From when until when no mail comes, on the member's own clock; None for mail at any time."""
    if quiet is None:
        QuietHours.objects.filter(member_id=member_id).delete()
        return
    start, end = quiet
    QuietHours.objects.update_or_create(member_id=member_id, defaults={"start": start, "end": end})


@transaction.atomic
def settle(
    *,
    member_id: int,
    choices: Mapping[tuple[Kind, Channel], Choice.How],
    quiet: tuple[time, time] | None,
) -> None:
    """All that the page of choices asks, at once."""
    choose(member_id=member_id, choices=choices)
    set_quiet_hours(member_id=member_id, quiet=quiet)


@transaction.atomic
@trail()
def retry(*, delivery: Delivery, by_id: int | None, at: datetime) -> None:
    """Let a dead delivery try anew, as if for the first time. Raises NotDead."""
    dead = Delivery.objects.dead().retriable(at).filter(pk=delivery.pk)
    if not dead.update(
        state=Delivery.State.WAITING, due_at=at, attempts=0, lease_by="", last_error="", perhaps_sent=False,
        ended_at=None,
    ):  # fmt: skip
        raise NotDead
    _record(Verb.DELIVERY_RETRIED, delivery, by_id, at)
    _wake()


def retry_all(*, at: datetime, perhaps_sent: bool = False) -> int:
    """Retry every dead delivery that can be, those that may have arrived only when asked to; how many."""
    dead = Delivery.objects.dead().retriable(at)
    again = 0
    for delivery in dead if perhaps_sent else dead.filter(perhaps_sent=False):
        with suppress(NotDead):
            retry(delivery=delivery, by_id=None, at=at)
            again += 1
    return again


@transaction.atomic
@trail()
def drop(*, delivery: Delivery, by_id: int | None, at: datetime) -> None:
    """Give a dead delivery up for good, and wipe what it held. Raises NotDead."""
    dead = Delivery.objects.dead().filter(pk=delivery.pk)
    if not dead.update(state=Delivery.State.DROPPED, payload="", lease_by="", ended_at=at):
        raise NotDead
    _record(Verb.DELIVERY_DROPPED, delivery, by_id, at)


def _record(verb: Verb, delivery: Delivery, by_id: int | None, at: datetime) -> None:
    facts: Facts = {
        "kind": delivery.kind,
        "channel": delivery.channel,
        "error": delivery.last_error,
        "perhaps_sent": delivery.perhaps_sent,
    }
    subject = Subject("delivery", delivery.pk)
    record(verb=verb, actor=by_id, subject=subject, scope=EVERYWHERE, facts=facts, at=at)


def _choices(kind: Kind, people: Sequence[Recipient]) -> dict[tuple[int, str], str]:
    if not kind.switchable:
        return {}
    chosen = Choice.objects.filter(kind=kind.name, member_id__in=[person.pk for person in people])
    if kind.urgent:
        chosen = chosen.filter(how=NEVER)
    return {(choice.member_id, choice.channel): choice.how for choice in chosen}


def _useful_until(kind: Kind, given: datetime | None, due: datetime) -> datetime | None:
    return given or (due + kind.useful_for if kind.useful_for is not None else None)


def _write(deliveries: list[Delivery]) -> None:
    if not connection.in_atomic_block:
        raise RuntimeError("a delivery stands in the transaction of what it tells of")
    Delivery.objects.bulk_create(deliveries, ignore_conflicts=True)
    _wake()


def _wake() -> None:
    transaction.on_commit(lambda: ticks.wake(JOB), robust=True)

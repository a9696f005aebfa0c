"""A worker's round: take what is due, and send it or put it in the inbox."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from django.core.mail.message import BadHeaderError
from django.db import transaction

from community.live import failpoints
from community.live.clock import clock
from community.notifications import ledger
from community.notifications.bundles import bundle_due
from community.notifications.kinds import Kind, kind_named
from community.notifications.mail import NotTaken, PerhapsTaken, Post, compose, one_line
from community.notifications.models import Channel, Delivery, InboxEntry
from community.notifications.payload import read_payload
from community.notifications.times import quiet_until
from community.sealed import Unreadable

logger = structlog.get_logger("community.notifications")

WORDS_MAX = 300
# Taken by the mail server and not yet written down: one at most, unless the database is away.
_sent: deque[Delivery] = deque()


def deliver_due(at: datetime) -> bool:
    """Take back what lost workers held, make the bundles that are due, deliver a batch. True when more may be due.

    Time goes on from `at` while the round lasts.
    """
    started = clock.monotonic()

    def now() -> datetime:
        return at + timedelta(seconds=clock.monotonic() - started)

    _write_down(at)
    ledger.take_back_lost(at)
    bundle_due(at)
    claimed = ledger.claim(at)
    failpoints.reach("delivery.claimed", count=len(claimed))
    with Post() as post:
        for delivery in claimed:
            _deliver(delivery, post, now())
    return len(claimed) == ledger.BATCH


def _deliver(delivery: Delivery, post: Post, at: datetime) -> None:
    """Whatever goes wrong with one is written down, by the name of the error alone, and does not touch the next."""
    try:
        kind = kind_named(delivery.kind)
    except KeyError:
        ledger.failed(delivery, at, "UnknownKind", for_good=False)
        return
    if _is_useless(delivery, kind, at):
        ledger.drop_unsent(delivery, at, ledger.USELESS)
    elif delivery.channel == Channel.INBOX:
        _put_in_inbox(delivery, kind, at)
    elif (until := _quiet_until(delivery, kind, at)) is not None:
        ledger.postpone(delivery, until)
    else:
        _send(delivery, kind, post, at)


def _is_useless(delivery: Delivery, kind: Kind, at: datetime) -> bool:
    if delivery.useful_until is not None and at >= delivery.useful_until:
        return True
    member = delivery.member
    if member is None:
        return False
    # Who has paused is written to by nobody, and finds it all when they come back.
    away = member.away_since is not None and delivery.channel != Channel.INBOX
    return member.gone_at is not None or ((not member.is_active or away) and not kind.urgent)


def _quiet_until(delivery: Delivery, kind: Kind, at: datetime) -> datetime | None:
    member = delivery.member
    quiet = getattr(member, "quiet_hours", None)
    if kind.urgent or member is None or quiet is None:
        return None
    return quiet_until(at, quiet.start, quiet.end, ZoneInfo(member.time_zone))


def _put_in_inbox(delivery: Delivery, kind: Kind, at: datetime) -> None:
    """The line and the end of the delivery are one transaction, so there is no in-between to be unsure of."""
    try:
        payload = read_payload(delivery.payload)
        assert delivery.member is not None
        words = one_line(kind.line.format(**payload.context))[:WORDS_MAX]
        with transaction.atomic():
            if not ledger.mark_sent(delivery, at):
                return
            failpoints.reach("delivery.accepted", delivery=delivery)
            InboxEntry.objects.create(
                member=delivery.member,
                key=delivery.key,
                kind=kind.name,
                words=words,
                path=payload.path,
                at=at,
            )
    except Exception as error:  # noqa: BLE001 - one that can't be put there must not hold up the next
        _note(delivery, error)
        ledger.failed(delivery, at, type(error).__name__, for_good=isinstance(error, Unreadable))


def _send(delivery: Delivery, kind: Kind, post: Post, at: datetime) -> None:
    try:
        message = compose(delivery, kind)
        post.open()
    except NotTaken as fault:
        ledger.failed(delivery, at, fault.error, for_good=fault.for_good)
        return
    except Exception as error:  # noqa: BLE001 - nothing was handed over, so it can be tried again
        _note(delivery, error)
        hopeless = isinstance(error, Unreadable | BadHeaderError)
        ledger.failed(delivery, at, type(error).__name__, for_good=hopeless)
        return
    failpoints.reach("delivery.composed", delivery=delivery)
    if not ledger.hand_over(delivery, at):
        return
    failpoints.reach("delivery.handing_over", delivery=delivery)
    try:
        post.hand_over(message)
    except NotTaken as fault:
        ledger.failed(delivery, at, fault.error, for_good=fault.for_good)
    except Exception as error:  # noqa: BLE001 - whatever it is, the server may have had it all: not again by itself
        cause = error.__cause__ if isinstance(error, PerhapsTaken) else error
        ledger.unsure(delivery, at, type(cause).__name__)
    else:
        failpoints.reach("delivery.accepted", delivery=delivery)
        _sent.append(delivery)
        _write_down(at)
        failpoints.reach("delivery.marked", delivery=delivery)


def _write_down(at: datetime) -> None:
    """Say of what was sent that it was; where the database was away, this is made up for in a later round."""
    while _sent:
        ledger.mark_sent(_sent[0], at)
        _sent.popleft()


def _note(delivery: Delivery, error: Exception) -> None:
    """The class alone: an error's words may hold an address or a link."""
    logger.warning("delivery_failed", delivery=delivery.pk, kind=delivery.kind, error=type(error).__name__)

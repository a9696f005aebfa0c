"""Asking, answering, taking back, ending. What the asked decides is never told to the asker, but a yes.

None of it is on record for others: it is between two people. What is said in their room is kept as in every room.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import transaction

from community.groups.models import Group, Membership
from community.live import eviction, log
from community.live.domain import Author, Command
from community.live.models import Log
from community.members.blocks import access as blocks
from community.members.blocks.actions import lock_both
from community.members.models import Member
from community.notifications.actions import notify
from community.text import render_room_text
from sessions.direct import access
from sessions.direct.access import Way
from sessions.direct.kinds import ASKED
from sessions.direct.models import Ask, Pair
from sessions.rooms import acts
from sessions.rooms.access import meeting_of
from sessions.rooms.domain import rooms
from sessions.rooms.models import Room

ROOM_NAME = "Direct contact"
ENDED = "ended"


class NotNow(Exception):
    """They can't be asked now; carries the way it stands."""

    def __init__(self, way: Way) -> None:
        super().__init__(way.value)
        self.way = way


class InAMeeting(Exception):
    """Whoever answers sits in a meeting."""


class Gone(Exception):
    """The request does not stand any more."""


@transaction.atomic
def ask(*, asker: Member, asked: Member, words: str, at: datetime) -> Ask:
    """Ask someone to talk one to one. For whoever asks it waits, whatever the other thinks of it. Raises NotNow."""
    lock_both(asker, asked)
    way = access.way_to(asker, asked, at)
    if way is not Way.OPEN:
        raise NotNow(way)
    before = Ask.objects.filter(asker=asker, asked=asked).first()
    # A "not now" stands for later requests, too; and one from someone blocked is put where those are.
    aside = blocks.has_blocked(asked, asker) or (before is not None and before.answer == Ask.Answer.NOT_NOW)
    answer = Ask.Answer.NOT_NOW if aside else Ask.Answer.NONE
    made, _ = Ask.objects.update_or_create(
        asker=asker,
        asked=asked,
        defaults={
            "words": words or None,
            "at": at,
            "answer": answer,
            "answered_at": at if aside else None,
            "withdrawn_at": None,
        },
    )
    if not aside:
        what = f"ask:{made.pk}:{at:%Y%m%d%H%M%S}"
        notify(
            what=what, kind=ASKED, member=asked, path="/direct/", useful_until=at + access.STANDS_FOR, at=at
        )
    return made


@transaction.atomic
def take_back(*, ask: Ask, at: datetime) -> None:
    """The other finds nothing of it any more."""
    Ask.objects.filter(pk=ask.pk).update(withdrawn_at=at, words=None)


@transaction.atomic
def set_aside(*, ask: Ask, at: datetime) -> None:
    """Not now. The asker is not told; a yes can still follow."""
    Ask.objects.filter(pk=ask.pk, answer=Ask.Answer.NONE).update(answer=Ask.Answer.NOT_NOW, answered_at=at)


@transaction.atomic
def accept(*, ask: Ask, at: datetime) -> Pair:
    """Open a room for the two of them; the words of the request are the first ones in it. Raises Gone, InAMeeting."""
    asker, asked = ask.asker, ask.asked
    lock_both(asker, asked)
    ask = Ask.objects.select_for_update().get(pk=ask.pk)
    if held := access.between(asker, asked).filter(ended_at__isnull=True).first():
        return held
    if ask.withdrawn_at is not None or ask.answer == Ask.Answer.YES or blocks.stands_between(asker, asked):
        raise Gone
    if not access.eased(asker, asked) and meeting_of(asked, at) is not None:
        raise InAMeeting
    pair, room = _make_room(asker, asked, at)
    first = 0
    if ask.words:
        words = acts.Say(ask.words, render_room_text(ask.words), None, "")
        log.append([Command(rooms.opened(room), Author.of(asker), words)], at=at)
        first = 1
    rooms.move_read_positions({(room.pk, asker.pk): first, (room.pk, asked.pk): first})
    Ask.objects.filter(asker__in=[asker, asked], asked__in=[asker, asked]).update(
        answer=Ask.Answer.YES, answered_at=at, words=None
    )
    return pair


def _make_room(one: Member, other: Member, at: datetime) -> tuple[Pair, Room]:
    slug = f"direct-{secrets.token_hex(10)}"
    group = Group.objects.create(
        kind=Group.Kind.PAIR,
        slug=slug,
        name=ROOM_NAME,
        joining=Group.Joining.CLOSED,
        listed=False,
        created_at=at,
    )
    Membership.objects.bulk_create(
        [Membership(group=group, member=member, joined_at=at) for member in (one, other)]
    )
    kept = Log.objects.create()
    room = Room.objects.create(
        slug=slug, name=ROOM_NAME, group=group, log=kept, always_open=False, phase_at=at, created_at=at
    )
    Log.objects.filter(pk=kept.pk).update(tags=Log.join_tags(group.tag, room.tag))
    low, high = sorted((one, other), key=lambda member: member.pk)
    return Pair.objects.create(group=group, low=low, high=high, at=at), room


@transaction.atomic
def end(*, pair: Pair, by: Member, at: datetime) -> bool:
    """End a conversation for both, at once and for good: only whoever ended it may ask again. False if it had ended.

    What was said stays where it is for as long as rooms keep words, and nobody reads it any more.
    """
    log.lock(log.tagged(pair.group.tag))
    ended = Pair.objects.filter(pk=pair.pk, ended_at__isnull=True).update(ended_at=at, ended_by=by)
    if ended:
        Membership.objects.filter(group_id=pair.group_id).delete()
        for member_id in (pair.low_id, pair.high_id):
            eviction.evict(member_id, pair.group.tag, ENDED)
    return bool(ended)


def end_between(by: Member, whom: Member, at: datetime) -> None:
    """When someone blocks: what the two share ends as if it were ended, taken back, or not answered."""
    for pair in access.between(by, whom).filter(ended_at__isnull=True).select_related("group"):
        end(pair=pair, by=by, at=at)
    Ask.objects.filter(asker=by, asked=whom, withdrawn_at__isnull=True).update(withdrawn_at=at, words=None)
    Ask.objects.filter(asker=whom, asked=by, answer=Ask.Answer.NONE).update(
        answer=Ask.Answer.NOT_NOW, answered_at=at
    )


def end_with_membership(group: Group, member: Member, at: datetime) -> None:
    """When someone leaves the whole place, who talked with them is not left in a room alone."""
    for pair in Pair.objects.filter(group=group, ended_at__isnull=True).select_related("group"):
        end(pair=pair, by=member, at=at)


def forget_spent_words(at: datetime) -> int:
    """Clear the words of requests that stand no longer; how many."""
    spent = Ask.objects.filter(at__lte=at - access.STANDS_FOR, words__isnull=False)
    return spent.update(words=None)

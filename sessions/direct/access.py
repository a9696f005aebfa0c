"""Who may ask whom, who waits for an answer, and who talks with whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from django.db.models import Q, QuerySet
from django.http import Http404

from community.groups.models import Group, Membership
from community.house.access import house
from community.members.access import profiles_for
from community.members.blocks import access as blocks
from community.members.models import Member
from sessions.direct.models import Ask, Pair
from sessions.rooms.access import (
    RoomSummary,
    conversations_of,
    meeting_of,
    unread_conversations,
)
from sessions.rooms.models import Room

STANDS_FOR = timedelta(days=30)
ASKS_A_DAY = 5
ASKS_WAITING = 10
STAFF = frozenset({Member.Role.STEWARD, Member.Role.CLINICIAN})


class Way(Enum):
    """Whether someone may be asked now; if not, why, in words for who would ask."""

    OPEN = ""
    TALKING = "You are talking with each other already."
    THEY_ASKED = "They have asked you."
    WAITING = "You have asked."
    ENDED = "You talked with each other, and it has ended."
    NOT_TAKING = "They take no requests to talk one to one."
    YOU_ARE_NEW = "Direct contact opens when you have been here for a while."
    THEY_ARE_NEW = "They are new here. Direct contact opens for them after a while."
    IN_A_MEETING = "You are in a meeting. Direct contact rests until it is over."
    ENOUGH_TODAY = "That is enough for today. You can ask more people tomorrow."
    ENOUGH_WAITING = "Several people have not answered yet. Take one request back, or wait."


@dataclass(frozen=True, slots=True)
class Conversation:
    """A pair as a list shows it."""

    pair: Pair
    other: Member
    room: RoomSummary


def pairs_of(member: Member) -> QuerySet[Pair]:
    return Pair.objects.filter(Q(low=member) | Q(high=member))


def between(one: Member, other: Member) -> QuerySet[Pair]:
    low, high = sorted((one.pk, other.pk))
    return Pair.objects.filter(low=low, high=high)


def conversations(member: Member) -> list[Conversation]:
    """Who the member talks with, newest words first."""
    rooms = conversations_of(member)
    standing = pairs_of(member).filter(ended_at__isnull=True, group__in=[one.group.pk for one in rooms])
    pairs = {pair.group_id: pair for pair in standing.select_related("low", "high")}
    return [
        Conversation(pair, pair.high if pair.low_id == member.pk else pair.low, room)
        for room in rooms
        if (pair := pairs.get(room.group.pk)) is not None
    ]


def pair_for(member: Member, slug: str) -> Pair:
    """The conversation that is held in a room. Raises Http404."""
    standing = pairs_of(member).filter(ended_at__isnull=True, group__rooms__slug=slug)
    pair = standing.select_related("group", "low", "high").first()
    if pair is None:
        raise Http404
    return pair


def person_for(member: Member, public_id: str) -> Member:
    """Someone whose profile the member may see, other than themself. Raises Http404."""
    person = profiles_for(member).filter(public_id=public_id).exclude(pk=member.pk).first()
    if person is None:
        raise Http404
    return person


# --- asks ----------------------------------------------------------------------------------------------------------


def asks_to(member: Member, at: datetime) -> QuerySet[Ask]:
    """What the member is asked, by people they can see and have not blocked."""
    received = Ask.objects.filter(
        asked=member,
        withdrawn_at__isnull=True,
        at__gt=at - STANDS_FOR,
        asker__in=profiles_for(member).values("pk"),
    )
    return received.exclude(asker__in=blocks.blocked_by(member)).select_related("asker")


def open_asks_to(member: Member, at: datetime) -> QuerySet[Ask]:
    return asks_to(member, at).filter(answer=Ask.Answer.NONE)


def asks_by(member: Member, at: datetime) -> QuerySet[Ask]:
    """Whom the member asked and has no yes from: whether there was another answer makes no difference here."""
    made = Ask.objects.filter(
        asker=member,
        withdrawn_at__isnull=True,
        at__gt=at - STANDS_FOR,
        asked__in=profiles_for(member).values("pk"),
    )
    return made.exclude(answer=Ask.Answer.YES).select_related("asked")


def ask_to_answer(member: Member, pk: int, at: datetime) -> Ask:
    """Raises Http404."""
    ask = asks_to(member, at).exclude(answer=Ask.Answer.YES).filter(pk=pk).first()
    if ask is None:
        raise Http404
    return ask


def ask_to_take_back(member: Member, pk: int, at: datetime) -> Ask:
    """Raises Http404."""
    ask = asks_by(member, at).filter(pk=pk).first()
    if ask is None:
        raise Http404
    return ask


# --- who may ask whom ------------------------------------------------------------------------------------------------


def way_to(asker: Member, asked: Member, at: datetime) -> Way:
    """Whether `asker` may ask someone whom they can see. What the asked has decided about them plays no part in it."""
    held = list(between(asker, asked).order_by("-at")[:1])
    if held and held[0].ended_at is None:
        return Way.TALKING
    if open_asks_to(asker, at).filter(asker=asked).exists():
        return Way.THEY_ASKED
    if held and held[0].ended_by_id != asker.pk:
        return Way.ENDED
    if (
        Ask.objects.filter(asker=asker, asked=asked, at__gt=at - STANDS_FOR)
        .exclude(answer=Ask.Answer.YES)
        .exists()
    ):
        return Way.WAITING
    if not _takes_from(asked, asker):
        return Way.NOT_TAKING
    if not eased(asker, asked):
        if is_new(asker, at):
            return Way.YOU_ARE_NEW
        if is_new(asked, at):
            return Way.THEY_ARE_NEW
        if meeting_of(asker, at) is not None:
            return Way.IN_A_MEETING
    if Ask.objects.filter(asker=asker, at__gt=at - timedelta(days=1)).count() >= ASKS_A_DAY:
        return Way.ENOUGH_TODAY
    if asks_by(asker, at).count() >= ASKS_WAITING:
        return Way.ENOUGH_WAITING
    return Way.OPEN


def _takes_from(asked: Member, asker: Member) -> bool:
    match asked.contact_from:
        case Member.ContactFrom.NOBODY:
            return False
        case Member.ContactFrom.KEEPERS:
            return asker.role in STAFF or facilitates_for(asker, asked)
        case _:
            return True


def eased(one: Member, other: Member) -> bool:
    """With staff, and with whoever facilitates a group of theirs, people may talk at any time."""
    return bool({one.role, other.role} & STAFF) or facilitates_for(one, other) or facilitates_for(other, one)


def facilitates_for(keeper: Member, member: Member) -> bool:
    groups = Group.objects.of(member).values("pk")
    return Membership.objects.filter(
        member=keeper, role=Membership.Role.FACILITATOR, group__in=groups
    ).exists()


def rests(room: Room, author: Member, at: datetime) -> bool:
    """Whether the author sits in a meeting, and so writes to nobody alone; having looked in a moment ago is no bar."""
    if meeting_of(author, at, timedelta(0)) is None:
        return False
    pair = Pair.objects.select_related("low", "high").get(group=room.group_id)
    return not eased(pair.low, pair.high)


def is_new(member: Member, at: datetime) -> bool:
    return member.joined_at > at - timedelta(days=house().newcomer_days)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for a member in direct contact; `people` ask, `unread` conversations have something new."""

    people: int
    unread: int


def waiting_for(member: Member, at: datetime) -> Waiting:
    """Two queries."""
    return Waiting(open_asks_to(member, at).count(), unread_conversations(member))

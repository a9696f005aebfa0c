"""Pausing, leaving, coming back, and what is done when someone has died.

Above this layer others say what stands in the way of leaving, and do what is theirs when someone is gone for good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.urls import reverse

from community.house.access import house
from community.live import eviction, renaming
from community.members.handles import SOMEONE_WHO_LEFT, skeleton
from community.members.kinds import LEAVING
from community.members.models import Departure, HandleChange, HandleRequest, HeldHandle, Member
from community.members.roles import lock_stewards, refuse_if_last
from community.members.signin.models import ShortPassword, SignIn
from community.notifications.actions import notify
from community.notifications.models import Choice, QuietHours
from moderation.audit.actions import Subject, record, trail
from moderation.audit.chain import digest_of
from moderation.audit.verbs import Verb
from moderation.sanctions.models import EVERYWHERE

COOL_OFF = timedelta(days=14)
Kind, Name = Departure.Kind, Departure.Name

Told = Callable[[Member, datetime], None]
Obstacles = Callable[[Member], Iterable[str]]
_told: list[Told] = []
_obstacles: list[Obstacles] = []


class StandsInTheWay(Exception):
    """`reasons` say in sentences what must be done before one can leave."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(reasons)
        self.reasons = reasons


class AwayAlready(Exception):
    """The member has paused, asked to leave, or is gone."""


class CameBackFirst(Exception):
    """Someone signed in while they were about to be let go."""


def on_leaving(told: Told) -> None:
    """Have something done within the transaction in which a member is gone for good. It may lock logs."""
    _told.append(told)


def on_asking_to_leave(obstacles: Obstacles) -> None:
    """Say in sentences what keeps a member from leaving now; nothing if nothing does."""
    _obstacles.append(obstacles)


def what_stands_in_the_way(member: Member) -> list[str]:
    return [reason for obstacles in _obstacles for reason in obstacles(member)]


@transaction.atomic
@trail()
def pause(*, member: Member, at: datetime) -> Departure:
    """Be nowhere to be seen until one signs in again. Raises LastSteward, AwayAlready."""
    departure = _go_away(member, Departure(member=member, kind=Kind.PAUSE, by=member, at=at))
    _record(Verb.MEMBER_PAUSED, member, member, at)
    return departure


@transaction.atomic
@trail()
def ask_to_leave(*, member: Member, name: Departure.Name, at: datetime) -> Departure:
    """Be nowhere to be seen, and gone for good after the cool-off; signing in undoes it.

    Raises StandsInTheWay, LastSteward, AwayAlready.
    """
    if reasons := what_stands_in_the_way(member):
        raise StandsInTheWay(reasons)
    asked = Departure(member=member, kind=Kind.LEAVE, by=member, at=at, due=at + COOL_OFF, name=name)
    departure = _go_away(member, asked)
    notify(what=f"leaving:{departure.pk}", kind=LEAVING, member=member, path=reverse("members:you"), at=at)
    _record(Verb.MEMBER_LEAVING, member, member, at, {"name": name.value})
    return departure


def _go_away(member: Member, departure: Departure) -> Departure:
    """Raises LastSteward, AwayAlready."""
    stewards = lock_stewards()
    held = Member.objects.select_for_update().get(pk=member.pk)
    if held.away_since is not None or held.gone_at is not None:
        raise AwayAlready
    if held.role == Member.Role.STEWARD:
        refuse_if_last(member, stewards)
    member.away_since = departure.at
    Member.objects.filter(pk=member.pk).update(away_since=departure.at)
    departure.save()
    _cut(member)
    return departure


def _cut(member: Member) -> None:
    SignIn.objects.filter(member=member).delete()
    eviction.end_all_sign_ins(member.pk)


@transaction.atomic
@trail()
def come_back(*, member: Member, at: datetime) -> Departure | None:
    """Undo pausing or asking to leave, as signing in does; None if there was nothing to undo."""
    held = Member.objects.select_for_update().get(pk=member.pk)
    if held.away_since is None or held.gone_at is not None:
        return None
    departure = Departure.objects.filter(member=member, undone_at__isnull=True, done_at__isnull=True).first()
    if departure is None:
        return None
    Departure.objects.filter(pk=departure.pk).update(undone_at=at)
    Member.objects.filter(pk=member.pk).update(away_since=None)
    member.away_since = None
    _record(Verb.MEMBER_CAME_BACK, member, member, at, {"from": departure.kind})
    return departure


def finish_leaving(at: datetime) -> int:
    """Let go those whose cool-off has passed, and take their names off where they asked for that; how many are gone."""
    due = Departure.objects.filter(kind=Kind.LEAVE, due__lte=at, undone_at__isnull=True, done_at__isnull=True)
    gone = 0
    for departure in due.select_related("member"):
        with suppress(CameBackFirst):
            let_go(departure=departure, at=at)
            gone += 1
    for departure in Departure.objects.filter(
        kind=Kind.LEAVE, name=Name.OFF, done_at__isnull=False, name_off_at__isnull=True
    ).select_related("member"):
        renaming.rename(departure.member.public_id, SOMEONE_WHO_LEFT)
        Departure.objects.filter(pk=departure.pk).update(name_off_at=at)
    return gone


@transaction.atomic
@trail()
def let_go(*, departure: Departure, at: datetime) -> None:
    """Someone is gone: what is theirs elsewhere, then who they were. Raises CameBackFirst."""
    # Others lock logs, and logs come before every other lock.
    for told in _told:
        told(departure.member, at)
    member = Member.objects.select_for_update().get(pk=departure.member_id)
    standing = Departure.objects.filter(pk=departure.pk, undone_at__isnull=True, done_at__isnull=True)
    if not standing.update(done_at=at):
        raise CameBackFirst
    _erase(member, departure, at)
    _cut(member)
    _record(Verb.MEMBER_LEFT, member, None, at)


def _erase(member: Member, departure: Departure, at: datetime) -> None:
    """What led to the person goes: address, password, keys, what they said of themself, and the name if asked."""
    Authenticator.objects.filter(user=member).delete()
    EmailAddress.objects.filter(user=member).delete()
    ShortPassword.objects.filter(member=member).delete()
    HandleRequest.objects.filter(member=member).delete()
    Choice.objects.filter(member=member).delete()
    QuietHours.objects.filter(member=member).delete()
    member.inbox.all().delete()
    member.blocks.all().delete()
    member.recoveries.all().delete()
    if departure.name == Name.OFF:
        HandleChange.objects.filter(member=member).delete()
        until = at + timedelta(days=house().handle_held_days)
        HeldHandle.objects.filter(member=member).update(member=None)
        HeldHandle.objects.update_or_create(
            skeleton=skeleton(member.handle), defaults={"member": None, "until": until}
        )
        member.handle = SOMEONE_WHO_LEFT
        member.handle_skeleton = f"left {member.pk}"
    member.set_unusable_password()
    member.email = f"{member.public_id}@left.invalid"
    member.role, member.is_superuser = Member.Role.ALUMNUS, False
    member.pronouns = member.about = member.help_words = ""
    member.help_with = []
    member.contact_from = Member.ContactFrom.NOBODY
    member.is_active, member.gone_at = False, at
    member.last_login = member.active_week = None
    member.save()


@transaction.atomic
@trail()
def mark_as_died(*, member: Member, by: Member, words: str, at: datetime) -> Departure:
    """Close the account of someone who has died. The machine tells nobody; what they wrote stays, under their name.

    With `words`, the profile stays for those who shared a group with them, and says them.
    Raises LastSteward, AwayAlready.
    """
    stewards = lock_stewards()
    held = Member.objects.select_for_update().get(pk=member.pk)
    if held.gone_at is not None:
        raise AwayAlready
    if held.role == Member.Role.STEWARD:
        refuse_if_last(member, stewards)
    Departure.objects.filter(member=member, undone_at__isnull=True).update(undone_at=at)
    departure = Departure.objects.create(
        member=member, kind=Kind.DEATH, by=by, at=at, name=Name.STAYS, words=words.strip()[:500]
    )
    _set_gone(member, at)
    _cut(member)
    facts = {"words": digest_of(departure.words)} if departure.words else {}
    _record(Verb.MEMBER_DIED, member, by, at, facts)
    return departure


@transaction.atomic
@trail()
def undo_died(*, member: Member, by: Member, at: datetime) -> bool:
    """It was a mistake: the account is as it was. False when nothing was written down."""
    Member.objects.select_for_update().get(pk=member.pk)
    standing = Departure.objects.filter(member=member, kind=Kind.DEATH, undone_at__isnull=True)
    if not standing.update(undone_at=at):
        return False
    _set_gone(member, None)
    _record(Verb.MEMBER_CAME_BACK, member, by, at, {"from": Kind.DEATH.value})
    return True


def _set_gone(member: Member, at: datetime | None) -> None:
    suspended = member.restrictions.standing().filter(kind="suspension", scope=EVERYWHERE).exists()
    member.is_active, member.gone_at, member.away_since = at is None and not suspended, at, at
    member.save(update_fields=["is_active", "gone_at", "away_since"])


def _record(
    verb: Verb, member: Member, by: Member | None, at: datetime, facts: dict[str, Any] | None = None
) -> None:
    record(
        verb=verb,
        actor=by.pk if by else None,
        subject=Subject("member", member.pk),
        scope=EVERYWHERE,
        facts=facts or {},
        at=at,
    )

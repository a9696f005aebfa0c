"""What a member goes by: changing it, holding the old one back, asking for another."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.urls import reverse

from community.house.access import house
from community.live import eviction
from community.members import handles
from community.members.handles import HandleTaken, skeleton
from community.members.kinds import HANDLE_ASKED
from community.members.models import HandleChange, HandleRequest, HeldHandle, Member
from community.notifications.actions import notify
from moderation.audit.actions import Subject, record, trail
from moderation.audit.chain import digest_of
from moderation.audit.verbs import Verb
from moderation.sanctions.models import EVERYWHERE


class HandlePaused(Exception):
    """Changed a short while ago; `until` says when it may be changed again."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


@transaction.atomic
@trail()
def change_handle(*, member: Member, handle: str, at: datetime) -> Member:
    """Go by another handle. What the old one reads like is held back for the member.

    Raises HandleRefused, HandleTaken, HandlePaused.
    """
    handle = handles.tidy(handle)
    was = Member.objects.select_for_update().get(pk=member.pk)
    if handle == was.handle:
        return member
    handles.check(handle, house=house().name)
    # Another spelling of the same is no other handle.
    same = skeleton(handle) == skeleton(was.handle)
    if not same and (until := paused_until(member, at)) is not None:
        raise HandlePaused(until)
    _take(member, was, handle, at)
    if not same:
        _hold(was, at)
        HandleRequest.objects.filter(member=member, answered_at__isnull=True).update(answered_at=at)
    HandleChange.objects.create(member=member, was=was.handle, at=at)
    eviction.renew_member(member.pk)
    record(
        verb=Verb.HANDLE_CHANGED,
        actor=member.pk,
        subject=Subject("member", member.pk),
        scope=EVERYWHERE,
        facts={"was": digest_of(was.handle)},
        at=at,
    )
    return member


def _take(member: Member, was: Member, handle: str, at: datetime) -> None:
    """Raises HandleTaken. The row first, then what is held: whoever lets go of it holds it in the same transaction."""
    reads = skeleton(handle)
    if reads == skeleton(was.handle):
        reads = was.handle_skeleton
    # Asked first, so that two who would swap handles don't wait for each other.
    if Member.objects.filter(handle_skeleton=reads).exclude(pk=member.pk).exists():
        raise HandleTaken
    HeldHandle.objects.filter(Q(member=member) | Q(until__lte=at), skeleton=reads).delete()
    try:
        with transaction.atomic():
            Member.objects.filter(pk=member.pk).update(handle=handle, handle_skeleton=reads)
    except IntegrityError:
        raise HandleTaken from None
    refuse_held(member, reads, at)
    member.handle, member.handle_skeleton = handle, reads


def refuse_held(member: Member, reads: str, at: datetime) -> None:
    """Raises HandleTaken. To be asked after the row is written, in its transaction."""
    if HeldHandle.objects.against(member.pk, reads, at).exists():
        raise HandleTaken


def _hold(was: Member, at: datetime) -> None:
    until = at + timedelta(days=house().handle_held_days)
    HeldHandle.objects.update_or_create(
        skeleton=skeleton(was.handle), defaults={"member": was, "until": until}
    )


def paused_until(member: Member, at: datetime) -> datetime | None:
    """When the handle may be changed again; None if now. Whom a steward asked for another need not wait."""
    return None if open_request(member) is not None else pause_of(member, at)


def pause_of(member: Member, at: datetime) -> datetime | None:
    last = HandleChange.objects.filter(member=member).order_by("-at").values_list("at", flat=True).first()
    until = last + timedelta(days=house().handle_pause_days) if last else None
    return until if until and until > at else None


def open_request(member: Member) -> HandleRequest | None:
    return HandleRequest.objects.filter(member=member, answered_at__isnull=True).first()


@transaction.atomic
@trail()
def require_new_handle(*, member: Member, by: Member | None, reason: str, at: datetime) -> HandleRequest:
    """Ask a member to go by another handle, which they then may at once. Asked twice is asked once."""
    request, asked = HandleRequest.objects.get_or_create(
        member=member, answered_at=None, defaults={"by": by, "reason": reason[:500], "at": at}
    )
    if asked:
        notify(
            what=f"handle:{request.pk}", kind=HANDLE_ASKED, member=member, path=reverse("members:you"), at=at
        )
        record(
            verb=Verb.HANDLE_ASKED,
            actor=by.pk if by else None,
            subject=Subject("member", member.pk),
            scope=EVERYWHERE,
            facts={"reason": digest_of(request.reason)},
            at=at,
        )
    return request


def let_go_of_held_handles(at: datetime) -> int:
    """Forget what is held no longer; how many."""
    return HeldHandle.objects.filter(until__lte=at).delete()[0]

"""What changes how a member signs in, and what ends a sign-in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from uuid import uuid4

from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from community.live import eviction
from community.members.models import Member
from community.members.signin import access
from community.members.signin.kinds import CHANGED
from community.members.signin.limits import limits_for
from community.members.signin.models import ALONE, ShortPassword, SignIn
from community.notifications.actions import notify
from moderation.audit.actions import Subject, record, trail
from moderation.audit.verbs import Verb
from moderation.sanctions.models import EVERYWHERE


def change_password(
    *, member: Member, password: str, keep: str | None = None, at: datetime | None = None
) -> None:
    """Set the password and end every sign-in of the member but `keep`, a session key: rows and connections alike.

    Raises PasswordTooShort.
    """
    at = at or timezone.now()
    with transaction.atomic(), trail():
        Member.objects.select_for_update().get(pk=member.pk)
        short = len(password) < ALONE
        if short and not access.has_second_factor(member):
            raise PasswordTooShort
        ShortPassword.objects.filter(member=member).delete()
        if short:
            ShortPassword.objects.create(member=member, at=at)
        member.set_password(password)
        member.save(update_fields=["password"])
        others = access.sign_ins_of(member, at=at).exclude(session_key=keep)
        ended = others.count()
        others.delete()
        eviction.end_all_sign_ins(member.pk, except_session=keep)
        if keep is not None:
            eviction.renew_sign_in(keep)
        record(
            verb=Verb.PASSWORD_CHANGED,
            # Who comes by a link from a mail is not signed in.
            actor=member.pk if keep else None,
            subject=Subject("member", member.pk),
            scope=EVERYWHERE,
            facts={"sign_ins_ended": ended},
            at=at,
        )
        _tell_changed(member, at)


class PasswordTooShort(Exception):
    """A password of fewer than 15 characters needs a second factor beside it."""


@transaction.atomic
@trail()
def note_factor(*, member: Member, kind: str, added: bool, at: datetime) -> None:
    """A passkey or an authenticator app has come or gone: recorded, told to the member, and known to their sign-ins."""
    record(
        verb=Verb.SECOND_FACTOR_ADDED if added else Verb.SECOND_FACTOR_REMOVED,
        actor=member.pk,
        subject=Subject("member", member.pk),
        scope=EVERYWHERE,
        facts={"kind": kind},
        at=at,
    )
    held = access.standing_of(member.pk).held
    SignIn.objects.filter(member=member).exclude(held=held).update(held=held)
    _tell_changed(member, at)


def _tell_changed(member: Member, at: datetime) -> None:
    notify(what=f"signin:{uuid4()}", kind=CHANGED, member=member, path=reverse("signin:overview"), at=at)


def mark_warned(*, key: str) -> bool:
    """This sign-in is told now; False when it was told already."""
    return bool(SignIn.objects.filter(session_key=key, to_warn=True).update(to_warn=False))


def sign_out(*, session_key: str) -> None:
    """End what stands open under a sign-in; the framework deletes its row."""
    eviction.end_sign_in(session_key)


@transaction.atomic
def see_sign_ins(*, keys: Collection[str], at: datetime) -> int:
    """Say that these sign-ins were seen, and find out anew what holds for them; how many still stand.

    The same few statements however many: one for each kind of sign-in (whose limits, and which of them comes first).
    """
    rows = list(SignIn.objects.filter(session_key__in=keys, member__isnull=False))
    standing = access.standings({row.member_id for row in rows if row.member_id is not None})
    kinds: dict[tuple[access.Standing, bool], list[str]] = defaultdict(list)
    for row in rows:
        if row.member_id in standing:
            holds = standing[row.member_id]
            limits = limits_for(strict=holds.strict)
            kinds[holds, row.started_at + limits.absolute < at + limits.idle].append(row.session_key)
    seen = 0
    for (holds, last), kind in kinds.items():
        limits = limits_for(strict=holds.strict)
        seen += SignIn.objects.filter(session_key__in=kind).update(
            seen_at=at,
            expire_date=F("started_at") + limits.absolute if last else at + limits.idle,
            strict=holds.strict,
            held=holds.held,
        )
    return seen


@transaction.atomic
@trail()
def end_sign_ins(*, member: Member, keys: Collection[str], at: datetime) -> int:
    """End sign-ins of the member, by themself: the rows and what stands open under them; how many there were."""
    ended = list(SignIn.objects.filter(member=member, session_key__in=keys).values_list("pk", flat=True))
    SignIn.objects.filter(pk__in=ended).delete()
    for key in ended:
        eviction.end_sign_in(key)
    if ended:
        record(
            verb=Verb.SIGN_INS_ENDED,
            actor=member.pk,
            subject=Subject("member", member.pk),
            scope=EVERYWHERE,
            facts={"sign_ins_ended": len(ended)},
            at=at,
        )
    return len(ended)


def forget_spent_sign_ins(at: datetime) -> int:
    """Delete the rows of sign-ins that have run out; how many."""
    return SignIn.objects.filter(expire_date__lt=at).delete()[0]

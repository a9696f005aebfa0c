"""What changes how a member signs in, and what ends a sign-in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from community.live import eviction
from community.members.models import Member
from community.members.signin import access
from community.members.signin.limits import limits_for
from community.members.signin.models import SignIn
from moderation.audit.actions import Subject, record, trail
from moderation.audit.verbs import Verb
from moderation.sanctions.models import EVERYWHERE


def change_password(
    *, member: Member, password: str, keep: str | None = None, at: datetime | None = None
) -> None:
    """Set the password and end every sign-in of the member but `keep`, a session key: rows and connections alike."""
    at = at or timezone.now()
    with transaction.atomic(), trail():
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

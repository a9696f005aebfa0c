"""What changes how a member signs in, and what ends a sign-in."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from community.live import eviction
from community.members.models import Member
from moderation.audit.actions import Subject, record, trail
from moderation.audit.verbs import Verb
from moderation.sanctions.models import EVERYWHERE


def change_password(
    *, member: Member, password: str, keep: str | None = None, at: datetime | None = None
) -> None:
    """Set the password and end every sign-in of the member but `keep`, a session key: rows and connections alike."""
    at = at or timezone.now()
    others = sign_ins_of(member, but=keep, at=at)
    with transaction.atomic(), trail():
        member.set_password(password)
        member.save(update_fields=["password"])
        Session.objects.filter(session_key__in=others).delete()
        eviction.end_all_sign_ins(member.pk, except_session=keep)
        if keep is not None:
            eviction.renew_sign_in(keep)
        record(
            verb=Verb.PASSWORD_CHANGED,
            # Who comes by a link from a mail is not signed in.
            actor=member.pk if keep else None,
            subject=Subject("member", member.pk),
            scope=EVERYWHERE,
            facts={"sign_ins_ended": len(others)},
            at=at,
        )


def sign_out(*, session_key: str) -> None:
    """End what stands open under a sign-in; the framework deletes its row."""
    eviction.end_sign_in(session_key)


def sign_ins_of(member: Member, *, but: str | None, at: datetime) -> list[str]:
    """Keys of the member's sessions. Sessions don't name their member, so all that stand are read; once a password."""
    standing = Session.objects.filter(expire_date__gt=at).exclude(session_key=but)
    return [
        row.session_key for row in standing.iterator() if row.get_decoded().get(SESSION_KEY) == str(member.pk)
    ]


def forget_spent_sign_ins(at: datetime) -> int:
    """Delete the rows of sign-ins that have run out; how many."""
    return Session.objects.filter(expire_date__lt=at).delete()[0]

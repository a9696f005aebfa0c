"""Letting someone in again who lost the password, the mail and every factor.

A steward who knows them another way starts it. Then it waits, and the old address, the inbox and every open sign-in
say so: whoever still has a way in can stop it. Only after that a link goes to the new address.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from allauth.core.internal.cryptokit import generate_user_code
from allauth.mfa.models import Authenticator
from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.urls import reverse

from community.house.access import house
from community.members.models import Member
from community.members.signin import access
from community.members.signin.actions import change_password
from community.members.signin.kinds import RECOVERY_DONE, RECOVERY_READY, RECOVERY_STARTED
from community.members.signin.models import ALONE, LostCall, Recovery, ShortPassword, SignIn
from community.notifications.actions import notify
from community.notifications.links import absolute
from moderation.audit.actions import Subject, record, trail
from moderation.audit.chain import digest_of
from moderation.audit.verbs import Verb
from moderation.sanctions.models import EVERYWHERE

LINK_HOLDS = timedelta(days=7)
# Sixty bits, in three groups of letters that can be said over the telephone.
CODE_LETTERS = 14
# More than stewards could look at: somebody is playing with the form.
CALLS_MOST = 500


class RecoveryRefused(Exception):
    """Nothing was started; the text says why, for the steward."""


class CodeSpent(Exception):
    """Used, stopped, or run out."""


def call_for_help(*, handle: str, contact: str, words: str, at: datetime) -> None:
    """Put down that someone lost every way in. The same work whoever they say they are."""
    if access.calls_waiting().count() < CALLS_MOST:
        LostCall.objects.create(handle=handle, contact=contact, words=words, at=at)


def put_aside(*, call: LostCall, by: Member, at: datetime) -> None:
    LostCall.objects.filter(pk=call.pk, answered_at__isnull=True).update(
        answered_at=at, answered_by=by, handle="", contact="", words=""
    )


def start_recovery(
    *, member: Member, by: Member, email: str, how: str, call: LostCall | None = None, at: datetime
) -> Recovery:
    """Start to let a member in at a new address; `how` says how the steward knows who asks. Raises RecoveryRefused."""
    email = email.lower()
    if by.pk == member.pk:
        raise RecoveryRefused("Another steward must do this for you.")
    if Member.objects.filter(email=email).exclude(pk=member.pk).exists():
        raise RecoveryRefused("Someone here already signs in with that address.")
    try:
        with transaction.atomic(), trail():
            recovery = Recovery.objects.create(
                member=member,
                by=by,
                email=email,
                how=how,
                at=at,
                ready_at=at + timedelta(hours=house().recovery_wait_hours),
            )
            if call is not None:
                put_aside(call=call, by=by, at=at)
            SignIn.objects.filter(member=member).update(to_warn=True)
            _tell_started(recovery)
            _record(Verb.RECOVERY_STARTED, recovery, by.pk, at, how=digest_of(how))
    except IntegrityError:
        raise RecoveryRefused("This has been started for them already.") from None
    return recovery


def stop_token(recovery: Recovery) -> str:
    return signing.dumps(recovery.pk, salt=access.STOP_SALT)


@transaction.atomic
@trail()
def stop_recovery(*, recovery: Recovery, by: Member | None, at: datetime) -> bool:
    """Stop it for good; by nobody in particular when it comes by the link in a mail. False when it was over already."""
    if not _close(Recovery.objects.filter(pk=recovery.pk), Recovery.Outcome.STOPPED, at, by):
        return False
    SignIn.objects.filter(member_id=recovery.member_id).update(to_warn=False)
    _record(Verb.RECOVERY_STOPPED, recovery, by.pk if by else None, at)
    return True


def send_due_recoveries(at: datetime) -> int:
    """Send the links of recoveries that have waited long enough, close those that ran out; how many were sent."""
    _close(Recovery.objects.filter(ends_at__lte=at), Recovery.Outcome.SPENT, at, None)
    due = Recovery.objects.open().filter(ready_at__lte=at, sent_at__isnull=True)
    return sum(_send(recovery, at) for recovery in due)


@transaction.atomic
@trail()
def resend_recovery(*, recovery: Recovery, by: Member, at: datetime) -> bool:
    """A new link in place of the one that was sent; False when none was sent yet, or it is over."""
    again = Recovery.objects.open().filter(pk=recovery.pk, sent_at__isnull=False)
    if not again.update(sent_at=None, code_digest=""):
        return False
    _record(Verb.RECOVERY_RESENT, recovery, by.pk, at)
    return _send(recovery, at)


def finish_recovery(*, code: str, password: str, at: datetime) -> Member:
    """Give the member the new address and password; every old way in ends. Raises CodeSpent, RecoveryRefused."""
    if len(password) < ALONE:
        raise RecoveryRefused("The password is too short to stand alone.")
    try:
        with transaction.atomic(), trail():
            recovery = access.recovery_opened_by(code, at=at)
            if recovery is None or not _close(
                Recovery.objects.filter(pk=recovery.pk), Recovery.Outcome.DONE, at, recovery.member
            ):
                raise CodeSpent
            member = recovery.member
            old = member.email
            Member.objects.filter(pk=member.pk).update(email=recovery.email)
            member.email = recovery.email
            EmailAddress.objects.filter(user=member).delete()
            Authenticator.objects.filter(user=member).delete()
            ShortPassword.objects.filter(member=member).delete()
            change_password(member=member, password=password, at=at)
            notify(what=f"recovery:{recovery.pk}:done", kind=RECOVERY_DONE, address=old, at=at)
            _record(Verb.RECOVERY_DONE, recovery, member.pk, at)
    except IntegrityError:
        raise RecoveryRefused("Someone here already signs in with that address.") from None
    return member


def _close(rows: QuerySet[Recovery], outcome: Recovery.Outcome, at: datetime, by: Member | None) -> int:
    """Over for good, and what it held is wiped; how many."""
    open_rows = rows.filter(closed_at__isnull=True)
    return open_rows.update(closed_at=at, closed_by=by, outcome=outcome, code_digest="", email="", how="")


@transaction.atomic
def _send(recovery: Recovery, at: datetime) -> bool:
    code = generate_user_code(length=CODE_LETTERS, dashed=True)
    sent = Recovery.objects.open().filter(pk=recovery.pk, sent_at__isnull=True)
    if not sent.update(sent_at=at, ends_at=at + LINK_HOLDS, code_digest=access.code_digest(code)):
        return False
    notify(
        what=f"recovery:{recovery.pk}:ready:{at.isoformat()}",
        kind=RECOVERY_READY,
        address=recovery.email,
        context={
            "code": code,
            "page": absolute(reverse("signin:recovery_code")),
            "link": absolute(reverse("signin:recovery", args=[code])),
        },
        useful_until=at + LINK_HOLDS,
        at=at,
    )
    return True


def _tell_started(recovery: Recovery) -> None:
    notify(
        what=f"recovery:{recovery.pk}:started",
        kind=RECOVERY_STARTED,
        member=recovery.member,
        context={"stop": absolute(reverse("signin:stop_recovery", args=[stop_token(recovery)]))},
        path=reverse("signin:overview"),
        at=recovery.at,
    )


def _record(verb: Verb, recovery: Recovery, actor: int | None, at: datetime, **facts: str) -> None:
    record(
        verb=verb,
        actor=actor,
        subject=Subject("member", recovery.member_id),
        scope=EVERYWHERE,
        facts={"recovery": recovery.pk, **facts},
        at=at,
    )

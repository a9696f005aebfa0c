"""Asking to be let in without an invitation, and a steward's answer."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.urls import reverse

from community.house.access import house
from community.invitations import access, kinds
from community.invitations.actions.making import Offer, invite
from community.invitations.models import SignUp
from community.members.models import Member
from community.notifications.actions import notify
from community.notifications.links import absolute
from moderation.audit.actions import Subject, record, trail
from moderation.audit.verbs import Verb
from moderation.sanctions.models import EVERYWHERE


class AnsweredAlready(Exception):
    """Another steward was faster."""


def ask_to_come_in(*, address: str, words: str, at: datetime) -> None:
    """Put it before the stewards; whoever asks again while it waits is told the same, and nothing is added."""
    try:
        with transaction.atomic(), trail():
            sign_up = SignUp.objects.create(
                address=address.strip().lower(),
                address_digest=access.digest_of_address(address),
                words=words,
                asked_at=at,
            )
            _record(Verb.SIGN_UP_ASKED, sign_up, None, at)
    except IntegrityError:
        pass


@transaction.atomic
@trail()
def approve(*, sign_up: SignUp, by: Member, offer: Offer, at: datetime) -> None:
    """Send an invitation; to whom has an account, a mail that says so. Raises AnsweredAlready."""
    _answer(sign_up, by, SignUp.Answer.WELCOME, at)
    if access.has_account(sign_up.address):
        context = {"sign_in": absolute(reverse("account_login"))}
        what = f"sign_up:{sign_up.pk}"
        notify(what=what, kind=kinds.KNOWN, address=sign_up.address, context=context, at=at)
    else:
        made = invite(offer=offer, by=by, at=at)
        SignUp.objects.filter(pk=sign_up.pk).update(invitation=made.invitation)
    _record(Verb.SIGN_UP_APPROVED, sign_up, by, at)


@transaction.atomic
@trail()
def decline(*, sign_up: SignUp, by: Member, at: datetime) -> None:
    """Say that it can't be this time. Raises AnsweredAlready."""
    _answer(sign_up, by, SignUp.Answer.NOT_NOW, at)
    context = {"house": house().name, "help": absolute("/help/")}
    notify(what=f"sign_up:{sign_up.pk}", kind=kinds.NOT_NOW, address=sign_up.address, context=context, at=at)
    _record(Verb.SIGN_UP_DECLINED, sign_up, by, at)


def _answer(sign_up: SignUp, by: Member, answer: SignUp.Answer, at: datetime) -> None:
    """One conditional UPDATE: of two stewards the first one answers."""
    waiting = SignUp.objects.filter(pk=sign_up.pk, answered_at__isnull=True)
    if not waiting.update(answer=answer, answered_by=by, answered_at=at):
        raise AnsweredAlready


def _record(verb: Verb, sign_up: SignUp, by: Member | None, at: datetime) -> None:
    record(
        verb=verb,
        actor=by.pk if by else None,
        subject=Subject("sign_up", sign_up.pk),
        scope=EVERYWHERE,
        facts={},
        at=at,
    )

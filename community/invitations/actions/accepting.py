"""Coming in: opening an invitation, proving an address where the invitation doesn't, and the account itself."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.db.models import F
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from community.groups.models import Membership
from community.house.shipped import ensure_texts
from community.invitations import access, kinds
from community.invitations.models import Acceptance, AddressCheck, FirstStep, Invitation, Place
from community.invitations.tokens import make_code, tidy_code
from community.live import failpoints
from community.members.models import Member
from community.notifications.actions import notify
from community.notifications.links import absolute
from community.sealed import keyed_digest
from moderation.audit.actions import Subject, record, trail
from moderation.audit.verbs import Verb
from moderation.sanctions.models import EVERYWHERE

CHECK_LASTS = timedelta(minutes=30)
TRIES = 6
SENDS = 4
SEND_PAUSE = timedelta(seconds=45)
HANDLES_TRIED = 5


class NotOpen(Exception):
    """The invitation lets nobody in (any more)."""


class AnotherAddress(Exception):
    """The invitation gives a charge over others, and only to the address that it was sent to."""


class WrongCode(Exception):
    """Not the code that was sent, or tried too often; `left` tries remain."""

    def __init__(self, left: int) -> None:
        super().__init__(left)
        self.left = left


class TooSoon(Exception):
    """A code was sent a moment ago, or often enough."""


class AddressTaken(Exception):
    """Someone here signs in with this address."""


def open_invitation(*, invitation: Invitation, at: datetime) -> None:
    """Somebody wants to come in by it. Following the link alone, as a mail scanner does, is not opening it."""
    Invitation.objects.standing(at).filter(pk=invitation.pk, opened_at__isnull=True).update(opened_at=at)


def come_in(*, invitation: Invitation, address: str, password: str, at: datetime) -> Member | AddressCheck:
    """Make the account at once where the link proves the address; else send a code there first.

    An address that has an account gets a mail that says so, and the caller the same answer as for any other.
    Raises NotOpen, AnotherAddress.
    """
    address = address.strip().lower()
    hashed = make_password(password)
    if access.proves(invitation, address):
        try:
            return take_in(invitation=invitation, address=address, hashed=hashed, at=at)
        except AddressTaken:
            pass
    elif invitation.gives_a_charge:
        raise AnotherAddress
    return _start_check(invitation, address, hashed, at)


@transaction.atomic
@trail()
def take_in(*, invitation: Invitation, address: str, hashed: str, at: datetime) -> Member:
    """Spend one use of the invitation on a new member. Raises NotOpen, AddressTaken."""
    _spend(invitation, at)
    # From now on it is a member's address, and theirs to take away.
    Invitation.objects.filter(pk=invitation.pk, uses=1).update(address=None, address_digest="")
    failpoints.reach("invitation_spent", invitation=invitation.pk)
    member = _new_member(invitation, address, hashed, at)
    EmailAddress.objects.create(user=member, email=address, verified=True, primary=True)
    places = access.places_for(invitation, member.role, None, at)
    Membership.objects.bulk_create(
        Membership(group=place.group, member=member, role=place.role, joined_at=at) for place in places
    )
    Acceptance.objects.create(invitation=invitation, member=member, at=at)
    FirstStep.objects.bulk_create(FirstStep(member=member, name=name) for name in FirstStep.Name.values)
    ensure_texts(at=at)
    _record_acceptance(invitation, member, places, at)
    return member


@transaction.atomic
@trail()
def join_groups(*, invitation: Invitation, member: Member, at: datetime) -> list[Place]:
    """Someone who is here already joins the invitation's groups; nothing is spent on one who is in all of them.

    Raises NotOpen, AnotherAddress.
    """
    if invitation.gives_a_charge and not access.proves(invitation, member.email):
        raise AnotherAddress
    places = access.new_places_for(invitation, member, at)
    if not places:
        return []
    _, first = Acceptance.objects.get_or_create(invitation=invitation, member=member, defaults={"at": at})
    if first:
        _spend(invitation, at)
    for place in places:
        Membership.objects.get_or_create(
            group=place.group, member=member, defaults={"role": place.role, "joined_at": at}
        )
    _record_acceptance(invitation, member, places, at)
    return places


def confirm(*, check: AddressCheck, typed: str, at: datetime) -> Member:
    """The code came back. Raises WrongCode, NotOpen."""
    counted = AddressCheck.objects.filter(pk=check.pk, tries__lt=TRIES, expires_at__gt=at)
    if not counted.update(tries=F("tries") + 1):
        raise WrongCode(0)
    left = TRIES - check.tries - 1
    if not constant_time_compare(check.code_digest, digest_of_code(check.key, tidy_code(typed))):
        raise WrongCode(max(left, 0))
    try:
        with transaction.atomic(), trail():
            AddressCheck.objects.filter(pk=check.pk).delete()
            return take_in(invitation=check.invitation, address=check.address, hashed=check.password, at=at)
    except AddressTaken:
        raise WrongCode(max(left, 0)) from None


@transaction.atomic
def send_again(*, check: AddressCheck, at: datetime) -> None:
    """A new code to the same address; the one before is of no use then. Raises TooSoon."""
    code = make_code()
    done = AddressCheck.objects.filter(pk=check.pk, sent__lt=SENDS, sent_at__lte=at - SEND_PAUSE).update(
        code_digest=digest_of_code(check.key, code),
        tries=0,
        sent=F("sent") + 1,
        sent_at=at,
        expires_at=at + CHECK_LASTS,
    )
    if not done:
        raise TooSoon
    check.refresh_from_db()
    _mail_code(check, code, at)


def digest_of_code(key: str, code: str) -> str:
    return keyed_digest(f"{key} {code}")


@transaction.atomic
def _start_check(invitation: Invitation, address: str, hashed: str, at: datetime) -> AddressCheck:
    """Raises NotOpen."""
    if not Invitation.objects.standing(at).filter(pk=invitation.pk).exists():
        raise NotOpen
    key, code = secrets.token_hex(16), make_code()
    check = AddressCheck.objects.create(
        key=key,
        invitation=invitation,
        address=address,
        password=hashed,
        code_digest=digest_of_code(key, code),
        sent_at=at,
        expires_at=at + CHECK_LASTS,
    )
    _mail_code(check, code, at)
    return check


def _mail_code(check: AddressCheck, code: str, at: datetime) -> None:
    """To whom has an account here goes another mail, and the code to nobody."""
    known = access.has_account(check.address)
    context = {"sign_in": absolute(reverse("account_login"))} if known else {"code": f"{code[:3]} {code[3:]}"}
    notify(
        what=f"address_check:{check.pk}:{check.sent}",
        kind=kinds.KNOWN if known else kinds.CODE,
        address=check.address,
        context=context,
        useful_until=at + CHECK_LASTS,
        at=at,
    )


def _spend(invitation: Invitation, at: datetime) -> None:
    """One conditional UPDATE, so that of two who come at once for the last place one finds it taken. Raises NotOpen."""
    if not Invitation.objects.standing(at).filter(pk=invitation.pk).update(spent=F("spent") + 1):
        raise NotOpen


def _new_member(invitation: Invitation, address: str, hashed: str, at: datetime) -> Member:
    """Raises AddressTaken."""
    for handle in access.free_handles(HANDLES_TRIED):
        member = Member(email=address, handle=handle, role=invitation.role, password=hashed, joined_at=at)
        try:
            with transaction.atomic():
                member.save()
        except IntegrityError:
            if access.has_account(address):
                raise AddressTaken from None
        else:
            return member
    raise RuntimeError("no name was free for a newcomer")


def _record_acceptance(invitation: Invitation, member: Member, places: list[Place], at: datetime) -> None:
    subject = Subject("member", member.pk)
    record(
        verb=Verb.INVITATION_ACCEPTED,
        actor=member.pk,
        subject=subject,
        scope=EVERYWHERE,
        facts={"invitation": invitation.pk, "as": member.role},
        at=at,
    )
    for place in places:
        record(
            verb=Verb.GROUP_MEMBER_ADDED,
            actor=invitation.made_by_id,
            subject=subject,
            scope=place.group.tag,
            facts={"as": place.role, "invitation": invitation.pk},
            at=at,
        )

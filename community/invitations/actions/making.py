"""Inviting, sending again, taking back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as say

from community.groups.models import Group, Membership
from community.house.access import house
from community.invitations import access, kinds
from community.invitations.models import PLAIN_ROLES, Invitation, Place, Upload
from community.invitations.tokens import digest_of_token, make_token
from community.members.models import Member
from community.notifications.actions import notify_addresses
from community.notifications.links import absolute
from moderation.audit.actions import Subject, record, trail
from moderation.audit.verbs import Verb
from moderation.sanctions.models import EVERYWHERE


@dataclass(frozen=True, slots=True)
class Offer:
    """Who is invited to what. With an address, the link leaves in a mail to it, unless `by_mail` is False."""

    address: str = ""
    role: str = Member.Role.ALUMNUS.value
    places: Sequence[tuple[Group, str]] = ()
    uses: int = 1
    days: int = 14
    note: str = ""
    by_mail: bool = True

    @property
    def gives_a_charge(self) -> bool:
        """Whether it makes more of someone than a member."""
        return self.role not in PLAIN_ROLES or any(role != Membership.Role.MEMBER for _, role in self.places)


@dataclass(frozen=True, slots=True)
class Made:
    """`token` goes into the link, is kept nowhere, and can't be had again."""

    invitation: Invitation
    token: str


class ChargeForNobodyInParticular(Exception):
    """A charge over others is offered by a link that anyone may hold."""


class NoLongerStands(Exception):
    """The invitation is spent, or was taken back."""


@transaction.atomic
@trail()
def invite(*, offer: Offer, by: Member | None, at: datetime) -> Made:
    """Make an invitation and send it, if it has an address. Raises ChargeForNobodyInParticular."""
    made = prepare(offer, by=by, at=at)
    write([made], [offer], at=at)
    record(
        verb=Verb.INVITATION_MADE,
        actor=by.pk if by else None,
        subject=Subject("invitation", made.invitation.pk),
        scope=EVERYWHERE,
        facts={"as": offer.role, "uses": offer.uses, "groups": len(offer.places)},
        at=at,
    )
    return made


def prepare(offer: Offer, *, by: Member | None, at: datetime, upload: Upload | None = None) -> Made:
    """The rows of an invitation, not written yet."""
    token = make_token()
    mailed = bool(offer.address) and offer.by_mail
    if offer.gives_a_charge and not mailed:
        raise ChargeForNobodyInParticular
    address = offer.address.strip().lower()
    invitation = Invitation(
        token_digest=digest_of_token(token),
        address=address or None,
        address_digest=access.digest_of_address(address) if address else "",
        mailed=mailed,
        note=offer.note,
        role=offer.role,
        uses=offer.uses,
        made_by=by,
        made_at=at,
        expires_at=at + timedelta(days=offer.days),
        upload=upload,
    )
    return Made(invitation, token)


def write(made: Sequence[Made], offers: Sequence[Offer], *, at: datetime) -> None:
    """Write what was prepared, and the mails that it takes."""
    Invitation.objects.bulk_create([one.invitation for one in made], batch_size=500)
    Place.objects.bulk_create(
        (
            Place(invitation=one.invitation, group=group, role=role)
            for one, offer in zip(made, offers, strict=True)
            for group, role in offer.places
        ),
        batch_size=500,
    )
    _send([one for one in made if one.invitation.mailed], at)


@transaction.atomic
@trail()
def renew(*, invitation: Invitation, by: Member, at: datetime) -> Made:
    """Give it a new link and a new date, and send it if it went by mail; the old link opens nothing any more.

    Raises NoLongerStands.
    """
    token = make_token()
    span = timedelta(days=house().invitation_days)
    renewed = Invitation.objects.filter(pk=invitation.pk).exclude(
        pk__in=Invitation.objects.in_state(Invitation.State.ACCEPTED, at).values("pk")
    )
    done = renewed.filter(revoked_at__isnull=True).update(
        token_digest=digest_of_token(token), expires_at=at + span, renewed_at=at, opened_at=None
    )
    if not done:
        raise NoLongerStands
    invitation.refresh_from_db()
    made = Made(invitation, token)
    if invitation.mailed:
        _send([made], at)
    record(
        verb=Verb.INVITATION_RENEWED,
        actor=by.pk,
        subject=Subject("invitation", invitation.pk),
        scope=EVERYWHERE,
        facts={},
        at=at,
    )
    return made


@transaction.atomic
@trail()
def revoke(*, invitation: Invitation, by: Member, at: datetime) -> bool:
    """Take it back; nobody comes in by it from now on. False when it did not stand."""
    done = Invitation.objects.standing(at).filter(pk=invitation.pk).update(revoked_at=at, revoked_by=by)
    if done:
        record(
            verb=Verb.INVITATION_REVOKED,
            actor=by.pk,
            subject=Subject("invitation", invitation.pk),
            scope=EVERYWHERE,
            facts={"spent": invitation.spent},
            at=at,
        )
    return bool(done)


def path_to(token: str) -> str:
    return reverse("invitations:join", args=[token])


def _send(made: Sequence[Made], at: datetime) -> None:
    name, zone = house().name, timezone.get_default_timezone()
    letters = [
        (
            f"invitation:{one.invitation.pk}:{one.invitation.token_digest[:16]}",
            one.invitation.address or "",
            {
                "house": name,
                "join": absolute(path_to(one.token)),
                "until": say(timezone.localtime(one.invitation.expires_at, zone), "j F Y"),
            },
        )
        for one in made
    ]
    notify_addresses(kind=kinds.LINK, letters=letters, at=at)

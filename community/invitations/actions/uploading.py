"""A file of people to invite: looked at line by line, then all of it or nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from community.groups.models import Group, Membership
from community.invitations import access
from community.invitations.actions.making import Made, Offer, prepare, write
from community.invitations.csvfile import Line, Table
from community.invitations.models import Upload
from community.members.models import Member
from moderation.audit.actions import Subject, record, trail
from moderation.audit.verbs import Verb
from moderation.sanctions.models import EVERYWHERE

ADDRESS_MAX = 254
AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a line gets that doesn't say; `groups` are primary keys."""

    role: str
    groups: Sequence[int]
    days: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What a line comes to: an offer; or why it is left out; or what is wrong with it."""

    line: Line
    offer: Offer | None = None
    left_out: str = ""
    wrong: str = ""

    @property
    def words(self) -> str:
        return self.wrong or self.left_out or "Will be invited"


@dataclass(frozen=True, slots=True)
class Preview:
    looks: Sequence[Look]

    @property
    def good(self) -> list[Look]:
        return [look for look in self.looks if look.offer is not None]

    @property
    def left_out(self) -> list[Look]:
        return [look for look in self.looks if look.left_out]

    @property
    def wrong(self) -> list[Look]:
        return [look for look in self.looks if look.wrong]

    @property
    def gives_a_charge(self) -> bool:
        return any(look.offer.gives_a_charge for look in self.looks if look.offer is not None)

    @property
    def can_be_confirmed(self) -> bool:
        return bool(self.good) and not self.wrong


class NotConfirmable(Exception):
    """There is something wrong with a line, or nobody is left to invite."""


class ConfirmedAlready(Exception):
    """Everyone in it was invited before."""


def keep(*, table: Table, defaults: Defaults, by: Member | None, at: datetime) -> Upload:
    """Keep a file, sealed, until it is confirmed or a day has passed."""
    kept = {
        "lines": [[line.number, line.address, line.role, line.groups] for line in table.lines],
        "unused": list(table.unused),
        "defaults": asdict(defaults),
    }
    return Upload.objects.create(made_by=by, made_at=at, kept=json.dumps(kept))


def preview(*, upload: Upload, at: datetime) -> Preview:
    """What its lines come to as things stand now."""
    kept = json.loads(upload.kept)
    lines = [Line(*line) for line in kept["lines"]]
    defaults = Defaults(**kept["defaults"])
    groups = list(access.groups_to_invite_into())
    addresses = [line.address.lower() for line in lines]
    here, waiting = _members(addresses), _invited(addresses, at)
    return Preview(list(_looks(lines, defaults, groups, here, waiting)))


def confirm(*, upload: Upload, by: Member | None, at: datetime, by_mail: bool = True) -> list[Made]:
    """Invite everyone in the file, in its order. Raises ConfirmedAlready, NotConfirmable, ChargeForNobodyInParticular.

    What takes long is made ready before the transaction, so that ten thousand invitations hold nobody up.
    """
    require_unconfirmed(upload)
    seen = preview(upload=upload, at=at)
    if not seen.can_be_confirmed:
        # Whoever confirmed it meanwhile has invited those that the look finds invited.
        require_unconfirmed(upload)
        raise NotConfirmable
    offers = [replace(look.offer, by_mail=by_mail) for look in seen.looks if look.offer is not None]
    made = [prepare(offer, by=by, at=at, upload=upload) for offer in offers]
    kept = json.dumps({"results": [_result(look, done=True) for look in seen.looks]})
    with transaction.atomic(), trail():
        unconfirmed = Upload.objects.filter(pk=upload.pk, confirmed_at__isnull=True)
        if not unconfirmed.update(confirmed_at=at, invited=len(made), kept=kept):
            raise ConfirmedAlready
        write(made, offers, at=at)
        record(
            verb=Verb.INVITATIONS_UPLOADED,
            actor=by.pk if by else None,
            subject=Subject("upload", upload.pk),
            scope=EVERYWHERE,
            facts={"count": len(made)},
            at=at,
        )
    upload.refresh_from_db()
    return made


def require_unconfirmed(upload: Upload) -> None:
    """Raises ConfirmedAlready."""
    if Upload.objects.filter(pk=upload.pk, confirmed_at__isnull=False).exists():
        raise ConfirmedAlready


def results(*, upload: Upload, at: datetime) -> list[list[str]]:
    """The lines of the result file: where, whom, what became of it; before it is confirmed, what would."""
    if upload.confirmed_at is not None:
        done: list[list[str]] = json.loads(upload.kept)["results"]
        return done
    return [_result(look, done=False) for look in preview(upload=upload, at=at).looks]


def unused_columns(upload: Upload) -> list[str]:
    unused: list[str] = json.loads(upload.kept).get("unused", [])
    return unused


def _result(look: Look, *, done: bool) -> list[str]:
    words = "Invited" if done and look.offer is not None else look.words
    return [str(look.line.number), look.line.address, words]


def _members(addresses: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for some in _batches(addresses):
        found.update(Member.objects.filter(email__in=some).values_list("email", flat=True))
    return found


def _invited(addresses: Sequence[str], at: datetime) -> set[str]:
    """Digests."""
    return {digest for some in _batches(addresses) for digest in access.standing_for(some, at)}


def _batches(addresses: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(addresses), AT_ONCE):
        yield addresses[start : start + AT_ONCE]


def _looks(
    lines: Sequence[Line], defaults: Defaults, groups: Sequence[Group], here: set[str], waiting: set[str]
) -> Iterator[Look]:
    named = {group.slug: group for group in groups} | {group.name.casefold(): group for group in groups}
    usual = [group for group in groups if group.pk in set(defaults.groups)]
    first: dict[str, int] = {}
    for line in lines:
        address = line.address.lower()
        try:
            _require_address(address)
            role = _role(line.role, defaults.role)
            places = _places(line.groups, usual, named)
            _require_meant_for(role, places)
        except ValidationError as error:
            yield Look(line, wrong=error.messages[0])
            continue
        if address in first:
            yield Look(line, left_out=f"The same address as in line {first[address]}")
            continue
        first[address] = line.number
        if address in here:
            yield Look(line, left_out="Someone here signs in with it already")
        elif access.digest_of_address(address) in waiting:
            yield Look(line, left_out="An invitation to it is still open")
        else:
            offer = Offer(address=address, role=role, places=places, days=defaults.days, note=defaults.note)
            yield Look(line, offer=offer)


def _require_address(address: str) -> None:
    if not address:
        raise ValidationError("The address is missing")
    try:
        validate_email(address)
    except ValidationError:
        raise ValidationError("That is no e-mail address") from None
    if len(address) > ADDRESS_MAX:
        raise ValidationError("That address is too long")


def _role(written: str, usual: str) -> str:
    if not written:
        return usual
    roles = {label.casefold(): value for value, label in Member.Role.choices} | {
        value: value for value in Member.Role.values
    }
    role = roles.get(written.casefold())
    if role is None:
        raise ValidationError(f"“{written}” is no role; there are {', '.join(Member.Role.values)}")
    return role


def _places(written: str, usual: Sequence[Group], named: Mapping[str, Group]) -> list[tuple[Group, str]]:
    if not written:
        return [(group, Membership.Role.MEMBER.value) for group in usual]
    places: dict[Group, str] = {}
    for part in written.split("|"):
        name, _, role = (piece.strip() for piece in part.partition(":"))
        group = named.get(name.casefold())
        if group is None:
            raise ValidationError(f"There is no group “{name}”")
        role = role.casefold() or Membership.Role.MEMBER.value
        if role not in Membership.Role.values:
            raise ValidationError(
                f"“{role}” is no role in a group; there are {', '.join(Membership.Role.values)}"
            )
        if places.setdefault(group, role) != role:
            raise ValidationError(f"“{name}” stands there twice")
    return list(places.items())


def _require_meant_for(role: str, places: Sequence[tuple[Group, str]]) -> None:
    for group, _ in places:
        if not access.is_meant_for(group, role):
            raise ValidationError(f"“{group.name}” is not for family")

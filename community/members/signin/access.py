"""Which sign-ins stand, whose they are, and what is asked of their member."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa.models import Authenticator
from django.core import signing
from django.db.models import QuerySet
from django.http import Http404

from community.house.access import house
from community.members.models import Member
from community.members.signin.models import LostCall, Recovery, ShortPassword, SignIn
from community.sealed import keyed_digest

STOP_SALT = "signin.recovery"
SECOND_FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
# People whom others rely on: by their role here, or by their role in a group.
DUTIES = {"steward", "clinician", "facilitator", "moderator"}


@dataclass(frozen=True, slots=True)
class Standing:
    """`strict`: the shorter limits hold for the sign-ins; `held`: a second factor is asked for and there is none."""

    strict: bool
    held: bool


def sign_ins_of(member: Member, *, at: datetime) -> QuerySet[SignIn]:
    """Every sign-in of the member that stands, the one last seen first."""
    return SignIn.objects.filter(member=member, expire_date__gt=at).order_by("-seen_at")


def sign_in_of(member: Member, ref: str, *, at: datetime) -> SignIn:
    """Raises Http404."""
    for sign_in in sign_ins_of(member, at=at):
        if sign_in.ref == ref:
            return sign_in
    raise Http404


def second_factors_of(member: Member) -> QuerySet[Authenticator]:
    """Passkeys and the authenticator app, oldest first; recovery codes only stand in for them."""
    factors: QuerySet[Authenticator] = Authenticator.objects.filter(
        user_id=member.pk, type__in=SECOND_FACTORS
    )
    return factors.order_by("pk")


def look_for_nobody() -> None:
    """As much work as to find someone."""
    Member.objects.filter(pk=0).first()


def has_second_factor(member: Member) -> bool:
    return second_factors_of(member).exists()


def has_short_password(member: Member) -> bool:
    return ShortPassword.objects.filter(member_id=member.pk).exists()


def standings(member_ids: Collection[int]) -> dict[int, Standing]:
    """What holds for each member's sign-ins; the same few queries however many they are."""
    duties = duties_of(member_ids)
    asked = set(house().second_factor_for)
    owing = {pk for pk, roles in duties.items() if roles & asked}
    if owing:
        factors = Authenticator.objects.filter(user_id__in=owing, type__in=SECOND_FACTORS)
        owing -= set(factors.values_list("user_id", flat=True))
    return {pk: Standing(strict=bool(roles & DUTIES), held=pk in owing) for pk, roles in duties.items()}


def duties_of(member_ids: Collection[int]) -> dict[int, set[str]]:
    """The role of each member, and those that they have in groups; two queries however many they are."""
    duties: dict[int, set[str]] = defaultdict(set)
    people = Member.objects.filter(pk__in=member_ids)
    for pk, role in people.values_list("pk", "role"):
        duties[pk].add(role)
    # Whoever leads one meeting has no duty beyond it, and is not signed out in the middle of it.
    leading = people.filter(memberships__role__in=DUTIES, memberships__group__kind="group")
    for pk, role in leading.values_list("pk", "memberships__role"):
        duties[pk].add(role)
    return duties


def is_asked_for_second_factor(member: Member) -> bool:
    asked = set(house().second_factor_for)
    return bool(asked) and bool(duties_of([member.pk]).get(member.pk, set()) & asked)


def has_open_recovery(member_id: int) -> bool:
    return Recovery.objects.open().of(member_id).exists()


def open_recovery_of(member: Member) -> Recovery | None:
    return Recovery.objects.open().of(member.pk).first()


def recovery_stopped_by(token: str) -> Recovery:
    """The recovery that a mail's link stops, open or not. Raises Http404."""
    try:
        pk = signing.loads(token, salt=STOP_SALT)
    except signing.BadSignature:
        raise Http404 from None
    recovery = Recovery.objects.select_related("member").filter(pk=pk).first()
    if recovery is None:
        raise Http404
    return recovery


def recovery_opened_by(code: str, *, at: datetime) -> Recovery | None:
    """The open recovery that this code is for, however it was typed, while it holds."""
    found = Recovery.objects.open().filter(code_digest=code_digest(code), ends_at__gt=at)
    return found.select_related("member").first()


def code_digest(code: str) -> str:
    return keyed_digest(f"recovery:{normalize_user_code(code)}")


def calls_waiting() -> QuerySet[LostCall]:
    return LostCall.objects.filter(answered_at__isnull=True)


def call_for_desk(pk: int) -> LostCall:
    """Raises Http404."""
    call = calls_waiting().filter(pk=pk).first()
    if call is None:
        raise Http404
    return call


def recoveries_open() -> QuerySet[Recovery]:
    return Recovery.objects.open().select_related("member", "by")


def recovery_for_desk(pk: int) -> Recovery:
    """Raises Http404."""
    recovery = recoveries_open().filter(pk=pk).first()
    if recovery is None:
        raise Http404
    return recovery


@dataclass(frozen=True, slots=True)
class Ways:
    """How a member can prove who they are."""

    password: bool
    short_password: bool
    app: Authenticator | None
    passkeys: list[Authenticator]
    codes_left: int | None
    asked: bool

    @property
    def second_factor(self) -> bool:
        return self.app is not None or bool(self.passkeys)


def ways_of(member: Member) -> Ways:
    kinds: dict[str, list[Authenticator]] = defaultdict(list)
    for authenticator in Authenticator.objects.filter(user_id=member.pk).order_by("pk"):
        kinds[authenticator.type].append(authenticator)
    codes = kinds[Authenticator.Type.RECOVERY_CODES]
    return Ways(
        password=member.has_usable_password(),
        short_password=has_short_password(member),
        app=next(iter(kinds[Authenticator.Type.TOTP]), None),
        passkeys=kinds[Authenticator.Type.WEBAUTHN],
        codes_left=len(codes[0].wrap().get_unused_codes()) if codes else None,
        asked=is_asked_for_second_factor(member),
    )


def standing_of(member_id: int) -> Standing:
    return standings([member_id]).get(member_id, Standing(strict=False, held=False))

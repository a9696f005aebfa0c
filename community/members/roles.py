"""A member's role in the house: what they are here, beside what they do in each group."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from community.live import eviction
from community.members.models import Member, RoleChange
from community.members.signin.models import SignIn
from moderation.audit.actions import Subject, record, trail
from moderation.audit.chain import digest_of
from moderation.audit.verbs import Verb
from moderation.sanctions.models import EVERYWHERE

STAFF = frozenset({Member.Role.STEWARD, Member.Role.CLINICIAN})


class LastSteward(Exception):
    """Nobody would be left who can run the place."""


@transaction.atomic
@trail()
def change_role(*, member: Member, role: Member.Role, by: Member, reason: str, at: datetime) -> Member:
    """Give a member another role in the house. Their connections come back under it; who becomes or ceases to be staff
    signs in anew, since other limits and another second factor hold for staff. The same role again changes nothing.

    Raises LastSteward.
    """
    stewards = lock_stewards()
    was = Member.Role(Member.objects.select_for_update().get(pk=member.pk).role)
    if was == role:
        return member
    if was == Member.Role.STEWARD:
        refuse_if_last(member, stewards)
    member.role = role
    member.is_superuser = member.is_superuser and role == Member.Role.STEWARD
    member.save(update_fields=["role", "is_superuser"])
    RoleChange.objects.create(member=member, was=was, role=role, by=by, reason=reason[:500], at=at)
    if (was in STAFF) != (role in STAFF):
        SignIn.objects.filter(member=member).delete()
        eviction.end_all_sign_ins(member.pk)
    else:
        eviction.renew_member(member.pk)
    record(
        verb=Verb.MEMBER_ROLE_CHANGED,
        actor=by.pk,
        subject=Subject("member", member.pk),
        scope=EVERYWHERE,
        facts={"from": was.value, "to": role.value, "reason": digest_of(reason[:500])},
        at=at,
    )
    return member


def lock_stewards() -> list[int]:
    """Those who can run the place now, held until the transaction ends: two may not step down at once."""
    stewards = Member.objects.here().filter(role=Member.Role.STEWARD)
    return list(stewards.order_by("pk").select_for_update().values_list("pk", flat=True))


def refuse_if_last(member: Member, stewards: list[int]) -> None:
    """Raises LastSteward."""
    if stewards == [member.pk]:
        raise LastSteward

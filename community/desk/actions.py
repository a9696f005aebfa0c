"""What stewards do at the desk that is no other app's own verb. Every one of them is on record."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from django.db import transaction

from community.desk.models import Training
from community.groups.models import Group
from community.live import eviction
from community.members.models import Member
from community.members.signin.access import sign_ins_of
from moderation.audit.actions import Subject, record, trail
from moderation.audit.chain import Facts, digest_of
from moderation.audit.verbs import Verb
from moderation.sanctions.models import EVERYWHERE


class Oneself(Exception):
    """What would lock a steward out is for another steward to do."""


@transaction.atomic
@trail()
def show_address(*, member: Member, by: Member, at: datetime) -> str:
    """The e-mail address that a member signs in with; that it was looked at is on record."""
    _record(Verb.ADDRESS_SHOWN, member, by, at)
    return member.email


@transaction.atomic
@trail()
def find_by_address(*, address: str, by: Member, at: datetime) -> Member | None:
    """Who signs in with exactly this address; finding somebody is on record."""
    member: Member | None = Member.objects.filter(email=address.strip().lower()).first()
    if member is not None:
        _record(Verb.ADDRESS_FOUND, member, by, at)
    return member


@transaction.atomic
@trail()
def end_all_sign_ins(*, member: Member, by: Member, at: datetime) -> int:
    """Sign a member out on every device, at once; how many sign-ins there were. Raises Oneself."""
    if member.pk == by.pk:
        raise Oneself
    ended, _ = sign_ins_of(member, at=at).delete()
    eviction.end_all_sign_ins(member.pk)
    if ended:
        _record(Verb.SIGN_INS_ENDED, member, by, at, {"sign_ins_ended": ended})
    return ended


@transaction.atomic
@trail()
def note_training(
    *,
    member: Member,
    group: Group | None,
    note: str,
    trained_on: date,
    expires_on: date | None,
    by: Member,
    at: datetime,
) -> Training:
    """Note that someone was trained, and until when it holds."""
    training = Training.objects.create(
        member=member, group=group, note=note, trained_on=trained_on, expires_on=expires_on, by=by, at=at
    )
    facts: Facts = {
        "training": training.pk,
        "until": expires_on.isoformat() if expires_on else None,
        "note": digest_of(note),
    }
    _record(Verb.TRAINING_NOTED, member, by, at, facts, scope=group.tag if group else EVERYWHERE)
    return training


@transaction.atomic
@trail()
def withdraw_training(*, training: Training, by: Member, at: datetime) -> bool:
    """Take back a note of training; False when that was done before."""
    if not Training.objects.filter(pk=training.pk, withdrawn_at__isnull=True).update(withdrawn_at=at):
        return False
    scope = training.group.tag if training.group else EVERYWHERE
    _record(Verb.TRAINING_WITHDRAWN, training.member, by, at, {"training": training.pk}, scope=scope)
    return True


@transaction.atomic
@trail()
def record_export(*, rows: int, narrowed_by: Collection[str], by: Member, at: datetime) -> None:
    """Put on record that the audit log was copied, how much of it, and by what it had been narrowed."""
    facts: Facts = {"rows": rows, "narrowed_by": sorted(narrowed_by)}
    _record(Verb.AUDIT_EXPORTED, by, by, at, facts)


def _record(
    verb: Verb, member: Member, by: Member, at: datetime, facts: Facts | None = None, scope: str = EVERYWHERE
) -> None:
    record(
        verb=verb, actor=by.pk, subject=Subject("member", member.pk), scope=scope, facts=facts or {}, at=at
    )

"""What stewards do with groups: make, change, close and open again, and put people in. Nothing is ever deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from community.groups.models import Group, JoinRequest, Membership
from community.live import eviction, log
from community.members.models import Member
from moderation.audit.actions import Subject, record, trail
from moderation.audit.chain import Facts
from moderation.audit.verbs import Verb
from moderation.sanctions.actions import lift
from moderation.sanctions.models import Restriction

CHANGEABLE = ("name", "about", "joining", "listed", "audience")
SLUG_CHARS = 50

Told = Callable[[Group, datetime], None]
_told: list[Told] = []


class GroupClosed(Exception):
    """Nobody new comes into a group that a steward has closed."""


class NotHere(Exception):
    """The member is suspended, has paused, or has left: they can't be put in a group."""


def on_closing(told: Told) -> None:
    """Have something done within the transaction that closes a group or opens it again: `closed_at` says which."""
    _told.append(told)


def make_slug(name: str) -> str:
    """A slug from a name; numbered when another group has it, and a plain word when nothing is left of the name."""
    base = slugify(name)[:SLUG_CHARS].strip("-") or "group"
    taken = set(Group.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(slug for slug in _numbered(base) if slug not in taken)


def _numbered(base: str) -> Iterator[str]:
    yield base
    number = 2
    while True:
        yield f"{base}-{number}"
        number += 1


@transaction.atomic
@trail()
def make_group(*, values: Mapping[str, Any], by: Member, at: datetime) -> Group:
    """A new group without people or rooms; `values` are those of `CHANGEABLE`."""
    group = Group(slug=make_slug(values["name"]), created_at=at, **_only_changeable(values))
    group.full_clean()
    group.save()
    _record(Verb.GROUP_MADE, group, by, at, {"joining": group.joining, "listed": group.listed})
    return group


@transaction.atomic
@trail()
def change_group(*, group: Group, values: Mapping[str, Any], by: Member, at: datetime) -> list[str]:
    """Change what differs; the names of the fields that did."""
    group = Group.objects.select_for_update().get(pk=group.pk)
    changed = [name for name, value in _only_changeable(values).items() if getattr(group, name) != value]
    if changed:
        for name in changed:
            setattr(group, name, values[name])
        group.full_clean()
        group.save(update_fields=changed)
        _record(Verb.GROUP_CHANGED, group, by, at, {"fields": changed})
    return changed


@transaction.atomic
@trail()
def close_group(*, group: Group, by: Member, at: datetime) -> bool:
    """Its rooms can be read and not written in, and nobody comes in any more; False when it was closed before."""
    return _set_closed(group, at, Verb.GROUP_CLOSED, by, at)


@transaction.atomic
@trail()
def open_group_again(*, group: Group, by: Member, at: datetime) -> bool:
    """Undo closing; False when it stood open."""
    return _set_closed(group, None, Verb.GROUP_REOPENED, by, at)


def _set_closed(group: Group, closed_at: datetime | None, verb: Verb, by: Member, at: datetime) -> bool:
    log.lock(log.tagged(group.tag))
    standing = Group.objects.filter(pk=group.pk, closed_at__isnull=closed_at is not None)
    if not standing.update(closed_at=closed_at):
        return False
    group.closed_at = closed_at
    for told in _told:
        told(group, at)
    _record(verb, group, by, at, {})
    return True


@transaction.atomic
@trail()
def put_in_group(
    *, group: Group, member: Member, role: Membership.Role, by: Member, at: datetime
) -> Membership:
    """Make someone a member of a group, with a role; a removal that stood is lifted, a request is answered by it.

    Someone who is in it keeps the role they have. Raises GroupClosed, NotHere.
    """
    if not Group.objects.select_for_update().filter(pk=group.pk, closed_at__isnull=True).exists():
        raise GroupClosed
    if not Member.objects.here().filter(pk=member.pk).exists():
        raise NotHere
    removal = Restriction.Kind.REMOVAL
    lift(member_id=member.pk, kind=removal, scope=group.tag, by_id=by.pk, at=at)
    membership, made = Membership.objects.get_or_create(
        group=group, member=member, defaults={"role": role, "joined_at": at}
    )
    if made:
        JoinRequest.objects.filter(group=group, member=member, answered_at__isnull=True).update(
            answer=JoinRequest.Answer.WELCOME, answered_by=by, answered_at=at
        )
        eviction.touch(member.pk, group.tag)
        subject = Subject("member", member.pk)
        record(
            verb=Verb.GROUP_MEMBER_ADDED, actor=by.pk, subject=subject, scope=group.tag, facts={"as": role.value},
            at=at,
        )  # fmt: skip
    return membership


def _only_changeable(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in CHANGEABLE if name in values}


def _record(verb: Verb, group: Group, by: Member, at: datetime, facts: Facts) -> None:
    record(verb=verb, actor=by.pk, subject=Subject("group", group.pk), scope=group.tag, facts=facts, at=at)

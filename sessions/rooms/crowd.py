"""Members for load tests, each with a sign-in of their own, made in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils.crypto import get_random_string

from community.groups.models import Group, Membership
from community.members.models import Member, skeleton
from community.members.signin.limits import limits_for
from community.members.signin.models import SignIn as Row
from community.members.signin.store import SessionStore
from sessions.rooms.models import Room

DOMAIN = "loadtest.invalid"
KEY_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
KEY_LENGTH = 32
ROWS = 500


class NoSuchRoom(Exception):
    """No room has this slug."""


class HandlesTaken(Exception):
    """People who are not of the crowd go by the handles that it needs; names one of them."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """`member` is the public id, `cookie` the value of the session cookie."""

    member: str
    handle: str
    cookie: str


@transaction.atomic
def gather_crowd(*, room_slug: str, count: int, prefix: str, at: datetime) -> list[SignIn]:
    """The crowd's members 1 to `count`, in the room's group and signed in anew; who is there already is reused.

    Raises NoSuchRoom, HandlesTaken.
    """
    room = Room.objects.select_related("group").filter(slug=room_slug).first()
    if room is None:
        raise NoSuchRoom(room_slug)
    members = _members(count, prefix, room.group, at)
    Membership.objects.bulk_create(
        [Membership(group=room.group, member=member, joined_at=at) for member in members],
        batch_size=ROWS,
        ignore_conflicts=True,
    )
    return _sign_in(members, at)


def _members(count: int, prefix: str, group: Group, at: datetime) -> list[Member]:
    handles = {f"{prefix}-{number}@{DOMAIN}": f"{prefix} {number}" for number in range(1, count + 1)}
    standing = Member.objects.in_bulk(list(handles), field_name="email")
    missing = {email: handle for email, handle in handles.items() if email not in standing}
    taken = Member.objects.in_bulk(
        [skeleton(handle) for handle in missing.values()], field_name="handle_skeleton"
    )
    if taken:
        raise HandlesTaken(next(iter(taken.values())).handle)
    role = Member.Role.FAMILY if group.audience == Group.Audience.FAMILY else Member.Role.ALUMNUS
    made = [
        Member(
            email=email, handle=handle, handle_skeleton=skeleton(handle), role=role, joined_at=at,
            password=make_password(None),
        )
        for email, handle in missing.items()
    ]  # fmt: skip
    Member.objects.bulk_create(made, batch_size=ROWS)
    found = standing | Member.objects.in_bulk(list(missing), field_name="email")
    return [found[email] for email in handles]


def _sign_in(members: Sequence[Member], at: datetime) -> list[SignIn]:
    store = SessionStore()
    until = limits_for(strict=False).end(started_at=at, seen_at=at)
    keys = [get_random_string(KEY_LENGTH, KEY_LETTERS) for _ in members]
    rows = [
        Row(
            session_key=key,
            session_data=store.encode({
                SESSION_KEY: str(member.pk),
                BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
                HASH_SESSION_KEY: member.get_session_auth_hash(),
            }),
            member=member,
            started_at=at,
            seen_at=at,
            expire_date=until,
        )
        for key, member in zip(keys, members, strict=True)
    ]  # fmt: skip
    Row.objects.bulk_create(rows, batch_size=ROWS)
    return [SignIn(member.public_id, member.handle, key) for key, member in zip(keys, members, strict=True)]

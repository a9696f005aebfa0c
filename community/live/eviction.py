"""Revoke and evict together: actions call these in the transaction that revokes; sockets end after COMMIT."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from django.db import transaction


@dataclass(frozen=True, slots=True)
class Eviction:
    """Whose connections end, with `code`. With `tag`, only the rooms that carry it do, with `room_code`."""

    member_id: int | None = None
    tag: str | None = None
    session_key: str | None = None
    but_session: str | None = None
    code: str = "auth"
    room_code: str = "removed"

    def concerns(self, member_id: int, session_key: str) -> bool:
        if self.session_key is not None:
            return session_key == self.session_key
        return member_id == self.member_id and session_key != self.but_session

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Touch:
    """What a member may do in the rooms that carry `tag` has changed."""

    member_id: int
    tag: str


_touch_listeners: list[Callable[[Touch], None]] = []
_listeners: list[Callable[[Eviction], None]] = []


def on_eviction(listener: Callable[[Eviction], None]) -> None:
    _listeners.append(listener)


def _announce(eviction: Eviction) -> None:
    for listener in _listeners:
        listener(eviction)


def _after_commit(eviction: Eviction) -> None:
    transaction.on_commit(partial(_announce, eviction), robust=True)


def on_touch(listener: Callable[[Touch], None]) -> None:
    _touch_listeners.append(listener)


def _announce_touch(touch: Touch) -> None:
    for listener in _touch_listeners:
        listener(touch)


def touch(member_id: int, tag: str) -> None:
    """The member's connections learn their new permissions in every room that carries the tag."""
    transaction.on_commit(partial(_announce_touch, Touch(member_id, tag)), robust=True)


def evict(member_id: int, tag: str, code: str = "removed") -> None:
    """The member's connections lose every room that carries the tag; `code` says why: `removed`, `left` or `ended`."""
    _after_commit(Eviction(member_id=member_id, tag=tag, room_code=code))


def end_sign_in(session_key: str) -> None:
    """The connections that came in with this sign-in end."""
    _after_commit(Eviction(session_key=session_key))


def end_all_sign_ins(member_id: int, except_session: str | None = None) -> None:
    """All connections of the member end, but those of one sign-in."""
    _after_commit(Eviction(member_id=member_id, but_session=except_session))


def suspend(member_id: int) -> None:
    """All connections of the member end, finally."""
    _after_commit(Eviction(member_id=member_id, code="suspended"))


def renew_member(member_id: int) -> None:
    """All connections of the member come back a moment later, and know the member as they are then."""
    _after_commit(Eviction(member_id=member_id, code="restart"))


def renew_sign_in(session_key: str) -> None:
    """The connections that came in with this sign-in come back a moment later, with the key that it has then."""
    _after_commit(Eviction(session_key=session_key, code="restart"))

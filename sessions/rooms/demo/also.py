"""What apps above add to the demo once its people, groups and rooms are there; registered in `AppConfig.ready`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from community.members.models import Member

Added = Callable[[Mapping[str, Member], datetime], None]
_added: list[Added] = []


def add_to_demo(added: Added) -> None:
    """Have this called with the members by their handles and the time, in the transaction that makes the demo."""
    _added.append(added)


def add_all(members: Mapping[str, Member], now: datetime) -> None:
    for added in _added:
        added(members, now)

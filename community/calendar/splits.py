"""What else an event has when its series is split: packages above the calendar carry theirs over, by registering."""

from __future__ import annotations

from collections.abc import Callable

from community.calendar.models import Event

Carry = Callable[[Event, Event], None]
_carries: list[Carry] = []


def register(carry: Carry) -> None:
    """`carry` is given the event and the new one that goes on from it, within the transaction that splits them."""
    _carries.append(carry)


def carry_over(old: Event, new: Event) -> None:
    for carry in _carries:
        carry(old, new)

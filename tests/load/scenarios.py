"""What is measured, as data: add a line here, and `make bench` runs it and prints its row."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scenario:
    """`in_flight` messages of each room are on the way at any time, or `pace` a second are sent.

    A message is on the way until its writer has it back or, with `until="everyone"`, until every reader has it.
    """

    name: str
    readers: int
    senders: int = 10
    in_flight: int = 20
    until: str = "sender"
    pace: float = 0.0
    rooms: int = 1
    optional: bool = False

    @property
    def connections(self) -> int:
        return self.rooms * self.readers


SCENARIOS = [
    Scenario("20 readers, saturation", readers=20),
    Scenario("100 readers, saturation", readers=100),
    Scenario("20 readers, one in flight", readers=20, senders=1, in_flight=1, until="everyone"),
    Scenario("100 readers, one in flight", readers=100, senders=1, in_flight=1, until="everyone"),
    Scenario("1,000 readers, saturation", readers=1000, optional=True),
    Scenario(
        "1,000 readers, one in flight", readers=1000, senders=1, in_flight=1, until="everyone", optional=True
    ),
    Scenario("100 readers, 10 a second", readers=100, pace=10, optional=True),
    Scenario("100 rooms of 20, saturation", readers=20, senders=2, in_flight=2, rooms=100, optional=True),
]


@dataclass(frozen=True)
class Target:
    """Ours over bare: `quantity` is a field of `generator.Result`; the bound is a lower one unless `at_most`."""

    scenario: str
    quantity: str
    bound: float
    at_most: bool = False

    def is_met(self, ratio: float) -> bool:
        return ratio <= self.bound if self.at_most else ratio >= self.bound


TARGETS = [
    Target("100 readers, saturation", "rate", 2.0),
    Target("100 readers, saturation", "server_cpu", 0.5, at_most=True),
    Target("100 readers, one in flight", "rate", 0.5),
    Target("100 readers, one in flight", "p99", 2.0, at_most=True),
    Target("1,000 readers, saturation", "rate", 2.0),
]

"""What is measured, as data: add a line here, and `make bench` runs it and prints its rows."""

from __future__ import annotations

from dataclasses import dataclass

OURS, NORMAL = "Porchlight", "Porchlight, NORMAL"
BARE = "bare broadcast"
TUTORIAL, TUTORIAL_REDIS = "tutorial, memory", "tutorial, Redis"
BOTH = (OURS, BARE)
FOUR = (OURS, BARE, TUTORIAL, TUTORIAL_REDIS)


@dataclass(frozen=True)
class Scenario:
    """`in_flight` messages of each room are on the way at any time, or `pace` a second are sent.

    A message is on the way until its writer has it back or, with `until="everyone"`, until every reader has it.
    The first of the servers is compared with each of the others. `rounds` limits how often it is worth running.
    """

    name: str
    readers: int
    senders: int = 10
    in_flight: int = 20
    until: str = "sender"
    pace: float = 0.0
    rooms: int = 1
    servers: tuple[str, ...] = BOTH
    rounds: int = 99
    optional: bool = False

    @property
    def connections(self) -> int:
        return self.rooms * self.readers


def one_in_flight(
    name: str, readers: int, *, servers: tuple[str, ...] = BOTH, rounds: int = 99, optional: bool = False
) -> Scenario:
    return Scenario(
        name,
        readers,
        senders=1,
        in_flight=1,
        until="everyone",
        servers=servers,
        rounds=rounds,
        optional=optional,
    )


SCENARIOS = [
    Scenario("20 readers, saturation", readers=20),
    Scenario("100 readers, saturation", readers=100, servers=(*FOUR, NORMAL)),
    Scenario("1,000 readers, saturation", readers=1000),
    one_in_flight("20 readers, one in flight", 20),
    one_in_flight("100 readers, one in flight", 100, servers=(*BOTH, TUTORIAL, NORMAL)),
    Scenario("20 readers, 10 a second", readers=20, pace=10, servers=FOUR, rounds=1, optional=True),
    Scenario("100 readers, 10 a second", readers=100, pace=10, servers=(*BOTH, TUTORIAL), rounds=1, optional=True),
    Scenario("1,000 readers, 10 a second", readers=1000, pace=10, rounds=1, optional=True),
    one_in_flight("1,000 readers, one in flight", 1000, rounds=1, optional=True),
    Scenario(
        "100 rooms of 20, saturation", readers=20, senders=2, in_flight=2, rooms=100, rounds=1, optional=True
    ),
    Scenario(
        "100 rooms of 20, one in flight", readers=20, senders=1, in_flight=1, until="everyone", rooms=100,
        rounds=1, optional=True,
    ),
    Scenario(
        "20 readers, saturation (tutorial)", readers=20, servers=(OURS, TUTORIAL, TUTORIAL_REDIS), rounds=1,
        optional=True,
    ),
]  # fmt: skip


@dataclass(frozen=True)
class Target:
    """Ours over `against`: `quantity` is a field of `generator.Result`; the bound is a lower one unless `at_most`."""

    scenario: str
    quantity: str
    bound: float
    at_most: bool = False
    against: str = BARE

    def is_met(self, ratio: float) -> bool:
        return ratio <= self.bound if self.at_most else ratio >= self.bound


TARGETS = [
    Target("100 readers, saturation", "rate", 2.0),
    Target("100 readers, saturation", "server_cpu", 0.5, at_most=True),
    Target("100 readers, saturation", "rate", 50.0, against=TUTORIAL),
    Target("100 readers, saturation", "rate", 50.0, against=TUTORIAL_REDIS),
    Target("100 readers, one in flight", "rate", 0.5),
    Target("100 readers, one in flight", "p99", 2.0, at_most=True),
    Target("1,000 readers, saturation", "rate", 2.0),
    Target("100 readers, saturation", "rate", 0.85, against=NORMAL),
]

# What a socket, a burst and a page may cost; measured on our server alone, or beside bare's.
IDLE_SOCKETS, IDLE_KB = 2000, 45.0
BURST = 5000
PAGES_BESIDE_WRITER = 5.0

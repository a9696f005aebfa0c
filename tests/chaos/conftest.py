"""A house for each process of the tests, and how long and how often to hurt it.

`make prove` sets PROVE=full, and SEEDS; without, the tests are short and take one seed. They need real PostgreSQL and
Redis, so the run on SQLite leaves them out.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import services
from tests.chaos.house import House, Place

FULL = os.environ.get("PROVE") == "full"
SEEDS = [int(seed) for seed in os.environ.get("SEEDS", "20261122").split()]
MODEL_SEEDS = [int(seed) for seed in os.environ.get("MODEL_SEEDS", "20261122").split()]
collect_ignore_glob = [] if services.chosen() == "postgres" else ["test_*.py"]


@dataclass(frozen=True, slots=True)
class Measure:
    """How much: `frozen` and `patience` in seconds, `acks` while something is broken."""

    full: bool
    frozen: float
    acks: int
    slow_seconds: float
    programs: int
    steps: int


MEASURE = (
    Measure(full=True, frozen=20.0, acks=400, slow_seconds=30.0, programs=40, steps=50)
    if FULL
    else Measure(full=False, frozen=4.0, acks=60, slow_seconds=3.0, programs=4, steps=40)
)


Record = Callable[[str, object], None]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what was measured: figures to read, which nothing is asserted of."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {name} {value}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", SEEDS)
    if "model_seed" in metafunc.fixturenames:
        metafunc.parametrize("model_seed", MODEL_SEEDS)


@pytest.fixture(scope="session")
def measure() -> Measure:
    return MEASURE


@pytest.fixture(scope="session")
def standing_house(sites_folder: Path) -> Iterator[House]:
    house = House(sites_folder / "house")
    try:
        yield house.build()
    finally:
        house.clear()


@pytest.fixture
def house(standing_house: House) -> House:
    """Both servers run; what a test killed is started again for the next."""
    standing_house.open()
    return standing_house


@pytest.fixture
def place(house: House) -> Place:
    return house.place()

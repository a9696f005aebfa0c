"""A house for the flows of one file, and seats in its rooms."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.flows.seats import Seat, SignIn, Sit
from tests.sites import Site


@pytest.fixture(scope="module")
def house(request: pytest.FixtureRequest, seeded_site: Site, sites_folder: Path) -> Iterator[Site]:
    """A demo community for this file alone: people are muted, blocked and removed in it."""
    name = Path(str(request.path)).stem.replace("_", "-")
    own = Site(sites_folder / f"{sites_folder.name}-{name}").lay(like=seeded_site).start()
    yield own
    own.clear()


@pytest.fixture
def taken() -> Iterator[list[Seat]]:
    """Seats that are left when the test is over."""
    seats: list[Seat] = []
    yield seats
    for seat in seats:
        seat.leave()


@pytest.fixture
def sit(browser: Browser, house: Site, sign_in: SignIn, taken: list[Seat]) -> Sit:
    """`sit("juniper", room="porch")`: that member's browser, with the room open and followed."""

    def take(who: str, room: str = "porch", live: bool = True, **options: Any) -> Seat:
        seat = Seat(browser, house, sign_in, who, room, **options)
        taken.append(seat)
        return seat.live() if live else seat

    return take

"""Who asks twice in the same moment has one certificate; a check in the moment of revoking counts, or says no."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.utils import timezone

from sessions.attendance import actions
from sessions.attendance.actions import StandsAlready
from sessions.attendance.models import Certificate
from tests.attendance.holding import WISH, a_certificate, a_meeting, was_there
from tests.factories import MemberFactory
from tests.live_fixtures import WAIT

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*doings: Callable[[], object]) -> list[object]:
    """Each in a thread and a connection of its own, started together; what came of it."""
    together = threading.Barrier(len(doings))

    def run(does: Callable[[], object]) -> object:
        try:
            together.wait(WAIT)
            return does()
        except StandsAlready as standing:
            return standing.certificate
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(doings)) as pool:
        return [done.result(WAIT) for done in [pool.submit(run, does) for does in doings]]


def test_who_asks_six_times_at_once_has_one() -> None:
    wren, meeting, now = MemberFactory(), a_meeting(), timezone.now()
    was_there(wren, meeting)
    made = at_once(*[lambda: actions.issue(member=wren, meeting=meeting, wish=WISH, at=now)] * 6)
    assert Certificate.objects.count() == 1
    assert set(made) == {Certificate.objects.get()}


def test_every_check_is_counted_that_says_yes() -> None:
    made, now = a_certificate(MemberFactory()), timezone.now()
    looks = [lambda: actions.check(typed=made.code, at=now)] * 5
    found = at_once(*looks, lambda: actions.revoke(certificate=made, at=now), *looks)
    assert found.count(True) == 1
    made.refresh_from_db()
    assert made.times_checked == sum(isinstance(one, Certificate) for one in found)
    assert actions.check(typed=made.code, at=now) is None

"""Two who want the same handle at the same moment: one gets it, whatever the order."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections, transaction

from community.members import naming
from community.members.handles import HandleTaken, skeleton
from community.members.models import HeldHandle, Member
from tests.factories import MemberFactory
from tests.live_fixtures import WAIT

pytestmark = pytest.mark.django_db(transaction=True)

AT = datetime(2026, 11, 22, 19, tzinfo=UTC)
DAY = timedelta(days=1)
postgresql_only = pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="on SQLite one transaction writes at a time"
)


def at_once(*doings: Callable[[], object]) -> list[object]:
    """Each in a thread and a connection of its own, started together; what came of it, exceptions too."""
    together = threading.Barrier(len(doings))

    def run(does: Callable[[], object]) -> object:
        try:
            together.wait(WAIT)
            return does()
        except HandleTaken as refused:
            return type(refused)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(doings)) as pool:
        return [done.result(WAIT) for done in [pool.submit(run, does) for does in doings]]


def change(member: Member, handle: str, at: datetime = AT) -> str:
    return naming.change_handle(member=member, handle=handle, at=at).handle


def test_eight_who_want_the_same_handle_at_once() -> None:
    people = MemberFactory.create_batch(8)
    spelled = [
        "Slow River",
        "slow river",
        "Slow-River",
        "SLOW RIVER",
        "SlowRiver",
        "siow river",
        "S1ow River",
        "Slow.River",
    ]
    got = at_once(
        *(lambda one=one, how=how: change(one, how) for one, how in zip(people, spelled, strict=True))
    )
    assert got.count(HandleTaken) == 7
    assert Member.objects.filter(handle_skeleton=skeleton("Slow River")).count() == 1
    assert HeldHandle.objects.count() == 1


def test_a_handle_whose_hold_runs_out_is_had_by_one() -> None:
    people = MemberFactory.create_batch(6)
    HeldHandle.objects.create(skeleton=skeleton("Juniper"), until=AT)
    got = at_once(
        *(lambda one=one: change(one, "Juniper") for one in people), lambda: naming.let_go_of_held_handles(AT)
    )
    assert got.count("Juniper") == 1
    assert got.count(HandleTaken) == 5


def test_who_had_it_and_a_stranger_both_want_it_when_the_hold_runs_out() -> None:
    had, stranger = MemberFactory(handle="Juniper"), MemberFactory()
    change(had, "Slow River", AT - 180 * DAY)
    got = at_once(lambda: change(had, "Juniper"), lambda: change(stranger, "juniper"))
    assert sorted(map(str, got)).count(str(HandleTaken)) == 1
    assert Member.objects.filter(handle_skeleton=skeleton("Juniper")).count() == 1


def test_two_who_swap_do_not_wait_for_each_other() -> None:
    one, other = MemberFactory(handle="Juniper"), MemberFactory(handle="Slow River")
    got = at_once(lambda: change(one, "Slow River"), lambda: change(other, "Juniper"))
    assert got == [HandleTaken, HandleTaken]


@postgresql_only
def test_what_is_let_go_of_while_someone_reaches_for_it_is_held() -> None:
    """The stranger's row waits on the unique column for the transaction that lets go; then it finds the hold."""
    had, stranger = MemberFactory(handle="Juniper"), MemberFactory()
    waiting = threading.Event()

    def reach() -> str:
        # As if it had been free when it was asked: what comes is up to the database.
        try:
            with transaction.atomic():
                waiting.set()
                Member.objects.filter(pk=stranger.pk).update(
                    handle="Juniper", handle_skeleton=skeleton("Juniper")
                )
                if HeldHandle.objects.against(stranger.pk, skeleton("Juniper"), AT).exists():
                    raise HandleTaken
                return "taken"
        except HandleTaken:
            return "held"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            change(had, "Slow River")
            reaching = pool.submit(reach)
            assert waiting.wait(WAIT)
            await_blocked()
        assert reaching.result(WAIT) == "held"
    assert Member.objects.filter(handle_skeleton=skeleton("Juniper")).count() == 0


def await_blocked() -> None:
    """Until some other connection waits for a lock of ours."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with connection.cursor() as cursor:
        for _ in range(100_000):
            cursor.execute(asked)
            if cursor.fetchone()[0]:
                return
            cursor.execute("SELECT pg_stat_clear_snapshot()")
    pytest.fail("nobody waits")

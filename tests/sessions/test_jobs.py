"""Periodic jobs: a spent mute ends with an event, and two workers do a thing once."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections, transaction

from community.live import ticks
from community.live.domain import Command, Outcome
from community.live.models import Tick
from community.live.writer import submit
from community.members.models import Member
from moderation.sanctions.models import Restriction
from sessions.rooms import jobs
from sessions.rooms.models import Room
from tests.factories import RoomFactory
from tests.live_client import Enter, act, aside, code_of, do, events, say, state_of, types
from tests.live_fixtures import WAIT, SetClock, Stop

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def mute(room: Room, by: Member, member: Member, minutes: int | None) -> None:
    assert code_of(do(room, by, act(room, "member.mute", member.public_id, {"minutes": minutes}))) == ""


# --- spent mutes -------------------------------------------------------------------------------------------------


def test_a_spent_mute_is_lifted_with_an_event(
    room: Room, wren: Member, fern: Member, set_clock: SetClock
) -> None:
    mute(room, fern, wren, 10)
    set_clock.forward(599)
    assert jobs.end_spent_mutes(set_clock.at) == 0
    set_clock.forward(1)
    assert jobs.end_spent_mutes(set_clock.at) == 1
    assert events(room)[1]["data"] == {"member": wren.public_id}
    assert (types(room)[1], events(room)[1]["by"]) == ("member.unmuted", None)
    [row] = Restriction.objects.all()
    assert (row.lifted_at, row.lifted_by) == (set_clock.at, None)
    assert state_of(room, wren)["muted"] is False
    assert jobs.end_spent_mutes(set_clock.at) == 0
    assert len(events(room)) == 2


def test_only_what_is_spent_is_lifted(
    room: Room, wren: Member, juniper: Member, fern: Member, set_clock: SetClock
) -> None:
    other = RoomFactory(group=room.group)
    mute(room, fern, wren, 5)
    mute(other, fern, wren, 60)
    mute(room, fern, juniper, None)
    set_clock.forward(6 * 60)
    assert jobs.end_spent_mutes(set_clock.at) == 1
    assert types(other) == ["member.muted"]
    assert code_of(do(room, juniper, say(room))) == "muted"
    assert code_of(do(room, wren, say(room))) == ""


def test_a_mute_renewed_before_the_job_gets_to_it_stands(
    room: Room, wren: Member, fern: Member, set_clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job has found the mute spent; before it takes the room's lock, a moderator mutes the member again."""
    mute(room, fern, wren, 5)
    set_clock.forward(6 * 60)

    def after_a_new_mute(command: Command) -> Future[Outcome]:
        mute(room, fern, wren, 60)
        return submit(command)

    monkeypatch.setattr(jobs, "submit", after_a_new_mute)
    jobs.end_spent_mutes(set_clock.at)
    assert types(room) == ["member.muted", "member.muted"]
    assert code_of(do(room, wren, say(room))) == "muted"


@pytest.mark.django_db(transaction=True)
async def test_readers_see_a_spent_mute_end(
    enter: Enter, room: Room, wren: Member, juniper: Member, fern: Member, set_clock: SetClock
) -> None:
    hers, his = await enter(wren, room), await enter(juniper, room)
    await aside(mute, room, fern, wren, 10)
    assert (await hers.until("you"))["state"]["muted"] is True
    set_clock.forward(600)
    await aside(jobs.end_spent_mutes, set_clock.at)
    await his.event("member.unmuted", member=wren.public_id)
    assert (await hers.until("you"))["room"] == room.slug


# --- who runs what -----------------------------------------------------------------------------------------------


@pytest.fixture
def no_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticks, "_jobs", {})


def test_the_rooms_jobs_are_registered() -> None:
    assert {"end_spent_mutes", "forget_old_words"} <= set(ticks._jobs)


def test_a_job_runs_when_its_time_has_come_and_not_before(no_jobs: None) -> None:
    ran: list[datetime] = []
    ticks.register("water the plants", every_seconds=60, run=ran.append)
    times = [NOON, NOON + timedelta(seconds=59), NOON + timedelta(seconds=60), NOON + timedelta(seconds=61)]
    assert [ticks.run_due(now) for now in times] == [["water the plants"], [], ["water the plants"], []]
    assert ran == [times[0], times[2]]


def test_a_job_that_fails_harms_no_other_and_is_tried_again(no_jobs: None) -> None:
    ran: list[datetime] = []
    attempts: list[datetime] = []

    def fails(now: datetime) -> None:
        attempts.append(now)
        raise ValueError

    ticks.register("fails", every_seconds=60, run=fails)
    ticks.register("works", every_seconds=60, run=ran.append)
    assert ticks.run_due(NOON) == ["works"]
    later = NOON + timedelta(seconds=60)
    assert ticks.run_due(later) == ["works"]
    assert attempts == ran == [NOON, later]
    assert Tick.objects.filter(lease_until__isnull=False).count() == 0


def test_a_worker_that_died_at_a_job_holds_it_no_longer_than_its_lease(no_jobs: None) -> None:
    ran: list[datetime] = []
    ticks.register("water the plants", every_seconds=60, run=ran.append)
    Tick.objects.create(name="water the plants", ran_at=NOON, lease_until=NOON + ticks.LEASE)
    assert ticks.run_due(NOON + timedelta(minutes=2)) == []
    assert ticks.run_due(NOON + ticks.LEASE + timedelta(seconds=1)) == ["water the plants"]


@pytest.mark.django_db(transaction=True)
def test_two_workers_do_a_thing_once(no_jobs: None) -> None:
    inside = Stop()
    ran: list[datetime] = []

    def slowly(now: datetime) -> None:
        ran.append(now)
        inside()

    def work() -> None:
        ticks.run_due(NOON)
        connections.close_all()

    ticks.register("slow", every_seconds=60, run=slowly)
    first = threading.Thread(target=work)
    first.start()
    inside.await_reached()
    assert ticks.run_due(NOON) == []
    assert ticks.run_due(NOON + timedelta(seconds=90)) == []
    inside.go.set()
    first.join(WAIT)
    assert ran == [NOON]
    assert ticks.run_due(NOON + timedelta(seconds=90)) == ["slow"]


@pytest.mark.django_db(transaction=True)
def test_an_idle_worker_writes_nothing(no_jobs: None) -> None:
    ticks.register("rare", every_seconds=3600, run=lambda now: None)
    ticks.run_due(NOON)
    with transaction.atomic():
        before = list(Tick.objects.values())
        assert ticks.run_due(NOON + timedelta(minutes=30)) == []
        assert list(Tick.objects.values()) == before

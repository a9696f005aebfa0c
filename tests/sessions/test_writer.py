"""The writer's door: from threads, from requests, with and without its own threads; never from inside a transaction."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import transaction

from community.live import log
from community.live.domain import Committed, Outcome
from community.live.writer import Writer
from community.members.models import Member
from sessions.rooms.models import Room
from tests.live_client import code_of, command, events, say
from tests.live_fixtures import WAIT, SetHook

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def at_work(transactional_db: None) -> Iterator[Writer]:
    writer = Writer()
    writer.start()
    yield writer
    writer.stop()


def test_submit_inside_a_transaction_raises_for_it_would_wait_for_itself(
    at_work: Writer, room: Room, wren: Member
) -> None:
    asked = command(room, wren, say(room))
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"):
        at_work.submit(asked)
    assert events(room) == []
    assert at_work.submit(asked).result(WAIT) == Committed(1)


def test_an_action_with_rows_of_its_own_appends_in_its_own_transaction(
    at_work: Writer, room: Room, wren: Member
) -> None:
    with transaction.atomic():
        assert log.append([command(room, wren, say(room))]) == [Committed(1)]
    assert at_work.submit(command(room, wren, say(room))).result(WAIT) == Committed(2)


def test_where_nothing_serves_a_command_is_written_by_who_submits_it(room: Room, wren: Member) -> None:
    idle = Writer()
    assert not idle.running
    assert idle.submit(command(room, wren, say(room))).result(0) == Committed(1)


def test_an_answer_is_given_after_the_commit(
    at_work: Writer, room: Room, wren: Member, failpoint: SetHook
) -> None:
    answered_at_commit: list[bool] = []
    seen: list[Outcome] = []

    def committed(**facts: object) -> None:
        answered_at_commit.append(bool(seen))

    failpoint("log.committed", committed)
    future = at_work.submit(command(room, wren, say(room)))
    future.add_done_callback(lambda done: seen.append(done.result()))
    assert future.result(WAIT) == Committed(1)
    assert answered_at_commit == [False]


def test_a_refusal_is_an_answer_and_no_error(at_work: Writer, room: Room, wren: Member) -> None:
    room.group.joining = "closed"
    room.group.save()
    wren.memberships.all().delete()
    assert code_of(at_work.submit(command(room, wren, say(room))).result(WAIT)) == "not_found"


def test_starting_twice_starts_once(at_work: Writer) -> None:
    threads = list(at_work._threads)
    at_work.start()
    assert at_work._threads == threads

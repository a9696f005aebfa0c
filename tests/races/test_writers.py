"""Who comes first, what a key counts, what a failure leaves: two writers on one database, each with its connection."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction

from community.live import log
from community.live.domain import Committed, Outcome
from community.live.log import Commit
from community.live.writer import Writer
from community.members.models import Member
from sessions.rooms.models import Room
from tests.factories import GroupFactory, MemberFactory, RoomFactory
from tests.live_client import act, code_of, command, events, say, types
from tests.live_fixtures import WAIT, SetHook, Stop
from tests.races.conftest import Pair
from tests.races.readers import about, fail_for, passing

BROKEN = OperationalError("the line went dead")


def submit(writer: Writer, room: Room, member: Member, frame: dict[str, Any]) -> Future[Outcome]:
    return writer.submit(command(room, member, frame))


def texts(room: Room) -> list[str]:
    return [event["data"]["text"] for event in events(room) if "text" in event["data"]]


def await_a_waiting_lock() -> None:
    """Until PostgreSQL itself says that some transaction waits for another. SQLite can't be asked."""
    if connection.vendor != "postgresql":
        return
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    for _ in range(100_000):
        with connection.cursor() as cursor:
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                return
    raise AssertionError("no transaction waits for a lock")


# --- order -------------------------------------------------------------------------------------------------------


def test_whoever_gets_the_lock_first_comes_first_and_the_other_waits(
    two_writers: Pair, room: Room, wren: Member, juniper: Member, failpoint: SetHook, published: list[Commit]
) -> None:
    one, other = two_writers
    held, begun = Stop(about("first")), passing(about("second"))
    failpoint("log.locked", held)
    failpoint("writer.beginning", begun)
    first = submit(one, room, wren, say(room, "first"))
    held.await_reached()
    second = submit(other, room, juniper, say(room, "second"))
    begun.await_reached()
    await_a_waiting_lock()
    assert not first.done()
    assert not second.done()
    held.go.set()
    assert (first.result(WAIT), second.result(WAIT)) == (Committed(1), Committed(2))
    assert texts(room) == ["first", "second"]
    assert sorted(commit.first for commit in published) == [1, 2]


def test_a_rollback_gives_its_number_to_the_next(
    two_writers: Pair, room: Room, wren: Member, juniper: Member, failpoint: SetHook, published: list[Commit]
) -> None:
    one, other = two_writers
    held, begun = Stop(), passing(about("said"))

    def hold_and_fail(commands: list[Any], **_: Any) -> None:
        if about("never said")(commands=commands):
            held()
            raise BROKEN

    failpoint("log.saved", hold_and_fail)
    failpoint("writer.beginning", begun)
    lost = submit(one, room, wren, say(room, "never said"))
    held.await_reached()
    kept = submit(other, room, juniper, say(room, "said"))
    begun.await_reached()
    held.go.set()
    assert code_of(lost.result(WAIT)) == "unavailable"
    assert kept.result(WAIT) == Committed(1)
    assert texts(room) == ["said"]
    assert [(commit.first, len(commit.payloads)) for commit in published] == [(1, 1)]


# --- mute and send -----------------------------------------------------------------------------------------------


def test_a_send_that_waited_for_a_mute_is_refused(
    two_writers: Pair, room: Room, wren: Member, fern: Member, failpoint: SetHook
) -> None:
    one, other = two_writers
    held = Stop(lambda commands: type(commands[0].act).__name__ == "Mute")
    begun = passing(about("too late"))
    assert submit(other, room, wren, say(room, "in time")).result(WAIT) == Committed(1)
    failpoint("log.saved", held)
    failpoint("writer.beginning", begun)
    mute = submit(one, room, fern, act(room, "member.mute", wren.public_id, {"minutes": 5}))
    held.await_reached()
    sent = submit(other, room, wren, say(room, "too late"))
    begun.await_reached()
    await_a_waiting_lock()
    held.go.set()
    assert mute.result(WAIT) == Committed(2)
    assert code_of(sent.result(WAIT)) == "muted"
    assert types(room) == ["message.posted", "member.muted"]


def test_a_mute_that_waited_for_a_send_lets_it_stand_and_stops_the_next(
    two_writers: Pair, room: Room, wren: Member, fern: Member, failpoint: SetHook
) -> None:
    one, other = two_writers
    held = Stop(about("in time"))
    begun = passing(lambda commands: type(commands[0].act).__name__ == "Mute")
    failpoint("log.saved", held)
    failpoint("writer.beginning", begun)
    sent = submit(one, room, wren, say(room, "in time"))
    held.await_reached()
    mute = submit(other, room, fern, act(room, "member.mute", wren.public_id, {"minutes": 5}))
    begun.await_reached()
    await_a_waiting_lock()
    held.go.set()
    assert (sent.result(WAIT), mute.result(WAIT)) == (Committed(1), Committed(2))
    assert types(room) == ["message.posted", "member.muted"]
    assert code_of(submit(one, room, wren, say(room, "too late")).result(WAIT)) == "muted"


# --- keys --------------------------------------------------------------------------------------------------------


def test_one_key_in_two_processes_is_stored_once(
    two_writers: Pair, room: Room, wren: Member, failpoint: SetHook
) -> None:
    one, other = two_writers
    frame = say(room, "once")
    held, begun = Stop(about("once")), threading.Semaphore(0)
    failpoint("log.saved", held)
    failpoint("writer.beginning", lambda commands: begun.release())
    first = submit(one, room, wren, frame)
    held.await_reached()
    second = submit(other, room, wren, frame)
    assert begun.acquire(timeout=WAIT)
    assert begun.acquire(timeout=WAIT)
    await_a_waiting_lock()
    held.go.set()
    assert first.result(WAIT) == Committed(1)
    assert second.result(WAIT) == Committed(1, dup=True)
    assert texts(room) == ["once"]


def test_one_key_in_two_processes_that_begin_together_is_stored_once_whoever_wins(
    two_writers: Pair, room: Room, wren: Member, failpoint: SetHook
) -> None:
    together = threading.Barrier(2)
    failpoint("writer.beginning", lambda commands: together.wait(WAIT))
    for number in range(1, 21):
        frame = say(room, f"word {number}")
        asked = [submit(writer, room, wren, frame) for writer in two_writers]
        outcomes = [future.result(WAIT) for future in asked]
        assert sorted(outcomes, key=str) == [Committed(number, dup=False), Committed(number, dup=True)]
    assert len(events(room)) == 20


def test_a_key_whose_transaction_was_rolled_back_counts_for_the_other_process(
    two_writers: Pair, room: Room, wren: Member, failpoint: SetHook
) -> None:
    one, other = two_writers
    frame = say(room, "once")
    failpoint("log.saved", fail_for("once", BROKEN, times=2))
    assert code_of(submit(one, room, wren, frame).result(WAIT)) == "unavailable"
    assert submit(other, room, wren, frame).result(WAIT) == Committed(1)
    assert submit(one, room, wren, frame).result(WAIT) == Committed(1, dup=True)


def test_when_the_ok_is_lost_after_commit_the_repeated_key_gets_the_same_number(
    two_writers: Pair, room: Room, wren: Member, failpoint: SetHook
) -> None:
    one, other = two_writers
    frame = say(room, "committed")
    held = Stop()
    failpoint("log.committed", held)
    unanswered = submit(one, room, wren, frame)
    held.await_reached()
    assert submit(other, room, wren, frame).result(WAIT) == Committed(1, dup=True)
    assert not unanswered.done()
    held.go.set()
    assert unanswered.result(WAIT) == Committed(1)
    assert texts(room) == ["committed"]


def test_when_the_databases_own_answer_to_commit_is_lost_the_writer_finds_out_what_became_of_it(
    one_writer: Writer, room: Room, wren: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrapper: Any = type(connections["default"])
    commit, deaf = wrapper._commit, [True]

    def commit_unheard(self: Any) -> None:
        commit(self)
        if threading.current_thread().name.startswith("writer") and deaf:
            deaf.clear()
            raise BROKEN

    monkeypatch.setattr(type(connections["default"]), "_commit", commit_unheard)
    assert submit(one_writer, room, wren, say(room, "heard of twice")).result(WAIT) == Committed(1, dup=True)
    assert submit(one_writer, room, wren, say(room, "next")).result(WAIT) == Committed(2)
    assert texts(room) == ["heard of twice", "next"]


def test_when_commit_fails_again_and_again_the_outcome_is_not_known_and_never_ok(
    one_writer: Writer, room: Room, wren: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_commit(self: Any) -> None:
        raise BROKEN

    frame = say(room)
    with monkeypatch.context() as broken:
        broken.setattr(type(connections["default"]), "_commit", no_commit)
        assert code_of(submit(one_writer, room, wren, frame).result(WAIT)) == "unknown"
    assert events(room) == []
    assert submit(one_writer, room, wren, frame).result(WAIT) == Committed(1)


# --- batches -----------------------------------------------------------------------------------------------------


def batch_sizes(failpoint: SetHook, hold: Stop) -> list[int]:
    """Note the size of each transaction that begins; the first is held."""
    sizes: list[int] = []

    def note(commands: list[Any]) -> None:
        sizes.append(len(commands))
        hold()

    failpoint("log.locked", note)
    return sizes


def test_what_arrives_while_a_batch_is_written_forms_the_next_one(
    one_writer: Writer, room: Room, wren: Member, failpoint: SetHook
) -> None:
    held = Stop()
    sizes = batch_sizes(failpoint, held)
    first = submit(one_writer, room, wren, say(room, "alone"))
    held.await_reached()
    later = [submit(one_writer, room, wren, say(room, f"{number}")) for number in range(5)]
    held.go.set()
    assert first.result(WAIT) == Committed(1)
    assert [future.result(WAIT) for future in later] == [Committed(seq) for seq in range(2, 7)]
    assert sizes == [1, 5]
    assert texts(room) == ["alone", "0", "1", "2", "3", "4"]


def test_one_refusal_inside_a_batch_leaves_no_hole(
    one_writer: Writer, room: Room, wren: Member, juniper: Member, fern: Member, failpoint: SetHook
) -> None:
    held = Stop()
    sizes = batch_sizes(failpoint, held)
    muted = submit(one_writer, room, fern, act(room, "member.mute", juniper.public_id, {"minutes": 5}))
    held.await_reached()
    before = submit(one_writer, room, wren, say(room, "before"))
    refused = submit(one_writer, room, juniper, say(room, "unsaid"))
    after = submit(one_writer, room, wren, say(room, "after"))
    held.go.set()
    assert muted.result(WAIT) == Committed(1)
    assert (before.result(WAIT), after.result(WAIT)) == (Committed(2), Committed(3))
    assert code_of(refused.result(WAIT)) == "muted"
    assert sizes == [1, 3]
    assert [event["seq"] for event in events(room)] == [1, 2, 3]


def test_one_bad_command_harms_only_itself(
    one_writer: Writer, room: Room, wren: Member, failpoint: SetHook, published: list[Commit]
) -> None:
    held = Stop()
    sizes = batch_sizes(failpoint, held)
    failpoint("log.saved", fail_for("poison", RuntimeError("no database would take that")))
    first = submit(one_writer, room, wren, say(room, "first"))
    held.await_reached()
    asked = {
        text: submit(one_writer, room, wren, say(room, text)) for text in ("good", "poison", "also good")
    }
    held.go.set()
    assert first.result(WAIT) == Committed(1)
    assert asked["good"].result(WAIT) == Committed(2)
    assert code_of(asked["poison"].result(WAIT)) == "unavailable"
    assert asked["also good"].result(WAIT) == Committed(3)
    assert sizes[:2] == [1, 3]
    assert max(sizes[2:]) == 1
    assert texts(room) == ["first", "good", "also good"]
    assert [commit.first for commit in published] == [1, 2, 3]


def test_a_batch_that_failed_once_is_written_whole_on_the_second_try(
    one_writer: Writer, room: Room, wren: Member, failpoint: SetHook, published: list[Commit]
) -> None:
    held = Stop()
    batch_sizes(failpoint, held)
    failpoint("log.saved", fail_for("unlucky", BROKEN, times=1))
    first = submit(one_writer, room, wren, say(room, "first"))
    held.await_reached()
    asked = [submit(one_writer, room, wren, say(room, text)) for text in ("lucky", "unlucky")]
    held.go.set()
    assert first.result(WAIT) == Committed(1)
    assert [future.result(WAIT) for future in asked] == [Committed(2), Committed(3)]
    assert texts(room) == ["first", "lucky", "unlucky"]
    assert [commit.first for commit in published] == [1, 2, 3]


def test_stopping_writes_what_is_queued_and_answers_everyone(
    room: Room, wren: Member, failpoint: SetHook, transactional_db: None
) -> None:
    writer = Writer()
    writer.start()
    held = Stop()
    failpoint("log.locked", held)
    asked = [submit(writer, room, wren, say(room, f"{number}")) for number in range(20)]
    held.await_reached()
    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(writer.stop)
        held.go.set()
        stopping.result(WAIT)
    assert [future.result(0) for future in asked] == [Committed(seq) for seq in range(1, 21)]
    assert not writer.running
    assert submit(writer, room, wren, say(room, "afterwards")).result(0) == Committed(21)


# --- two processes over the same rooms ---------------------------------------------------------------------------


def test_two_processes_that_write_to_the_same_rooms_in_opposite_order_never_deadlock(
    room: Room, transactional_db: None, apart: None
) -> None:
    """1,000 rounds on PostgreSQL. SQLite has one lock and knows no deadlock: 100 rounds show that both get through."""
    rooms: list[Room] = [room, RoomFactory(group=GroupFactory())]
    people = MemberFactory.create_batch(2)
    rounds = 1000 if connection.vendor == "postgresql" else 100
    together = threading.Barrier(2)

    def write(member: Member, places: list[Room]) -> list[list[Outcome]]:
        done = []
        frames = [command(place, member, say(place)) for place in places]
        try:
            for _ in range(rounds):
                together.wait(WAIT)
                with transaction.atomic():
                    done.append(log.append([_keyless(each) for each in frames]))
        except BaseException:
            together.abort()
            raise
        finally:
            connections.close_all()
        return done

    with ThreadPoolExecutor(2) as pool:
        forwards = pool.submit(write, people[0], rooms)
        backwards = pool.submit(write, people[1], rooms[::-1])
        there, back = forwards.result(), backwards.result()
    assert len(there) == len(back) == rounds
    for place, each in enumerate(rooms):
        seqs = [batch[place] for batch in there] + [batch[-1 - place] for batch in back]
        assert sorted(outcome.seq for outcome in seqs if isinstance(outcome, Committed)) == list(
            range(1, 2 * rounds + 1)
        )
        assert log.head(each.log_id).last_seq == 2 * rounds


def _keyless(asked: Any) -> Any:
    return type(asked)(asked.opened, asked.author, asked.act)


def test_removals_that_touch_every_room_of_a_group_never_deadlock_with_words_in_two_of_them(
    room: Room, fern: Member, transactional_db: None, apart: None
) -> None:
    rooms: list[Room] = [room, *(RoomFactory(group=room.group) for _ in range(3))]
    writer = MemberFactory()
    rounds = 100 if connection.vendor == "postgresql" else 20
    leavers = MemberFactory.create_batch(rounds)
    together = threading.Barrier(2)

    def remove() -> list[Outcome]:
        done = []
        try:
            for leaver in leavers:
                asked = command(
                    rooms[3], fern, act(rooms[3], "member.remove", leaver.public_id, {"reason": ""})
                )
                together.wait(WAIT)
                with transaction.atomic():
                    done += log.append([asked])
        except BaseException:
            together.abort()
            raise
        finally:
            connections.close_all()
        return done

    def write() -> list[Outcome]:
        done = []
        try:
            for _ in range(rounds):
                asked = [command(place, writer, say(place)) for place in (rooms[2], rooms[0])]
                together.wait(WAIT)
                with transaction.atomic():
                    done += log.append(asked)
        except BaseException:
            together.abort()
            raise
        finally:
            connections.close_all()
        return done

    with ThreadPoolExecutor(2) as pool:
        removals, words = pool.submit(remove), pool.submit(write)
        assert all(isinstance(outcome, Committed) for outcome in removals.result() + words.result())
    assert log.head(rooms[1].log_id).last_seq == rounds
    assert log.head(rooms[0].log_id).last_seq == 2 * rounds

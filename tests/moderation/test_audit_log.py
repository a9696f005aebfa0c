"""The audit log holds: the database refuses to change it, and whatever was changed all the same is found."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DataError, IntegrityError, connection, transaction
from pytest_django import Settings
from structlog.testing import capture_logs

from community.live import ticks
from moderation.audit import checkpoints, triggers
from moderation.audit import verify as verifying
from moderation.audit.actions import NoHead, Subject, record, trail
from moderation.audit.chain import GENESIS, NotAFact, Statement, link
from moderation.audit.jobs import look_and_set_down
from moderation.audit.models import AuditEntry, AuditHead
from moderation.audit.verbs import Verb
from moderation.audit.verify import Fault, Finding, verify
from moderation.sanctions.actions import restrict
from moderation.sanctions.models import Restriction
from tests.factories import MemberFactory
from tests.sites import Site

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 4, 19, 0, 0, 123456, tzinfo=UTC)
WRITERS, ROUNDS = 8, 12


def mute(
    number: int, *, at: datetime = AT, actor: int | None = 3, facts: dict[str, Any] | None = None
) -> None:
    facts = {"until": None} if facts is None else facts
    record(
        verb=Verb.MEMBER_MUTED,
        actor=actor,
        subject=Subject("member", number),
        scope="room:2",
        facts=facts,
        at=at,
    )


@pytest.fixture
def six(db: None) -> list[AuditEntry]:
    """A log of six rows."""
    for number in range(1, 7):
        mute(number)
    return list(AuditEntry.objects.all())


def sql(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def rows_at_fault(found: list[Finding]) -> list[tuple[Fault, int | None]]:
    return [(finding.fault, finding.seq) for finding in found if finding.fault != Fault.TRIGGER]


# --- writing -----------------------------------------------------------------------------------------------------


def test_entries_are_numbered_from_one_and_each_seals_the_one_before(six: list[AuditEntry]) -> None:
    assert [row.seq for row in six] == [1, 2, 3, 4, 5, 6]
    assert [row.prev for row in six] == [GENESIS, *(row.hash for row in six[:-1])]
    head = AuditHead.objects.get()
    assert (head.seq, head.hash) == (6, six[-1].hash)
    assert six[0].at == AT
    assert verify() == []


@pytest.mark.django_db(transaction=True)
def test_recording_outside_a_transaction_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        mute(1)
    with pytest.raises(RuntimeError, match="transaction"), trail():
        pass
    with transaction.atomic():
        mute(1)
    assert AuditEntry.objects.count() == 1


def test_what_is_rolled_back_leaves_no_gap(six: list[AuditEntry]) -> None:
    with suppress(ZeroDivisionError), transaction.atomic():
        mute(7)
        assert AuditEntry.objects.count() == 7
        raise ZeroDivisionError
    mute(8)
    assert list(AuditEntry.objects.values_list("seq", "subject_id"))[-2:] == [(6, 6), (7, 8)]
    assert verify() == []


def test_a_trail_is_written_once_at_its_end_in_the_order_of_times(six: list[AuditEntry]) -> None:
    with trail():
        mute(7, at=AT + timedelta(minutes=2))
        with trail():
            mute(8, at=AT + timedelta(minutes=1))
        mute(9, at=AT + timedelta(minutes=2))
        with suppress(ZeroDivisionError), trail():
            mute(10)
            raise ZeroDivisionError
        assert AuditEntry.objects.count() == 6
    assert list(AuditEntry.objects.filter(seq__gt=6).values_list("subject_id", flat=True)) == [8, 7, 9]
    assert verify() == []


def test_what_may_not_stand_in_the_log_is_refused_and_nothing_is_written(six: list[AuditEntry]) -> None:
    for facts in ({"reason": "He shouted"}, {"to": "wren@porchlight.example"}):
        with pytest.raises(NotAFact):
            mute(7, facts=facts)
    with pytest.raises(ValueError, match="zone"):
        mute(7, at=AT.replace(tzinfo=None))
    assert AuditEntry.objects.count() == 6


def test_without_a_head_nothing_is_recorded(six: list[AuditEntry]) -> None:
    triggers.take_down(connection)
    AuditHead.objects.all().delete()
    with pytest.raises(NoHead):
        mute(7)
    triggers.stand(connection)
    assert not AuditHead.objects.exists(), "a log with rows is not given a new head by itself"
    assert rows_at_fault(verify()) == [(Fault.HEAD, None)]


@pytest.mark.django_db(transaction=True)
def test_eight_writers_at_once_leave_one_chain_without_gaps() -> None:
    people = MemberFactory.create_batch(WRITERS)
    start = threading.Barrier(WRITERS)
    failed: list[BaseException] = []

    def write(number: int) -> None:
        try:
            start.wait(20)
            for turn in range(ROUNDS):
                with suppress(ZeroDivisionError), transaction.atomic(), trail():
                    mute(number, facts={"turn": turn})
                    if turn % 3 == 0:
                        raise ZeroDivisionError
                    if turn % 3 == 1:
                        restrict(
                            member_id=people[number].pk, kind=Restriction.Kind.MUTE, scope="room:9", by_id=None,
                            reason="Shouting", at=AT,
                        )  # fmt: skip
        except BaseException as error:  # noqa: BLE001 - told to the test
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    wanted = WRITERS * ROUNDS  # of three rounds, one leaves nothing, one leaves two rows, one leaves one
    assert list(AuditEntry.objects.values_list("seq", flat=True)) == list(range(1, wanted + 1))
    assert verify() == []


# --- what the database refuses -----------------------------------------------------------------------------------

REFUSED = [
    "UPDATE audit_entry SET actor = 9",
    "UPDATE audit_entry SET actor = actor WHERE seq = 2",
    "DELETE FROM audit_entry",
    "DELETE FROM audit_entry WHERE seq = 6",
    "UPDATE audit_head SET seq = 2",
    "DELETE FROM audit_head",
]
INSERT = """
    INTO audit_entry SELECT 6, at, actor, verb, subject_kind, 99, scope, facts, prev, hash FROM audit_entry
    WHERE seq = 6
"""
BY_VENDOR = {
    "sqlite": [f"INSERT OR REPLACE {INSERT}", "REPLACE INTO audit_head VALUES (1, 2, 'x')"],
    "postgresql": [
        f"INSERT {INSERT} ON CONFLICT (seq) DO UPDATE SET subject_id = 99",
        "TRUNCATE audit_entry",
        "TRUNCATE audit_head",
        "SET LOCAL session_replication_role = replica; DELETE FROM audit_entry",
    ],
}


def test_the_database_itself_refuses_to_change_or_empty_the_log(six: list[AuditEntry]) -> None:
    mute(7)
    for statement in [*REFUSED, *BY_VENDOR[connection.vendor]]:
        with pytest.raises(IntegrityError, match="only grows"), transaction.atomic():
            sql(statement)
    assert list(AuditEntry.objects.all())[:6] == six
    assert verify() == []


def test_the_same_statements_pass_once_the_triggers_are_gone(six: list[AuditEntry]) -> None:
    triggers.take_down(connection)
    for statement in [*REFUSED, *BY_VENDOR[connection.vendor]]:
        with transaction.atomic():
            sql(statement)
            transaction.set_rollback(True)
    assert list(AuditEntry.objects.all()) == six


@pytest.mark.parametrize("number", range(3))
def test_a_missing_trigger_is_found_and_put_up_again(six: list[AuditEntry], number: int) -> None:
    name = triggers.names(connection.vendor)[number]
    triggers._drop(connection, name)
    [finding] = verify()
    assert finding.fault == Fault.TRIGGER
    assert name in finding.words
    triggers.stand(connection)
    assert verify() == []


def test_a_trigger_that_refuses_nothing_is_found(six: list[AuditEntry]) -> None:
    if connection.vendor == "postgresql":
        ways = [
            ["ALTER TABLE audit_entry DISABLE TRIGGER audit_entry__grow"],
            ["ALTER TABLE audit_entry ENABLE TRIGGER audit_entry__grow"],
            [
                "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
            ],
            [
                "DROP TRIGGER audit_entry__grow ON audit_entry",
                "CREATE TRIGGER audit_entry__grow BEFORE DELETE ON audit_entry EXECUTE FUNCTION audit_refuse()",
            ],
        ]
    else:
        ways = [
            [
                "DROP TRIGGER audit_entry__delete",
                "CREATE TRIGGER audit_entry__delete BEFORE DELETE ON audit_entry WHEN 0 BEGIN SELECT 1; END",
            ]
        ]
    for statements in ways:
        with transaction.atomic():
            sql(*statements)
            assert Fault.TRIGGER in {finding.fault for finding in verify()}
            transaction.set_rollback(True)
    assert verify() == []


# --- what is found -----------------------------------------------------------------------------------------------

MOVE = "UPDATE audit_entry SET seq = {to} WHERE seq = {of}"
PUT_IN = """
    INSERT INTO audit_entry SELECT {seq}, at, actor, verb, subject_kind, 99, scope, facts, {prev}, '{hash}'
    FROM audit_entry WHERE seq = 6
"""


def change(column: str, value: str) -> Callable[[], None]:
    return lambda: sql(f"UPDATE audit_entry SET {column} = {value} WHERE seq = 3")  # noqa: S608


def shift(seqs: range) -> list[str]:
    return [MOVE.format(of=seq, to=seq + 1) for seq in reversed(seqs)]


def forge(seq: int, prev: str) -> str:
    """The hash of a row like the sixth, about somebody else, that follows `prev`."""
    return link(prev, Statement(seq, AT, 3, "member.muted", "member", 99, "room:2", {"until": None}))


def put_in_carefully() -> None:
    prev = AuditEntry.objects.get(seq=2).hash
    sql(
        *shift(range(3, 7)),
        PUT_IN.replace("seq = 6", "seq = 7").format(seq=3, prev=f"'{prev}'", hash=forge(3, prev)),
        "UPDATE audit_head SET seq = 7",
    )


def put_in_at_the_end_with_head() -> None:
    sql(
        PUT_IN.format(seq=7, prev="hash", hash="0" * 64),
        f"UPDATE audit_head SET seq = 7, hash = '{GENESIS}'",  # noqa: S608
    )


TAMPERINGS: dict[str, tuple[Callable[[], None], tuple[Fault, int | None]]] = {
    "another time": (change("at", "'2026-03-04 19:00:01+00:00'"), (Fault.ROW, 3)),
    "another actor": (change("actor", "4"), (Fault.ROW, 3)),
    "no actor": (change("actor", "NULL"), (Fault.ROW, 3)),
    "another verb": (change("verb", "'member.unmuted'"), (Fault.ROW, 3)),
    "another subject": (change("subject_id", "4"), (Fault.ROW, 3)),
    "another kind of subject": (change("subject_kind", "'message'"), (Fault.ROW, 3)),
    "another scope": (change("scope", "'room:3'"), (Fault.ROW, 3)),
    "other facts": (change("facts", """'{"until":1}'"""), (Fault.ROW, 3)),
    "the same facts written otherwise": (change("facts", """'{"until": null}'"""), (Fault.ROW, 3)),
    "facts that are no JSON": (change("facts", "'until'"), (Fault.ROW, 3)),
    "another hash": (change("hash", "prev"), (Fault.ROW, 3)),
    "another hash before": (change("prev", "hash"), (Fault.ROW, 3)),
    "a row deleted": (lambda: sql("DELETE FROM audit_entry WHERE seq = 3"), (Fault.ROW, 3)),
    "the first row deleted": (lambda: sql("DELETE FROM audit_entry WHERE seq = 1"), (Fault.ROW, 1)),
    "a row deleted and the others moved up": (
        lambda: sql(
            "DELETE FROM audit_entry WHERE seq = 3", *(MOVE.format(of=seq, to=seq - 1) for seq in (4, 5, 6)),
            "UPDATE audit_head SET seq = 5",
        ),
        (Fault.ROW, 3),
    ),
    "two rows swapped": (
        lambda: sql(*(MOVE.format(of=of, to=to) for of, to in ((3, 100), (5, 3), (100, 5)))),
        (Fault.ROW, 3),
    ),
    "a row put in": (
        lambda: sql(
            *shift(range(3, 7)), PUT_IN.replace("seq = 6", "seq = 7").format(seq=3, prev="prev", hash="0" * 64)
        ),
        (Fault.ROW, 3),
    ),
    # It fits what is before it; the row after it is the first that doesn't fit.
    "a row put in that follows from the one before": (put_in_carefully, (Fault.ROW, 4)),
    "a row put in before the first": (lambda: sql(PUT_IN.format(seq=0, prev="prev", hash="0")), (Fault.ROW, 0)),
    "a row put in past the head": (
        lambda: sql(PUT_IN.format(seq=7, prev="hash", hash="0" * 64)),
        (Fault.ROW, 7),
    ),
    "a row and a head put in": (put_in_at_the_end_with_head, (Fault.ROW, 7)),
    "the last rows deleted": (lambda: sql("DELETE FROM audit_entry WHERE seq > 4"), (Fault.ROW, 5)),
    "every row deleted": (lambda: sql("DELETE FROM audit_entry"), (Fault.ROW, 1)),
    "the head moved": (lambda: sql("UPDATE audit_head SET seq = 4"), (Fault.ROW, 5)),
    "the head's hash changed": (lambda: sql(f"UPDATE audit_head SET hash = '{GENESIS}'"), (Fault.HEAD, 6)),  # noqa: S608
    "the head deleted": (lambda: sql("DELETE FROM audit_head"), (Fault.HEAD, None)),
}  # fmt: skip


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_the_first_row_that_is_not_as_it_was_written_is_named(six: list[AuditEntry], tampering: str) -> None:
    tamper, expected = TAMPERINGS[tampering]
    assert verify() == []
    triggers.take_down(connection)
    tamper()
    found = verify()
    assert rows_at_fault(found) == [expected]
    assert len(found) == 1 + len(triggers.names(connection.vendor)), (
        "the triggers that were taken down are named too"
    )


def test_a_time_that_is_no_time_is_found_where_a_column_takes_it(six: list[AuditEntry]) -> None:
    triggers.take_down(connection)
    nonsense = "UPDATE audit_entry SET at = '2026-13-45 99:00:00' WHERE seq = 3"
    if connection.vendor == "postgresql":
        with pytest.raises(DataError), transaction.atomic():
            sql(nonsense)
        assert rows_at_fault(verify()) == []
    else:
        sql(nonsense)
        assert rows_at_fault(verify()) == [(Fault.ROW, 3)]


def cut_short(to: int) -> None:
    triggers.take_down(connection)
    sql(
        f"DELETE FROM audit_entry WHERE seq > {to}",  # noqa: S608
        f"UPDATE audit_head SET seq = {to}, hash = (SELECT hash FROM audit_entry WHERE seq = {to})",  # noqa: S608
    )
    triggers.put_up(connection)


def test_a_log_cut_short_is_found_against_a_checkpoint(six: list[AuditEntry], tmp_path: Path) -> None:
    file = tmp_path / "checkpoints.jsonl"
    checkpoints.set_down(AT, file)
    mute(7)
    assert verify(checkpoints.read(file)) == []
    cut_short(4)
    assert verify() == [], "in itself it is whole"
    assert rows_at_fault(verify(checkpoints.read(file))) == [(Fault.CHECKPOINT, 6)]


def test_a_log_written_anew_from_some_row_on_is_found_against_a_checkpoint(
    six: list[AuditEntry], tmp_path: Path
) -> None:
    file = tmp_path / "checkpoints.jsonl"
    checkpoints.set_down(AT, file)
    cut_short(4)
    mute(99)
    mute(100)
    checkpoints.set_down(AT + timedelta(days=1), file)
    assert verify() == [], "in itself it is whole"
    [(fault, seq)] = rows_at_fault(verify(checkpoints.read(file)))
    assert (fault, seq) == (Fault.CHECKPOINT, 6)


@pytest.mark.django_db(transaction=True)
def test_what_is_recorded_while_verify_walks_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction.atomic():
        mute(1)
    page, later = verifying._page, iter(range(2, 5))

    def with_company(after: int) -> Any:
        rows = page(after)
        for number in later:
            with transaction.atomic():
                mute(number)
            break
        return rows

    monkeypatch.setattr(verifying, "_page", with_company)
    assert verify() == []
    assert AuditEntry.objects.count() == 4


# --- the command and the daily job -------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    settings.PORCHLIGHT_DATA = tmp_path
    return tmp_path / "audit"


def run(*arguments: str) -> str:
    printed = io.StringIO()
    call_command("audit", *arguments, stdout=printed)
    return printed.getvalue()


def test_verify_says_that_all_is_well_and_fails_naming_the_row_when_it_is_not(
    six: list[AuditEntry], folder: Path
) -> None:
    assert "6 rows" in run("verify")
    run("checkpoint")
    assert "1 checkpoint in" in run("verify")
    triggers.take_down(connection)
    sql("UPDATE audit_entry SET actor = 9 WHERE seq = 3")
    with pytest.raises(CommandError, match="Row 3 ") as failed:
        run("verify")
    assert failed.value.returncode == 1
    assert "trigger" in str(failed.value)


def test_a_checkpoint_is_printed_and_kept_where_only_the_house_can_read_it(
    six: list[AuditEntry], folder: Path
) -> None:
    file = folder / "checkpoints.jsonl"
    first = run("checkpoint")
    second = run("checkpoint")
    assert file.read_text() == first + second
    assert f'"hash":"{six[-1].hash}"' in first
    assert file.stat().st_mode & 0o777 == 0o600
    elsewhere = folder / "given.jsonl"
    elsewhere.write_text('{"at":"2026-03-05T19:00:00+00:00","hash":"0","seq":9}\n')
    with pytest.raises(CommandError, match=r"Row 9, .* is missing"):
        run("verify", "--checkpoints", str(elsewhere))


def test_a_line_that_is_no_checkpoint_is_named(six: list[AuditEntry], folder: Path) -> None:
    run("checkpoint")
    with (folder / "checkpoints.jsonl").open("a") as file:
        file.write('{"seq":6,"ha\n')
    with pytest.raises(CommandError, match=r"checkpoints\.jsonl:2"):
        run("verify")


def test_an_empty_log_has_nothing_to_set_down_or_show(db: None, folder: Path) -> None:
    assert "Nothing is recorded" in run("checkpoint")
    assert "Nothing is recorded" in run("show")
    assert not folder.exists()
    assert "0 rows" in run("verify")


def test_a_worker_verifies_and_sets_down_a_checkpoint_daily(six: list[AuditEntry], folder: Path) -> None:
    assert ticks._jobs["audit_checkpoint"].every == timedelta(days=1)
    assert ticks._jobs["audit_checkpoint"].run is look_and_set_down
    with capture_logs() as said:
        look_and_set_down(AT)
    assert [(line["event"], line["seq"]) for line in said] == [("audit_checkpoint", 6)]
    cut_short(4)
    with capture_logs() as said:
        look_and_set_down(AT + timedelta(days=1))
    assert [line["event"] for line in said] == ["audit_broken", "audit_checkpoint"]
    assert [line.seq for line in checkpoints.read(folder / "checkpoints.jsonl")] == [6, 4]


def test_show_says_it_in_words_with_the_names_of_today(db: None) -> None:
    fern, wren = MemberFactory(handle="Fern"), MemberFactory(handle="Wren")
    mute(wren.pk, actor=fern.pk, facts={"until": "2026-03-04T20:00:00+00:00"})
    mute(wren.pk, actor=None)
    mute(987654, actor=fern.pk)
    fern.handle = "Old Fern"
    fern.save()
    lines = run("show").splitlines()
    assert lines == [
        "     1  2026-03-04 19:00 UTC  Old Fern muted Wren (until 4 March 2026, 20:00 UTC) · room 2",
        "     2  2026-03-04 19:00 UTC  The house muted Wren · room 2",
        "     3  2026-03-04 19:00 UTC  Old Fern muted member 987654 · room 2",
    ]
    assert run("show", "--last", "1").splitlines() == lines[-1:]


def test_the_demo_leaves_a_trail_that_holds(seeded_site: Site) -> None:
    assert "as it was written" in seeded_site.manage("audit", "verify")
    told = seeded_site.manage("audit", "show", "--last", "200")
    assert len(told.splitlines()) >= 30
    for line in (
        "Nine Pines hid message", "Marigold changed the role of Wren (from member, to facilitator) · The Porch",
        "Linden answered Goldfinch, who asked to join (answer welcome) · Family Evening",
    ):  # fmt: skip
        assert line in told
    assert re.search(r"(member|group|room) \d", told) is None, "everyone and every place is called by name"
    times = [line[8:24] for line in told.splitlines()]
    assert times == sorted(times)

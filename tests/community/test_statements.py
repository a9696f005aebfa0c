"""A ready-made statement, run past Django's cursors where nobody listens, does and fails as it would through them."""

from __future__ import annotations

import uuid

import pytest
from django.db import IntegrityError, OperationalError, ProgrammingError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from community.live.models import Log
from community.live.statements import fetch, run_each, this_threads

pytestmark = pytest.mark.django_db

INSERT = "INSERT INTO live_log (epoch, last_seq, min_seq, tags) VALUES (%s, %s, 1, %s)"
PERCENT = "SELECT last_seq FROM live_log WHERE tags LIKE '%% 100%%' AND last_seq > %s ORDER BY last_seq"


@pytest.fixture
def database() -> BaseDatabaseWrapper:
    database = this_threads()
    database.ensure_connection()
    return database


def keep(database: BaseDatabaseWrapper, *last_seqs: int) -> None:
    run_each(database, INSERT, [(uuid.uuid4().hex, last_seq, " 100 ") for last_seq in last_seqs])


def test_what_was_written_is_read(database: BaseDatabaseWrapper) -> None:
    keep(database, 3, 1, 2)
    assert [tuple(row) for row in fetch(database, PERCENT, [1])] == [(2,), (3,)]
    assert sorted(Log.objects.values_list("last_seq", flat=True)) == [1, 2, 3]


def test_it_belongs_to_the_transaction_around_it(database: BaseDatabaseWrapper) -> None:
    with transaction.atomic():
        keep(database, 1)
        assert len(fetch(database, PERCENT, [0])) == 1
        transaction.set_rollback(True)
    assert fetch(database, PERCENT, [0]) == []


def test_who_counts_queries_hears_of_each(database: BaseDatabaseWrapper) -> None:
    with CaptureQueriesContext(connection) as heard:
        keep(database, 1)
        fetch(database, PERCENT, [0])
    assert len(heard) == 2


def test_errors_are_djangos(database: BaseDatabaseWrapper) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        keep(database, -1)
    with pytest.raises((OperationalError, ProgrammingError)), transaction.atomic():
        fetch(database, "SELECT nothing FROM nowhere WHERE %s", [1])


def test_a_broken_transaction_takes_nothing_more(database: BaseDatabaseWrapper) -> None:
    with transaction.atomic():
        fetch(database, PERCENT, [0])
        transaction.set_rollback(True)
        with pytest.raises(TransactionManagementError):
            fetch(database, PERCENT, [0])
        with pytest.raises(TransactionManagementError):
            keep(database, 1)
    keep(database, 2)
    assert Log.objects.count() == 1

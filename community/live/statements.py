"""Running one ready-made SQL statement on a connection of Django's, with as little around it as may be.

Django's cursors cost more than SQLite's answers do, and a lone message waits for eight of them. Where nobody listens in
(a debug cursor, a wrapper of a test), SQLite is asked directly, on the same connection and in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from community.live.sqlite.base import with_question_marks

Rows = list[tuple[Any, ...]]


def this_threads() -> BaseDatabaseWrapper:
    return connections[DEFAULT_DB_ALIAS]


def fetch(database: BaseDatabaseWrapper, sql: str, values: Sequence[Any]) -> Rows:
    """The rows that a query answers, as the database has them."""
    if _is_bare(database):
        with database.wrap_database_errors:
            rows: Rows = database.connection.execute(with_question_marks(sql), values).fetchall()
            return rows
    with database.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def run_each(database: BaseDatabaseWrapper, sql: str, rows: Sequence[Sequence[Any]]) -> None:
    """Run a statement once with each of the rows."""
    if _is_bare(database):
        with database.wrap_database_errors:
            database.connection.executemany(with_question_marks(sql), rows)
        return
    with database.cursor() as cursor:
        if len(rows) == 1:
            cursor.execute(sql, rows[0])  # for several psycopg opens a pipeline, which costs as much again
        else:
            cursor.executemany(sql, rows)


def _is_bare(database: BaseDatabaseWrapper) -> bool:
    return (
        database.vendor == "sqlite"
        and database.connection is not None
        and not (database.needs_rollback or database.execute_wrappers or database.force_debug_cursor)
    )

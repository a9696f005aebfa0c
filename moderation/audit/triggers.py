"""What makes the database itself refuse to change the log, on SQLite and on PostgreSQL."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

from moderation.audit.chain import GENESIS
from moderation.audit.models import HEAD, AuditEntry, AuditHead

REFUSAL = "the audit log only grows"


def _on_sqlite(name: str, event: str, condition: str = "") -> str:
    """`condition` is SQL over NEW and OLD; without it the event is always refused."""
    when = f" WHEN {condition}" if condition else ""
    table = name.split("__")[0]
    return (
        f"CREATE TRIGGER {name} BEFORE {event} ON {table}{when} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    )


# REPLACE deletes without firing delete triggers, so a number that is taken is refused at INSERT.
SQLITE = {
    name: _on_sqlite(name, event, condition)
    for name, event, condition in (
        ("audit_entry__update", "UPDATE", ""),
        ("audit_entry__delete", "DELETE", ""),
        ("audit_entry__replace", "INSERT", "EXISTS (SELECT 1 FROM audit_entry WHERE seq = NEW.seq)"),
        ("audit_head__back", "UPDATE", "NEW.seq < OLD.seq"),
        ("audit_head__delete", "DELETE", ""),
        ("audit_head__replace", "INSERT", "EXISTS (SELECT 1 FROM audit_head)"),
    )
}

ROW, BEFORE, DELETE, UPDATE, TRUNCATE = 1, 2, 8, 16, 32  # the bits of pg_trigger.tgtype
FUNCTIONS = {
    "audit_refuse": f"BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'restrict_violation'; END",
    "audit_only_forward": (
        f"BEGIN IF NEW.seq < OLD.seq THEN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'restrict_violation'; "
        "END IF; RETURN NEW; END"
    ),
}
POSTGRESQL = {
    "audit_entry__grow": (BEFORE | UPDATE | DELETE | TRUNCATE, "audit_refuse"),
    "audit_head__back": (ROW | BEFORE | UPDATE, "audit_only_forward"),
    "audit_head__stay": (BEFORE | DELETE | TRUNCATE, "audit_refuse"),
}
STANDING = """
    SELECT tgname, tgtype, tgenabled = 'A' AND tgqual IS NULL AND tgattr = '' AND tgnargs = 0, proname, prosrc
    FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
    WHERE tgrelid IN (to_regclass('audit_entry'), to_regclass('audit_head')) AND NOT tgisinternal
"""


def names(vendor: str) -> list[str]:
    return list(POSTGRESQL if vendor == "postgresql" else SQLITE)


def missing(database: BaseDatabaseWrapper) -> list[str]:
    """The triggers that are not there, not in force, or not as they should be."""
    with database.cursor() as cursor:
        if database.vendor == "postgresql":
            cursor.execute(STANDING)
            standing = {name: tuple(rest) for name, *rest in cursor.fetchall()}
            return [
                name
                for name, (kind, function) in POSTGRESQL.items()
                if standing.get(name) != (kind, True, function, FUNCTIONS[function])
            ]
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        created = dict(cursor.fetchall())
        return [name for name, sql in SQLITE.items() if created.get(name) != sql]


def put_up(database: BaseDatabaseWrapper) -> None:
    """Create the triggers that are missing; twice does no harm."""
    for name in missing(database):
        _drop(database, name)
        with database.cursor() as cursor:
            for statement in _statements(database.vendor, name):
                cursor.execute(statement)


def take_down(database: BaseDatabaseWrapper) -> None:
    """Drop the triggers, for tests that empty the tables and for undoing the migration."""
    for name in names(database.vendor):
        _drop(database, name)


def _drop(database: BaseDatabaseWrapper, name: str) -> None:
    on_table = f" ON {name.split('__')[0]}" if database.vendor == "postgresql" else ""
    with database.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on_table}")


def _statements(vendor: str, name: str) -> list[str]:
    if vendor != "postgresql":
        return [SQLITE[name]]
    kind, function = POSTGRESQL[name]
    events = [
        word for bit, word in ((UPDATE, "UPDATE"), (DELETE, "DELETE"), (TRUNCATE, "TRUNCATE")) if kind & bit
    ]
    each = "ROW" if kind & ROW else "STATEMENT"
    table = name.split("__")[0]
    return [
        f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $${FUNCTIONS[function]}$$",
        f"CREATE TRIGGER {name} BEFORE {' OR '.join(events)} ON {table} FOR EACH {each} EXECUTE FUNCTION {function}()",
        # Also for a session that calls itself a replica.
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
    ]


def stand(database: BaseDatabaseWrapper) -> None:
    """After migrations and flushes: the triggers are up, and an empty log has its head. A log with rows gets none."""
    with database.cursor() as cursor:
        tables = database.introspection.table_names(cursor)
    if AuditEntry._meta.db_table not in tables or AuditHead._meta.db_table not in tables:
        return
    put_up(database)
    heads = AuditHead.objects.using(database.alias)
    if not heads.exists() and not AuditEntry.objects.using(database.alias).exists():
        heads.create(id=HEAD, seq=0, hash=GENESIS)

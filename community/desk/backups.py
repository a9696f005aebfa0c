"""Copies of the database, made while people write; and when the last one was made.

The marker is the file `backups/last` in the data folder: whoever makes a copy touches it, `deploy/backup.md` says how.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

NAME = "porchlight-{:%Y-%m-%d-%H%M%S}"
SUFFIXES = {"sqlite": ".sqlite3", "postgresql": ".dump"}


class BackupFailed(Exception):
    """No copy was made, or it can't be trusted; the message says why, without a password."""


def folder() -> Path:
    return Path(settings.PORCHLIGHT_DATA) / "backups"


def marker() -> Path:
    return folder() / "last"


def last_made() -> datetime | None:
    """When the marker was last touched."""
    try:
        return datetime.fromtimestamp(marker().stat().st_mtime, UTC)
    except FileNotFoundError:
        return None


def make(into: Path, at: datetime, *, keep: int = 0) -> Path:
    """Copy the whole database as it is at one moment, look whether it can be read, and touch the marker.

    With `keep` only so many of the newest copies stay in the folder. Raises BackupFailed.
    """
    into.mkdir(parents=True, exist_ok=True, mode=0o700)
    suffix = SUFFIXES[connection.vendor]
    copy = into / (NAME.format(at.astimezone(UTC)) + suffix)
    unfinished = copy.with_suffix(".part")
    unfinished.touch(mode=0o600)
    try:
        if connection.vendor == "sqlite":
            _copy_sqlite(unfinished)
        else:
            _dump_postgresql(unfinished)
        _flush(unfinished)
        unfinished.replace(copy)
    finally:
        unfinished.unlink(missing_ok=True)
    marker().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    marker().write_text(f"{at.astimezone(UTC).isoformat(timespec='seconds')} {copy.name}\n")
    os.utime(marker(), (at.timestamp(), at.timestamp()))
    if keep:
        for old in sorted(into.glob(f"porchlight-*{suffix}"))[:-keep]:
            old.unlink()
    return copy


def _copy_sqlite(into: Path) -> None:
    """SQLite's online backup: one moment of the file and what lies in its `-wal`, also while others write."""
    source = str(connection.settings_dict["NAME"])
    with closing(sqlite3.connect(source, timeout=20)) as live, closing(sqlite3.connect(into)) as copy:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        found = copy.execute("PRAGMA integrity_check").fetchone()[0]
    if found != "ok":
        raise BackupFailed(f"The copy is damaged: {found}")


def _dump_postgresql(into: Path) -> None:
    where, environment = postgresql_at(connection.settings_dict)
    _run("pg_dump", "--format=custom", "--no-owner", f"--file={into}", *where, environment=environment)
    _run("pg_restore", "--list", str(into), environment=environment)


def postgresql_at(database: Mapping[str, Any]) -> tuple[list[str], dict[str, str]]:
    """How PostgreSQL's programs reach the database: what may stand in the list of processes, and what may not."""
    where = [f"--dbname={database['NAME']}", "--no-password"]
    for option, name in (("--host", "HOST"), ("--port", "PORT"), ("--username", "USER")):
        if database.get(name):
            where.append(f"{option}={database[name]}")
    environment = dict(os.environ)
    if database.get("PASSWORD"):
        environment["PGPASSWORD"] = str(database["PASSWORD"])
    for name in ("sslmode", "sslrootcert"):
        if value := database.get("OPTIONS", {}).get(name):
            environment[f"PG{name.upper()}"] = str(value)
    return where, environment


def _run(program: str, *arguments: str, environment: Mapping[str, str]) -> None:
    path = shutil.which(program)
    if path is None:
        raise BackupFailed(f"{program} is not on the PATH. Install PostgreSQL's client programs.")
    done = subprocess.run(  # noqa: S603 - our own arguments
        [path, *arguments],
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BackupFailed(f"{program} failed: {done.stderr.strip()[-500:]}")


def _flush(file: Path) -> None:
    with file.open("rb+") as copy:
        os.fsync(copy.fileno())

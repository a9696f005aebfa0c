"""The health of the instance, in words and for machines; and backups that can be brought back."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from collections import namedtuple
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings

from community.desk import backups, health
from community.desk.health import State
from community.house.desk import what_waits
from community.live import ticks
from community.live.models import Tick
from community.members.models import Member
from community.notifications.models import Delivery
from moderation.audit.models import AuditLook
from sessions.meetings.jobs import hold_meetings
from tests import services
from tests.calendar.making import make_event, nth
from tests.factories import MemberFactory, RoomFactory
from tests.live_client import do, events, say

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
Usage = namedtuple("Usage", "total used free")


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, settings: Settings) -> Path:
    settings.PORCHLIGHT_DATA = tmp_path
    return tmp_path


def every_job_ran(at: datetime) -> None:
    for name in ticks.standings():
        Tick.objects.update_or_create(pk=name, defaults={"ran_at": at})


def mark(at: datetime) -> None:
    backups.folder().mkdir(exist_ok=True)
    backups.marker().touch()
    os.utime(backups.marker(), (at.timestamp(), at.timestamp()))


@pytest.fixture
def well(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """An instance of which nothing is to be said."""
    every_job_ran(AT - timedelta(seconds=5))
    mark(AT - timedelta(hours=3))
    AuditLook.objects.create(at=AT - timedelta(hours=2), seq=12)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(10**12, 10**11, 9 * 10**11))


def part(name: str, at: datetime = AT) -> health.Finding:
    [found] = [finding for finding in health.look(at) if finding.name == name]
    return found


# --- in words --------------------------------------------------------------------------------------------------------


def test_when_all_is_well_every_part_says_so(well: None) -> None:
    findings = health.look(AT)
    assert [finding.name for finding in findings if finding.state != State.FINE] == []
    assert health.worst(findings) == State.FINE
    assert len(findings) == len(health.LOOKS)


def test_each_part_says_what_is_wrong_and_what_to_do(well: None, monkeypatch: pytest.MonkeyPatch) -> None:
    at = AT + timedelta(hours=1)
    assert (part("jobs", at).state, part("jobs").state) == (State.BROKEN, State.FINE)
    assert "No worker has run for an hour." in part("jobs", at).words
    mark(AT - timedelta(hours=30))
    assert part("backup").state == State.LOOK
    mark(AT - timedelta(days=8))
    assert (part("backup").state, part("backup").words) == (State.BROKEN, "The last one is 8 days old.")
    AuditLook.objects.create(at=AT - timedelta(hours=1), seq=13, found="Row 4 is missing.")
    assert part("audit").state == State.BROKEN
    assert "Row 4 is missing." in part("audit").words
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(10**12, 10**12, 10**8))
    assert part("storage").state == State.BROKEN
    for name in ("jobs", "backup", "audit", "storage"):
        assert part(name, at).todo


def test_mail_that_waits_or_could_not_be_sent_is_named_by_the_kind_of_its_failure(well: None) -> None:
    late = {"kind": "sign_in", "channel": "email", "made_at": AT, "payload": "sealed"}
    Delivery.objects.create(what="a", member=MemberFactory(), due_at=AT - timedelta(hours=1), **late)
    assert (part("mail").state, part("mail").words) == (State.BROKEN, "A mail has been waiting for an hour.")
    Delivery.objects.update(state=Delivery.State.DEAD, ended_at=AT, last_error="SMTPRecipientsRefused")
    assert part("mail").state == State.LOOK
    assert "SMTPRecipientsRefused" in part("mail").words
    assert part("mail").facts["dead"] == 1


def test_a_part_that_cant_be_looked_at_does_not_hide_the_others(
    well: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(folder: Any) -> Any:
        raise PermissionError("/srv/secret/place")

    monkeypatch.setattr(shutil, "disk_usage", gone)
    assert part("storage").state == State.BROKEN
    assert "/srv/secret/place" not in str(health.look(AT))
    assert part("backup").state == State.FINE


def test_tables_older_than_the_program_are_broken(well: None) -> None:
    with connection.cursor() as cursor:
        newest = "SELECT max(name) FROM django_migrations WHERE app = 'house'"
        cursor.execute(f"DELETE FROM django_migrations WHERE app = 'house' AND name = ({newest})")  # noqa: S608
    assert part("database").state == State.BROKEN
    assert "manage.py migrate" in part("database").todo


def test_a_door_that_should_be_open_is_missed_and_links_that_lead_nowhere_too(
    well: None, settings: Settings
) -> None:
    one = nth(make_event(here=True, rule=""), 0)
    doors_open = one.starts_at - timedelta(minutes=15)
    assert part("meetings", doors_open).state == State.FINE
    late = part("meetings", doors_open + timedelta(minutes=3))
    assert (late.state, late.words) == (State.BROKEN, "1 should be open and is not.")
    hold_meetings(doors_open)
    opened = part("meetings", doors_open + timedelta(minutes=3))
    assert (opened.state, opened.words) == (State.FINE, "Open now: 1.")
    settings.PORCHLIGHT_LINK_HOSTS = []
    assert part("meetings", one.starts_at).state == State.FINE
    make_event(link="https://zoom.us/j/1", day=one.starts_at.date() + timedelta(days=1), rule="")
    assert part("meetings", one.starts_at).state == State.LOOK
    assert "The house allows no links." in part("meetings", one.starts_at).words


def test_what_is_broken_stands_on_the_desks_first_page(well: None) -> None:
    assert [one for one in what_waits(AT) if "Backup" in one.words] == []
    mark(AT - timedelta(days=8))
    [told] = [one for one in what_waits(AT) if "Backup" in one.words]
    assert (told.words, told.url, told.urgent) == (
        "Backup: The last one is 8 days old.",
        "/desk/health/",
        True,
    )


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (0, "less than a minute"), (61, "a minute"), (125, "2 minutes"), (3700, "an hour"), (90_000, "a day"),
        (10**6, "11 days"),
    ],
)  # fmt: skip
def test_spans_are_said_as_a_person_would(span: int, words: str) -> None:
    assert health.ago(timedelta(seconds=span)) == words


# --- the page and the command ----------------------------------------------------------------------------------------


def test_the_page_is_for_stewards_and_holds_no_secret(well: None, settings: Settings) -> None:
    settings.EMAIL_HOST_PASSWORD = "zq7x-mail-secret"
    settings.SECRET_KEY = "zq7x-key-secret-that-is-long-enough"
    client = Client()
    client.force_login(
        MemberFactory(role=Member.Role.STEWARD), backend="django.contrib.auth.backends.ModelBackend"
    )
    page = client.get("/desk/health/").text
    for title in (
        "Database",
        "Work in the background",
        "Mail",
        "Rooms",
        "Storage",
        "Backup",
        "Audit log",
        "Versions",
    ):
        assert f"<h2>{title}</h2>" in page
    assert "zq7x" not in page
    other = Client()
    other.force_login(MemberFactory(), backend="django.contrib.auth.backends.ModelBackend")
    assert other.get("/desk/health/").status_code == HTTPStatus.NOT_FOUND


def test_machines_get_json_and_an_exit_code(well: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: AT)
    out = StringIO()
    call_command("health", "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert told["state"] == "fine"
    assert {part["name"]: part["facts"] for part in told["parts"]}["audit"]["rows"] == 12
    mark(AT - timedelta(days=9))
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("health", "--json", stdout=out)
    assert ended.value.code == 1
    assert json.loads(out.getvalue())["state"] == "broken"
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("health", stdout=out)
    assert "Backup: broken. The last one is 9 days old. See deploy/backup.md" in out.getvalue()


# --- backups ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_backup_can_be_brought_back_with_every_word_in_it(own_folder: Path) -> None:
    room, member = RoomFactory(), MemberFactory()
    for number in range(5):
        do(room, member, say(room, f"Word {number}."))
    kept = [event["data"]["text"] for event in events(room)]
    out = StringIO()
    call_command("backup", stdout=out)
    [copy] = [file for file in backups.folder().iterdir() if file.name.startswith("porchlight-")]
    assert str(copy) in out.getvalue()
    assert copy.stat().st_mode & 0o077 == 0
    do(room, member, say(room, "After the backup."))
    payloads = brought_back(copy, own_folder)
    assert [json.loads(payload)["data"]["text"] for payload in payloads] == kept
    assert backups.last_made() is not None
    assert part("backup", datetime.now(UTC)).state == State.FINE


def brought_back(copy: Path, folder: Path) -> list[str]:
    """Restore a copy beside the database that stands, and read the room's log out of it."""
    question = "SELECT payload FROM live_event ORDER BY seq"
    if connection.vendor == "sqlite":
        restored = shutil.copy(copy, folder / "restored.sqlite3")
        with closing(sqlite3.connect(restored)) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert database.execute("PRAGMA foreign_key_check").fetchall() == []
            return [row[0] for row in database.execute(question)]
    server = os.environ[services.SHARED]
    name = f"restored_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            url = server.rsplit("/", 1)[0] + f"/{name}"
            subprocess.run(
                ["pg_restore", "--no-owner", "--exit-on-error", f"--dbname={url}", copy], check=True
            )
            with psycopg.connect(url) as database:
                return [row[0] for row in database.execute(question)]
        finally:
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.mark.django_db(transaction=True)
def test_only_so_many_copies_are_kept_and_nothing_half_made(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for hour in range(4):
        backups.make(own_folder / "elsewhere", AT + timedelta(hours=hour), keep=2)
    (own_folder / "elsewhere" / "notes.txt").touch()
    names = sorted(file.stem for file in (own_folder / "elsewhere").iterdir())
    assert names == ["notes", "porchlight-2026-11-22-140000", "porchlight-2026-11-22-150000"]
    before = backups.last_made()
    assert before == AT + timedelta(hours=3)

    def fails(into: Path) -> None:
        into.write_text("half")
        raise backups.BackupFailed("the disk is full")

    monkeypatch.setattr(backups, "_copy_sqlite", fails)
    monkeypatch.setattr(backups, "_dump_postgresql", fails)
    with pytest.raises(CommandError, match=r"No backup was made\. the disk is full"):
        call_command("backup", "--into", str(own_folder / "elsewhere"))
    assert len(list((own_folder / "elsewhere").iterdir())) == 3
    assert backups.last_made() == before


def test_no_password_stands_where_other_processes_can_read_it() -> None:
    database = {
        "NAME": "porchlight",
        "USER": "keeper",
        "PASSWORD": "zq7x",
        "HOST": "db",
        "PORT": "5432",
        "OPTIONS": {},
    }
    where, environment = backups.postgresql_at(database)
    assert where == ["--dbname=porchlight", "--no-password", "--host=db", "--port=5432", "--username=keeper"]
    assert environment["PGPASSWORD"] == "zq7x"

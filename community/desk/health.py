"""How the instance is: each part looked at, said in words, and what to do about it. No secrets, no addresses."""

from __future__ import annotations

import platform
import shutil
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

import django
import structlog
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Max
from django.template.defaultfilters import filesizeformat
from django.urls import reverse

from community.desk import backups, trail
from community.house.desk import Waiting
from community.live import engine, ticks
from community.live.models import Log
from community.notifications.access import queue_health
from community.notifications.models import Channel, Delivery
from sessions.meetings.access import planned_with
from sessions.meetings.engines import ENGINES
from sessions.meetings.jobs import due
from sessions.meetings.models import Meeting

logger = structlog.get_logger("community.desk")

Fact = str | int | bool | None

GIGABYTE = 1024**3
LONG_TRANSACTION = timedelta(minutes=5)
GRACE = timedelta(minutes=2)  # for a job: a round of the worker, and one that takes long
MAIL_LATE = timedelta(minutes=10)
BACKUP_OLD, BACKUP_TOO_OLD = timedelta(hours=26), timedelta(days=7)


class State(StrEnum):
    FINE = "fine"
    LOOK = "look at this"
    BROKEN = "broken"

    @property
    def rank(self) -> int:
        return list(State).index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """`words` say how it is, `todo` what to do about it; `facts` are for machines and the small print."""

    name: str
    title: str
    state: State
    words: str
    todo: str = ""
    facts: Mapping[str, Fact] = field(default_factory=dict)


Look = Callable[[datetime], Finding]


def look(at: datetime) -> list[Finding]:
    """Every part, each by itself: one that can't be looked at doesn't hide the others."""
    return [_guarded(name, title, one, at) for name, title, one in LOOKS]


def worst(findings: list[Finding]) -> State:
    return max((finding.state for finding in findings), key=lambda state: state.rank, default=State.FINE)


def _guarded(name: str, title: str, one: Look, at: datetime) -> Finding:
    try:
        return one(at)
    except Exception as error:  # noqa: BLE001 - whatever it is, the page says that this part is broken
        logger.warning("health_unknown", part=name, kind=type(error).__name__)
        return Finding(
            name,
            title,
            State.BROKEN,
            "This could not be looked at.",
            "Look into the program’s own log.",
            {"error": type(error).__name__},
        )


def ago(span: timedelta) -> str:
    """A time span as a person says it."""
    minutes = max(0, int(span.total_seconds() // 60))
    for size, one, more in (
        (1440, "a day", "{} days"),
        (60, "an hour", "{} hours"),
        (1, "a minute", "{} minutes"),
    ):
        if minutes >= 2 * size:
            return more.format(minutes // size)
        if minutes >= size:
            return one
    return "less than a minute"


# --- the parts -------------------------------------------------------------------------------------------------------


def database(at: datetime) -> Finding:
    kind, size, oldest = _sqlite() if connection.vendor == "sqlite" else _postgresql()
    facts: dict[str, Fact] = {"kind": kind, "bytes": size, "oldest_transaction_seconds": oldest}
    words = f"{kind}, {filesizeformat(size)}."
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return Finding(
            "database", "Database", State.BROKEN, f"{words} Its tables are older than the program.",
            "Run manage.py migrate, then restart.", facts,
        )  # fmt: skip
    if oldest is not None and oldest > LONG_TRANSACTION.total_seconds():
        return Finding(
            "database", "Database", State.LOOK,
            f"{words} A transaction has been open for {ago(timedelta(seconds=oldest))}.",
            "Look in pg_stat_activity for who holds it, and end it.", facts,
        )  # fmt: skip
    return Finding("database", "Database", State.FINE, words, facts=facts)


def _sqlite() -> tuple[str, int, int | None]:
    file = Path(str(connection.settings_dict["NAME"]))
    parts = [file, file.with_name(f"{file.name}-wal")]
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()")
        version = cursor.fetchone()[0]
    return f"SQLite {version}", sum(part.stat().st_size for part in parts if part.exists()), None


def _postgresql() -> tuple[str, int, int | None]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version'), pg_database_size(current_database()), "
            "(SELECT extract(epoch FROM max(now() - xact_start))::int FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid())"
        )
        version, size, oldest = cursor.fetchone()
    return f"PostgreSQL {version.split(' ')[0]}", size, oldest or 0


def jobs(at: datetime) -> Finding:
    late, ran = [], []
    for name, (every, last) in ticks.standings().items():
        if last is None or at - last > every * 2 + GRACE:
            late.append(name)
        if last is not None:
            ran.append(last)
    facts: dict[str, Fact] = {"late": ", ".join(sorted(late)), "last": max(ran).isoformat() if ran else None}
    todo = "Start manage.py worker (manage.py serve runs one by itself): reminders and mail wait for it."
    if not ran:
        return Finding(
            "jobs", "Work in the background", State.LOOK, "No worker has run here yet.", todo, facts
        )
    if late and at - max(ran) > timedelta(minutes=10):
        words = f"No worker has run for {ago(at - max(ran))}."
        return Finding("jobs", "Work in the background", State.BROKEN, words, todo, facts)
    if late:
        words = f"Late: {', '.join(sorted(late))}."
        todo = (
            "A job that was never due yet is late only for a while. If it stays, look into the worker’s log."
        )
        return Finding("jobs", "Work in the background", State.LOOK, words, todo, facts)
    words = f"All jobs run. The last one ran {ago(at - max(ran))} ago."
    return Finding("jobs", "Work in the background", State.FINE, words, facts=facts)


def mail(at: datetime) -> Finding:
    queue = queue_health(at)
    sent, failure = last_mail()
    facts: dict[str, Fact] = {
        "waiting": queue.waiting,
        "due": queue.due,
        "being_sent": queue.being_sent,
        "dead": queue.dead,
        "sent_last_day": queue.sent_last_day,
        "last_sent": sent.isoformat(timespec="seconds") if sent else None,
        "last_failure": failure or None,
        "printed_only": "console" in settings.EMAIL_BACKEND,
    }
    words = f"{queue.sent_last_day} sent in a day, {queue.waiting} waiting."
    if queue.late is not None and queue.late > MAIL_LATE:
        words = f"A mail has been waiting for {ago(queue.late)}."
        return Finding(
            "mail", "Mail", State.BROKEN, words, "See whether the worker runs, and EMAIL_URL.", facts
        )
    if queue.dead:
        words += f" {queue.dead} could not be sent; the last failure was {failure or 'not named'}."
        return Finding(
            "mail", "Mail", State.LOOK, words, "Look at them under Mail: send again, or give up.", facts
        )
    if facts["printed_only"]:
        words += " Mail is printed to the terminal only."
        todo = "Set EMAIL_URL before you invite anybody."
        return Finding("mail", "Mail", State.LOOK if settings.PRODUCTION else State.FINE, words, todo, facts)
    return Finding("mail", "Mail", State.FINE, words, facts=facts)


def last_mail() -> tuple[datetime | None, str]:
    """When a mail last left the house, and the kind of what last kept one from leaving: a name, never a text."""
    mails = Delivery.objects.filter(channel=Channel.EMAIL)
    sent = mails.filter(state=Delivery.State.SENT).aggregate(last=Max("ended_at"))["last"]
    failed = mails.exclude(last_error="").order_by("-pk").values_list("last_error", flat=True).first()
    return sent, failed or ""


def rooms(at: datetime) -> Finding:
    running = engine.running()
    logs = Log.objects.count()
    if running is None:
        facts: dict[str, Fact] = {"logs": logs, "sockets": None, "bus": None}
        return Finding(
            "rooms", "Rooms", State.FINE, f"{logs} rooms. This process serves none of them.", facts=facts
        )
    sockets, shared = len(running.hub.connections), bool(settings.REDIS_URL)
    ok = running.hub.bus_ok
    facts = {
        "logs": logs,
        "sockets": sockets,
        "followed": len(running.hub.feeds),
        "bus": "ok" if ok else "degraded",
    }
    words = f"{logs} rooms. Open connections here: {sockets}, to rooms: {len(running.hub.feeds)}."
    if not ok:
        words += " The processes can’t hear each other."
        return Finding(
            "rooms",
            "Rooms",
            State.LOOK,
            words,
            "See whether Redis runs. Nothing said is lost meanwhile.",
            facts,
        )
    return Finding(
        "rooms", "Rooms", State.FINE, words + ("" if shared else " One process serves them all."), facts=facts
    )


def meetings(at: datetime) -> Finding:
    """Whether doors that should be open are, and whether what is planned can be held where it is planned."""
    late, on = len(due(at - GRACE)), Meeting.objects.filter(opened_at__lte=at, closed_at__isnull=True).count()
    answers = {name: one.health(at) for name, one in ENGINES.items()}
    ill = {name: answer.words for name, answer in answers.items() if not answer.ok and planned_with(name, at)}
    facts: dict[str, Fact] = {"open": on, "late": late, "engines": ", ".join(ill) or "ok"}
    if late:
        words = f"{late} should be open and {'are' if late > 1 else 'is'} not."
        return Finding("meetings", "Meetings", State.BROKEN, words, "See that a worker runs.", facts)
    if ill:
        words = " ".join(ill.values())
        todo = "Allow the hosts that are meant, or have those events held here."
        return Finding("meetings", "Meetings", State.LOOK, words, todo, facts)
    return Finding("meetings", "Meetings", State.FINE, f"Open now: {on}.", facts=facts)


def storage(at: datetime) -> Finding:
    usage = shutil.disk_usage(settings.PORCHLIGHT_DATA)
    facts: dict[str, Fact] = {"free_bytes": usage.free, "total_bytes": usage.total}
    words = f"{filesizeformat(usage.free)} free of {filesizeformat(usage.total)} where the data is."
    if usage.free < GIGABYTE // 4:
        return Finding(
            "storage", "Storage", State.BROKEN, words, "Make room now: a full disk stops everything.", facts
        )
    if usage.free < GIGABYTE * 2:
        return Finding(
            "storage", "Storage", State.LOOK, words, "Make room: old backups are often the largest.", facts
        )
    return Finding("storage", "Storage", State.FINE, words, facts=facts)


def backup(at: datetime) -> Finding:
    last = backups.last_made()
    facts: dict[str, Fact] = {"last": last.isoformat(timespec="seconds") if last else None}
    todo = "See deploy/backup.md, or run manage.py backup. What makes backups touches backups/last."
    if last is None:
        return Finding("backup", "Backup", State.LOOK, "Nobody noted a backup yet.", todo, facts)
    words = f"The last one is {ago(at - last)} old."
    if at - last > BACKUP_TOO_OLD:
        return Finding("backup", "Backup", State.BROKEN, words, todo, facts)
    if at - last > BACKUP_OLD:
        return Finding("backup", "Backup", State.LOOK, words, todo, facts)
    return Finding("backup", "Backup", State.FINE, words, facts=facts)


def audit(at: datetime) -> Finding:
    seen = trail.last_look()
    if seen is None:
        words = "It has not been looked through yet. The worker does so daily."
        return Finding("audit", "Audit log", State.FINE, words, facts={"looked": None})
    facts: dict[str, Fact] = {
        "looked": seen.at.isoformat(timespec="seconds"),
        "rows": seen.seq,
        "sound": not seen.found,
    }
    if seen.found:
        words = f"It is not as it was written: {seen.found.splitlines()[0]}"
        todo = "Tell whoever answers for this place, and keep the checkpoints. Run manage.py audit verify."
        return Finding("audit", "Audit log", State.BROKEN, words, todo, facts)
    words = f"{seen.seq} entries, as they were written. Looked through {ago(at - seen.at)} ago."
    if at - seen.at > trail.LOOK_OVERDUE:
        return Finding(
            "audit", "Audit log", State.LOOK, words, "The worker should do so daily. Does it run?", facts
        )
    return Finding("audit", "Audit log", State.FINE, words, facts=facts)


def versions(at: datetime) -> Finding:
    ours = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]["version"]
    facts: dict[str, Fact] = {
        "porchlight": ours,
        "python": platform.python_version(),
        "django": django.get_version(),
        "mode": "production" if settings.PRODUCTION else "embedded",
    }
    words = f"Porchlight {ours}, Python {facts['python']}, Django {facts['django']}; {facts['mode']}."
    return Finding("versions", "Versions", State.FINE, words, facts=facts)


TOLD = {"storage", "backup", "jobs"}
LOOKS: list[tuple[str, str, Look]] = [
    ("database", "Database", database),
    ("jobs", "Work in the background", jobs),
    ("mail", "Mail", mail),
    ("rooms", "Rooms", rooms),
    ("meetings", "Meetings", meetings),
    ("storage", "Storage", storage),
    ("backup", "Backup", backup),
    ("audit", "Audit log", audit),
    ("versions", "Versions", versions),
]


def told_at_once(at: datetime) -> Iterator[Waiting]:
    """For the desk's first page: what is broken. Mail and the audit log say so for themselves there."""
    for name, title, one in LOOKS:
        if name in TOLD and (finding := _guarded(name, title, one, at)).state == State.BROKEN:
            yield Waiting(f"{title}: {finding.words}", reverse("desk:health"), finding.todo, urgent=True)

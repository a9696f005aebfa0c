"""Checkpoints: where the chain ended, set down outside the database, so that a log cut short is noticed."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

from moderation.audit.chain import canonical
from moderation.audit.models import HEAD, AuditHead


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The number and hash of the last row, at a time (ISO 8601, UTC)."""

    seq: int
    hash: str
    at: str

    @property
    def line(self) -> str:
        return canonical(asdict(self))


class UnreadableCheckpoint(Exception):
    """A line of the file is no checkpoint; carries the file and the number of the line."""


def default_file() -> Path:
    return Path(settings.PORCHLIGHT_DATA) / "audit" / "checkpoints.jsonl"


def read(file: Path) -> list[Checkpoint]:
    """The checkpoints in a file; none when there is no file. Raises UnreadableCheckpoint."""
    if not file.exists():
        return []
    found = []
    for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        if line.strip():
            try:
                parts = json.loads(line)
                found.append(Checkpoint(int(parts["seq"]), str(parts["hash"]), str(parts["at"])))
            except (ValueError, TypeError, KeyError):
                raise UnreadableCheckpoint(f"{file}:{number}") from None
    return found


def set_down(at: datetime, file: Path | None = None) -> Checkpoint | None:
    """Add where the chain ends now to the file, for good before this returns; None when nothing is recorded yet."""
    head = AuditHead.objects.filter(pk=HEAD, seq__gt=0).first()
    if head is None:
        return None
    checkpoint = Checkpoint(head.seq, head.hash, at.astimezone(UTC).isoformat(timespec="seconds"))
    file = file or default_file()
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, f"{checkpoint.line}\n".encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return checkpoint

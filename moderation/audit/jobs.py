"""The daily look at the log."""

from __future__ import annotations

from datetime import datetime

import structlog

from moderation.audit import checkpoints
from moderation.audit.models import AuditLook
from moderation.audit.verify import verify

logger = structlog.get_logger("moderation.audit")


def look_and_set_down(at: datetime) -> None:
    """Verify the log; say what is wrong in the program's own log and to the stewards; then set down a checkpoint."""
    wrong: list[str] = []
    try:
        kept = checkpoints.read(checkpoints.default_file())
    except checkpoints.UnreadableCheckpoint as unreadable:
        logger.error("audit_checkpoints_unreadable", place=str(unreadable))
        kept = []
        wrong.append("The file of checkpoints can’t be read.")
    for finding in verify(kept):
        logger.error("audit_broken", fault=finding.fault.value, seq=finding.seq)
        wrong.append(finding.words)
    checkpoint = checkpoints.set_down(at)
    AuditLook.objects.create(at=at, seq=checkpoint.seq if checkpoint else 0, found="\n".join(wrong))
    if checkpoint is not None:
        logger.info("audit_checkpoint", seq=checkpoint.seq, hash=checkpoint.hash)

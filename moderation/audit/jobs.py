"""The daily look at the log."""

from __future__ import annotations

from datetime import datetime

import structlog

from moderation.audit import checkpoints
from moderation.audit.verify import verify

logger = structlog.get_logger("moderation.audit")


def look_and_set_down(at: datetime) -> None:
    """Verify the log and say in the program's own log what is wrong; then set down a checkpoint, there too."""
    try:
        kept = checkpoints.read(checkpoints.default_file())
    except checkpoints.UnreadableCheckpoint as unreadable:
        logger.error("audit_checkpoints_unreadable", place=str(unreadable))
        kept = []
    for finding in verify(kept):
        logger.error("audit_broken", fault=finding.fault.value, seq=finding.seq)
    checkpoint = checkpoints.set_down(at)
    if checkpoint is not None:
        logger.info("audit_checkpoint", seq=checkpoint.seq, hash=checkpoint.hash)

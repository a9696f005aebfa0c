"""What is told about signing in."""

from __future__ import annotations

from community.notifications.kinds import Kind
from community.notifications.models import Channel

CHANGED = Kind(
    "signin.changed",
    "That how you sign in was changed",
    line="How you sign in was changed. If that wasn’t you, look at it now.",
    switchable=False,
    urgent=True,
)
RECOVERY_STARTED = Kind(
    "recovery.started",
    "That someone asked for another way to your account",
    line="Someone asked to come in as you at a new address. If that wasn’t you, stop it.",
    switchable=False,
    urgent=True,
    mail="signin/mail/recovery_started.txt",
)
RECOVERY_READY = Kind(
    "recovery.ready",
    "The link that lets you in again",
    channels=(Channel.EMAIL,),
    switchable=False,
    urgent=True,
    subject="What you asked for",
    mail="signin/mail/recovery_ready.txt",
)
RECOVERY_DONE = Kind(
    "recovery.done",
    "That your address was changed",
    channels=(Channel.EMAIL,),
    switchable=False,
    urgent=True,
    mail="signin/mail/recovery_done.txt",
)
ALL = (CHANGED, RECOVERY_STARTED, RECOVERY_READY, RECOVERY_DONE)

"""What is told about signing in."""

from __future__ import annotations

from community.notifications.kinds import Kind

CHANGED = Kind(
    "signin.changed",
    "That how you sign in was changed",
    line="How you sign in was changed. If that wasn’t you, look at it now.",
    switchable=False,
    urgent=True,
)

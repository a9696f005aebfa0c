"""What the calendar tells people."""

from __future__ import annotations

from community.notifications.kinds import Kind

REMINDER = Kind(
    "calendar.reminder",
    "A reminder of what you said you would come to",
    line="{title} starts {when}.",
)
CHANGED = Kind(
    "calendar.changed",
    "That something you said you would come to is moved or cancelled",
    line="{title}: {what}.",
    switchable=False,
    urgent=True,
)
MOVED_UP = Kind(
    "calendar.moved_up",
    "That there is a seat for you after all",
    line="There is a seat for you now: {title}.",
    switchable=False,
    urgent=True,
)

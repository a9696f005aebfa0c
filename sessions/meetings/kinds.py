"""What meetings tell people."""

from __future__ import annotations

from community.notifications.kinds import Kind

NO_HOST = Kind(
    "meetings.no_host",
    "That something you said you would come to has begun, and nobody who holds it is there",
    line="{title}: nobody who holds it has come yet. Someone who is there can lead it.",
    switchable=False,
    urgent=True,
)
HELP_WANTED = Kind(
    "meetings.help_wanted",
    "That someone in a meeting which you hold asks for you",
    line="{title}: someone asks for you, privately.",
    switchable=False,
    urgent=True,
)

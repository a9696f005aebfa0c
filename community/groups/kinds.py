"""What people are told about groups that one asks to join."""

from __future__ import annotations

from community.notifications.kinds import Kind

# Without a name: a keeper may have blocked who asks, or be blocked by them.
ASKED = Kind(
    "groups.asked", "Someone asks to join a group that you look after", line="Someone asks to join {group}."
)
ANSWERED = Kind("groups.answered", "The answer when you asked to join a group", line="{answer}")

WELCOME = "You are welcome in {group}."
NOT_NOW = "You asked to join {group}. Not this time; you can ask again later."

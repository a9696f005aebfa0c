"""What people are told about direct contact. It names nobody: who asks is on the page, for as long as they ask."""

from __future__ import annotations

from community.notifications.kinds import Kind

ASKED = Kind(
    "direct.asked", "Someone asks to talk with you one to one", "Someone asks to talk with you one to one."
)

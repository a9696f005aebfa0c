"""What is told about one's own account."""

from __future__ import annotations

from community.notifications.kinds import Kind

LEAVING = Kind(
    "members.leaving",
    "That you asked to leave",
    line="You asked to leave. Signing in undoes it for fourteen days.",
    switchable=False,
    urgent=True,
)
HANDLE_ASKED = Kind(
    "members.handle_asked",
    "That a steward asks you for another handle",
    line="A steward asks you to choose another handle.",
    switchable=False,
)

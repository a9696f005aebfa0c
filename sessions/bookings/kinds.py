"""What people are told about bookings; what is moved or cancelled is told by the calendar."""

from __future__ import annotations

from community.notifications.kinds import Kind

BOOKED = Kind(
    "bookings.booked",
    "That someone booked a time with you",
    line="Someone booked a time with you: {when}.",
)

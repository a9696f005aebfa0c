"""How long a sign-in lasts: it ends when it was long unused, and once and for all some time after it began."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from community.house.access import house

# A row is written at most this often to say that its sign-in was seen.
SEEN_EVERY = timedelta(minutes=3)
# The session of someone who is not signed in: a form half filled in, a code half asked for.
VISIT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Limits:
    idle: timedelta
    absolute: timedelta

    def end(self, *, started_at: datetime, seen_at: datetime) -> datetime:
        return min(seen_at + self.idle, started_at + self.absolute)


def limits_for(*, strict: bool) -> Limits:
    """What is set now for people with duties here (`strict`), or for everyone else."""
    now = house()
    if strict:
        return Limits(
            timedelta(hours=now.staff_idle_hours), absolute=timedelta(hours=now.staff_absolute_hours)
        )
    return Limits(timedelta(days=now.idle_days), absolute=timedelta(days=now.absolute_days))

"""How people come in to the meetings of an event, as those who keep it choose."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from community.calendar.models import Event
from sessions.meetings.models import Doorway, Entry, Meeting


@transaction.atomic
def choose_entry(*, event: Event, entry: Entry, at: datetime) -> Doorway:
    """From the next doors on that open: where they are open already, nothing changes under those who wait."""
    doorway, _ = Doorway.objects.update_or_create(event=event, defaults={"entry": entry})
    ahead = Meeting.objects.filter(occurrence__event=event, opened_at__isnull=True, opens_at__gt=at)
    ahead.update(entry=entry)
    return doorway

from typing import Any

from django.apps import AppConfig


class BookingsConfig(AppConfig):
    name = "sessions.bookings"
    label = "bookings"

    def ready(self) -> None:
        from community.calendar import parts
        from community.live import ticks
        from community.members import leaving, suspension
        from community.members.blocks.actions import on_block
        from community.notifications import kinds
        from sessions.bookings.actions import (
            cancel_all_of,
            cancel_between,
            cancel_left_hanging,
            forget_notes,
        )
        from sessions.bookings.demo import open_times
        from sessions.bookings.kinds import BOOKED
        from sessions.rooms.demo.also import add_to_demo

        kinds.register(BOOKED)
        parts.register(agreed)
        add_to_demo(open_times)
        leaving.on_leaving(cancel_all_of)
        suspension.on_suspension(cancel_all_of)
        on_block(cancel_between)
        ticks.register("cancel_left_hanging", every_seconds=60, run=cancel_left_hanging)
        ticks.register("forget_notes", every_seconds=3600, run=forget_notes)


def agreed(occurrence: Any, keeps: bool) -> str:
    """The way from the calendar's page to where the two move and cancel."""
    from django.template.loader import render_to_string

    from sessions.bookings.access import booking_behind

    booking = booking_behind(occurrence.event_id) if occurrence.event.between_two else None
    return render_to_string("bookings/_agreed.html", {"booking": booking}) if booking else ""

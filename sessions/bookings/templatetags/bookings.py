"""Times that can be booked, in words."""

from __future__ import annotations

from django import template

from community.calendar.templatetags.calendar import moved_time
from sessions.bookings import pages

register = template.Library()
register.filter("in_words", pages.in_words)
register.filter("on_the_wall", pages.on_the_wall)
register.filter("from_to", pages.from_to)
register.filter("day_and_hour", moved_time)

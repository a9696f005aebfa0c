"""Times and places in the calendar's words."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from django import template
from django.utils import timezone
from django.utils.dateformat import format as say

from community.calendar import pages

register = template.Library()
register.filter("city", pages.city)
register.filter("clock", pages.clock)
register.filter("from_to", pages.from_to)
register.filter("stood_at", pages.moved_from)


@register.filter
def words(text: str) -> list[str]:
    return text.split()


@register.filter
def moved_time(at: datetime) -> str:
    """“Thursday 3 December, 7:00 pm”, in the reader's zone."""
    return f"{say(timezone.localtime(at), 'l j F')}, {pages.clock(at)}"


@register.filter
def telephone(number: str) -> str:
    """What a phone dials (RFC 3966): digits, with a leading plus."""
    return "".join(
        sign for place, sign in enumerate(number) if sign.isdigit() or (sign == "+" and place == 0)
    )


@register.filter
def link_host(link: str) -> str:
    return urlsplit(link).hostname or link


@register.filter
def weekday(number: int) -> str:
    """Counted from Sunday, 0."""
    return ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")[number]

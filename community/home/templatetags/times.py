"""Times as a person would say them, in the reader's zone."""

from __future__ import annotations

from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.dateformat import format as say

register = template.Library()

CLOCK = "g:i a"


@register.filter
def when(at: datetime, now: datetime | None = None) -> str:
    """Today: "7:41 pm"; within the week: "Friday"; this year: "3 November"; else with the year."""
    return said(at, now)[1]


@register.filter
def on(at: datetime, now: datetime | None = None) -> str:
    """The same within a sentence: "at 7:41 pm", "yesterday", "on Friday"."""
    return " ".join(filter(None, said(at, now)))


def said(at: datetime, now: datetime | None) -> tuple[str, str]:
    """The little word and the time."""
    here, today = timezone.localtime(at), timezone.localtime(now or timezone.now())
    days = (today.date() - here.date()).days
    if days <= 0:
        return "at", say(here, CLOCK).replace(".", "")
    if days == 1:
        return "", "yesterday"
    if today.date() - here.date() < timedelta(days=7):
        return "on", say(here, "l")
    return "on", say(here, "j F" if here.year == today.year else "j F Y")

"""The desk's navigation: `{% desk_sections as places %}` lists its sections and says which one this page is in."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as say

from community.house.desk import sections

register = template.Library()
HOME = "desk:home"


class Place(NamedTuple):
    """`current` is the value of aria-current: the page itself, one below it, or neither."""

    name: str
    url: str
    current: str


@register.simple_tag(takes_context=True)
def desk_sections(context: dict[str, Any]) -> list[Place]:
    path = context["request"].path
    places = [(section, reverse(section.url_name)) for section in sections()]
    return [Place(section.name, url, _current(path, url, section.url_name)) for section, url in places]


@register.filter
def stamp(at: datetime) -> str:
    """A day and a time in the reader's zone: "4 Mar 2026, 7:41 pm"."""
    return say(timezone.localtime(at), "j M Y, g:i a").replace(".", "")


def _current(path: str, url: str, url_name: str) -> str:
    if path == url:
        return "page"
    return "true" if path.startswith(url) and url_name != HOME else ""

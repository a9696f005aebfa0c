"""The desk's navigation: `{% desk_sections as places %}` lists its sections and says which one this page is in."""

from __future__ import annotations

from typing import Any, NamedTuple

from django import template
from django.urls import reverse

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


def _current(path: str, url: str, url_name: str) -> str:
    if path == url:
        return "page"
    return "true" if path.startswith(url) and url_name != HOME else ""

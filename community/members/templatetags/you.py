"""`{% your_pages as pages %}`: the pages about oneself, for `members/_you_nav.html`."""

from __future__ import annotations

from typing import NamedTuple

from django import template
from django.template.context import Context
from django.urls import reverse

from community.house.you import pages

register = template.Library()


class Place(NamedTuple):
    """`current` is the value of aria-current: the page itself, one below it, or neither."""

    name: str
    url: str
    current: str


@register.simple_tag(takes_context=True)
def your_pages(context: Context) -> list[Place]:
    path = context["request"].path
    places = [(page.name, reverse(page.url_name)) for page in pages()]
    nearest = max((url for _, url in places if path.startswith(url)), key=len, default="")
    return [
        Place(name, url, ("page" if path == url else "true") if url == nearest else "")
        for name, url in places
    ]

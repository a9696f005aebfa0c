"""What stands on the steward's desk: each app adds its section, and what waits for a steward, in `AppConfig.ready`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase


@dataclass(frozen=True, slots=True)
class Section:
    """A page of the desk: its name in the navigation, its URL's name, and where it stands (lower comes first)."""

    name: str
    url_name: str
    order: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that a steward should look at: `words` say what, `url` is where; `more` adds a quiet line."""

    words: str
    url: str
    more: str = ""
    urgent: bool = False


Attention = Callable[[datetime], Iterable[Waiting]]
View = Callable[..., HttpResponseBase]

_sections: dict[str, Section] = {}
_attention: dict[str, tuple[int, Attention]] = {}


def register(section: Section) -> None:
    _sections[section.url_name] = section


def sections() -> list[Section]:
    return sorted(_sections.values(), key=lambda section: (section.order, section.name))


def register_attention(attention: Attention, *, order: int = 50) -> None:
    """Have this asked for the desk's first page, with the time it is; nothing waits when it yields nothing."""
    _attention[f"{attention.__module__}.{attention.__qualname__}"] = (order, attention)


def what_waits(at: datetime) -> list[Waiting]:
    """Everything that waits for a steward: the urgent first, then in the order of registration."""
    asked = sorted(_attention.items(), key=lambda item: (item[1][0], item[0]))
    found = [waiting for _, (_, attention) in asked for waiting in attention(at)]
    return sorted(found, key=lambda waiting: not waiting.urgent)


def steward_required(view: View) -> View:
    """For pages of the desk: whoever is signed out goes to sign in; for all but stewards there is no such page."""

    @functools.wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **place: Any) -> HttpResponseBase:
        if not getattr(request.user, "is_staff", False):
            raise Http404
        return view(request, *args, **place)

    return login_required(wrapper)

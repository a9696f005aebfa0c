"""`house` in every template."""

from __future__ import annotations

from django.http import HttpRequest

from community.house.access import house as read
from community.house.models import House


def house(request: HttpRequest) -> dict[str, House]:
    return {"house": read()}

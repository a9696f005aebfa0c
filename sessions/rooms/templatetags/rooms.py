"""Times as one says them, and `{% act %}`: one thing that can be done in a room, as a form that works by itself."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django import template
from django.template.context import Context

from community.live.frames import stamp as utc_stamp
from sessions.rooms import transcript

register = template.Library()


@register.filter
def clock(at: datetime) -> str:
    return transcript.clock(at)


@register.filter
def stamp(at: datetime) -> str:
    """UTC, as the log says it."""
    return utc_stamp(at)


@register.simple_tag
def fresh_key() -> str:
    """A key that makes this form's effect happen once, however often it is sent."""
    return str(uuid.uuid4())


@register.inclusion_tag("rooms/_act.html", takes_context=True)
def act(
    context: Context, op: str, label: str, target: str | int = "", style: str = "quiet", **values: Any
) -> dict[str, Any]:
    """A button that does `op`; `style` is the button's class, `values` are hidden fields, `id` names the form.

    `said` follows the label for those who hear the page.
    """
    return {
        "op": op,
        "label": label,
        "target": target,
        "style": style,
        "id": values.pop("id", ""),
        "icon_name": values.pop("icon", ""),
        "said": values.pop("said", ""),
        "values": values,
        "key": fresh_key(),
        "slug": context["room"].slug,
        "next": values.pop("next", ""),
        "csrf_token": context.get("csrf_token"),
        "request": context.get("request"),
    }

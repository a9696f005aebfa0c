"""Refuse to start with help lines that nobody could ring."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from moderation.crisis.lines import OURS, LinesError, read


@register
def help_lines_can_be_used(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    known = read(OURS)
    if settings.PORCHLIGHT_HELP_LINES:
        try:
            known |= read(settings.PORCHLIGHT_HELP_LINES)
        except LinesError as error:
            return [Error(f"PORCHLIGHT_HELP_LINES: {error}", id="crisis.E001")]
    if settings.PORCHLIGHT_COUNTRY not in known:
        return [
            Error(
                f"PORCHLIGHT_COUNTRY: there are no help lines for {settings.PORCHLIGHT_COUNTRY}.",
                hint=f"Add them to the file named by PORCHLIGHT_HELP_LINES, or choose from {', '.join(sorted(known))}.",
                id="crisis.E002",
            )
        ]
    return []

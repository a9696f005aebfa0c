"""What asks for a limit has one: allauth lets everything through that it was given no rate for."""

from __future__ import annotations

import re

from allauth.account import app_settings
from allauth.core.internal.ratelimit import parse_rates
from django.conf import settings

ASKED = re.compile(r'ratelimit\.consume\(\s*\w+,\s*action="(\w+)"')


def test_every_limit_that_is_asked_for_is_set() -> None:
    asked = {
        action
        for package in ("community", "sessions", "moderation", "forums")
        for file in (settings.BASE_DIR / package).rglob("*.py")
        for action in ASKED.findall(file.read_text())
    }
    assert {"join", "lost", "certificate"} <= asked
    for action in asked:
        assert parse_rates(app_settings.RATE_LIMITS.get(action)), f"“{action}” has no limit"

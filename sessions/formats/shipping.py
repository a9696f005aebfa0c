"""The formats that come with the house, put in the database; a changed text becomes a new version."""

from __future__ import annotations

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from sessions.formats.models import Format, FormatVersion
from sessions.formats.steps import read_script

SHIPPED = Path(__file__).parent / "shipped" / "formats.toml"


def read_shipped() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))["format"]
    return found


@transaction.atomic
def ship_formats(*, at: datetime) -> int:
    """Put in what is missing or has changed; how many versions were written. Raises BadScript."""
    written = 0
    for plan in read_shipped():
        body = read_script({"crosstalk": plan["crosstalk"], "steps": plan["step"]}).as_json()
        kept, _ = Format.objects.update_or_create(
            slug=plan["slug"], defaults={"name": plan["name"], "about": plan["about"], "shipped": True}
        )
        last = kept.versions.order_by("-number").first()
        if last is None or last.body != body:
            FormatVersion.objects.create(format=kept, number=last.number + 1 if last else 1, body=body, at=at)
            written += 1
    return written

"""Time zones to choose from, by country, in the words of the tz database's `zone.tab`."""

from __future__ import annotations

import functools
from importlib import resources
from zoneinfo import available_timezones

Choices = list[tuple[str, list[tuple[str, str]]]]


def rows(name: str) -> list[list[str]]:
    text = (resources.files("tzdata") / "zoneinfo" / name).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]


@functools.lru_cache(maxsize=4)
def by_country(first: str) -> Choices:
    """Every zone under its country's name; the country with the code `first` leads."""
    names = {code: name for code, name in rows("iso3166.tab")}  # noqa: C416 - two to a row
    known = available_timezones()
    zones: dict[str, list[tuple[str, str]]] = {}
    for code, _, zone, *about in rows("zone.tab"):
        if zone in known:
            city = zone.split("/")[-1].replace("_", " ")
            zones.setdefault(code, []).append((zone, f"{city}: {about[0]}" if about else city))
    order = sorted(zones, key=lambda code: (code != first, names[code]))
    return [(names[code], zones[code]) for code in order] + [("Anywhere", [("UTC", "UTC")])]

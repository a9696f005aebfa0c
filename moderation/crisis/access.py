"""The help lines that are shown: the shipped ones with what stewards made of them. Never the page that breaks.

What was last read of the stewards' changes is also kept in a file beside the data, for a start without the database.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from pydantic import ValidationError

from community.house.kept import FRESH_SECONDS, Kept
from community.members.zones import rows as tz_rows
from moderation.crisis.lines import Country, Line, LinesError, countries
from moderation.crisis.models import HelpLine

logger = structlog.get_logger("moderation.crisis")


@dataclass(frozen=True, slots=True)
class Own:
    """A row of HelpLine as it is kept: `checked` is a date in ISO 8601."""

    id: int
    country: str
    shipped: str
    content: Any
    position: int
    hidden: bool
    checked: str


@dataclass(frozen=True, slots=True)
class Placed:
    """A line where it stands. `own` is the stewards' row, if there is one; `changed` if they wrote the words."""

    key: str
    line: Line
    own: Own | None

    @property
    def changed(self) -> bool:
        return self.own is not None and self.own.content is not None

    @property
    def hidden(self) -> bool:
        return self.own is not None and self.own.hidden


def kept_file() -> Path:
    return Path(settings.PORCHLIGHT_DATA) / "help-lines.json"


def read() -> tuple[Own, ...]:
    """What the database holds at this moment."""
    fields = ("pk", "country", "shipped", "content", "position", "hidden_at", "checked_at")
    return tuple(
        Own(pk, country, shipped, content, position, hidden is not None, checked.isoformat())
        for pk, country, shipped, content, position, hidden, checked in HelpLine.objects.values_list(*fields)
    )


def _read_and_keep() -> tuple[Own, ...]:
    found = read()
    _keep(found)
    return found


def _keep(found: Iterable[Own]) -> None:
    """Write the copy beside the data, whole or not at all, when it differs."""
    written = json.dumps([asdict(own) for own in found])
    file = kept_file()
    try:
        if (file.read_text() if file.exists() else "[]") != written:
            new = file.with_suffix(f".{os.getpid()}.new")
            new.write_text(written)
            new.replace(file)
    except OSError as error:
        logger.warning("help_lines_not_kept", kind=type(error).__name__)


def _from_file() -> tuple[Own, ...]:
    try:
        return tuple(Own(**row) for row in json.loads(kept_file().read_text()))
    except (OSError, ValueError, TypeError):
        return ()


_own = Kept(_read_and_keep, _from_file)


def remember(found: tuple[Own, ...], *, seconds: float = FRESH_SECONDS) -> None:
    _own.remember(found, seconds=seconds)


def read_anew() -> None:
    """After a change here: this process shows it at once."""
    remember(_read_and_keep())


def shipped() -> dict[str, Country]:
    return countries(settings.PORCHLIGHT_HELP_LINES)


def placed(code: str, own: Iterable[Own] | None = None) -> list[Placed]:
    """All lines of a country in their order, hidden ones too."""
    rows = [row for row in (_own.get() if own is None else own) if row.country == code]
    by_key = {row.shipped: row for row in rows if row.shipped}
    ours = shipped().get(code)
    found: list[tuple[int, Placed]] = []
    for at, line in enumerate(ours.lines if ours else ()):
        row = by_key.pop(line.key, None)
        said = _line(row) if row is not None else None
        found.append((row.position if row is not None else at, Placed(line.key, said or line, row)))
    left = [*by_key.values(), *(row for row in rows if not row.shipped)]
    found += [(row.position, Placed(f"own-{row.id}", said, row)) for row in left if (said := _line(row))]
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def _line(row: Own) -> Line | None:
    try:
        return (
            Line.model_validate({**row.content, "checked": row.checked[:10]})
            if row.content is not None
            else None
        )
    except ValidationError:
        logger.error("help_line_unreadable", line=row.id)
        return None


def countries_now() -> dict[str, Country]:
    """Every country's lines as they are shown."""
    known = shipped()
    codes = [*known, *sorted({row.country for row in _own.get()} - set(known))]
    found = {code: _shown(code, known.get(code)) for code in codes}
    return {code: country for code, country in found.items() if country is not None}


def _shown(code: str, ours: Country | None) -> Country | None:
    lines = [one.line for one in placed(code) if not one.hidden]
    if not lines:
        return ours  # whatever became of the rows: someone looks for help here
    return Country(name=ours.name if ours else country_names().get(code, code), lines=lines)


def country_for(code: str) -> tuple[str, Country]:
    """The country asked for, else the instance's own, else the United States."""
    known = countries_now()
    for candidate in (code.upper(), settings.PORCHLIGHT_COUNTRY, "US"):
        if candidate in known:
            return candidate, known[candidate]
    raise LinesError("no lines for any country")


def country_names() -> Mapping[str, str]:
    """Every country's name by its two letters (ISO 3166-1), as the tz database has them."""
    return {code: name for code, name, *_ in tz_rows("iso3166.tab")}

"""Help lines by country: ours from `lines.json`, an instance's own from the file that PORCHLIGHT_HELP_LINES names.

What stewards change of them on their desk is in `access`.
"""

from __future__ import annotations

import functools
import logging
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from django.utils.text import slugify
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

log = logging.getLogger("community.crisis")

OURS = Path(__file__).with_name("lines.json")

Number = Annotated[str, Field(pattern=r"^\+?[0-9]{3,15}$")]
Words = Annotated[str, Field(min_length=1, max_length=300)]
CountryCode = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


class LinesError(Exception):
    """A file of help lines can't be used; the message says which part of it and why."""


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Call(Strict):
    kind: Literal["call"]
    number: Number
    label: Words

    @property
    def href(self) -> str:
        return f"tel:{self.number}"


class Text(Strict):
    """`words` is what to send, put into the message beforehand."""

    kind: Literal["text"]
    number: Number
    label: Words
    words: Annotated[str, Field(pattern=r"^[A-Za-z0-9]*$", max_length=30)] = ""

    @property
    def href(self) -> str:
        # "?&" is read by Android (RFC 5724: after "?") and by iPhones (after "&") alike.
        return f"sms:{self.number}?&body={self.words}" if self.words else f"sms:{self.number}"


class Chat(Strict):
    kind: Literal["chat"]
    url: Annotated[str, Field(pattern=r"^https://[^\s\"<>]+$")]
    label: Words

    @property
    def href(self) -> str:
        return self.url


class Line(Strict):
    """`emergency`: someone may die; rings the police or an ambulance. `hours`: when somebody answers. `place`: where
    it helps, if not in the whole country. `checked`: when somebody of the house last rang it."""

    name: Words
    about: Words
    hours: Annotated[str, Field(max_length=80)] = ""
    place: Annotated[str, Field(max_length=80)] = ""
    emergency: bool = False
    checked: date | None = None
    ways: Annotated[list[Annotated[Call | Text | Chat, Field(discriminator="kind")]], Field(min_length=1)]

    @property
    def key(self) -> str:
        """What stewards' changes of a shipped line hold on to; within its country no two are the same."""
        return slugify(self.name)[:80] or "line"

    @property
    def can_be_rung(self) -> bool:
        return any(isinstance(way, Call) for way in self.ways)


class Country(Strict):
    name: Words
    lines: Annotated[list[Line], Field(min_length=1)]


Countries = TypeAdapter(dict[CountryCode, Country])


def read(path: Path) -> dict[str, Country]:
    """The countries in a file. Raises LinesError."""
    try:
        return Countries.validate_json(path.read_bytes())
    except OSError as error:
        raise LinesError(f"{path} can't be read: {error.strerror}") from None
    except ValidationError as error:
        problems = [
            f"{' > '.join(str(part) for part in problem['loc']) or 'the file'}: {problem['msg']}"
            for problem in error.errors()
        ]
        raise LinesError(f"{path}: " + "; ".join(problems)) from None


@functools.lru_cache(maxsize=4)
def countries(own: Path | None = None) -> dict[str, Country]:
    """Every country's lines; a country in the instance's own file replaces ours whole.

    A file that has gone bad since the start is left aside and logged: this page is never the one that breaks.
    """
    ours = read(OURS)
    if own is None:
        return ours
    try:
        return ours | read(own)
    except LinesError as error:
        log.error("help lines: %s", error)
        return ours

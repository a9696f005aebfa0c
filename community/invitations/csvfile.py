"""Reading the file of people to invite as spreadsheets really write it, and writing one that no spreadsheet runs. Pure.

RFC 4180, with what spreadsheets do beside it: UTF-8 with and without a byte order mark, UTF-16, Windows-1252; commas,
semicolons or tabs. Writing: a cell that a spreadsheet would take for a formula gets an apostrophe before it (OWASP,
“CSV Injection”).
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

BYTES_MAX = 2 * 1024 * 1024
LINES_MAX = 10_000
SEPARATORS = ",;\t"
NAMES = {
    "address": {"email", "mail", "emailaddress", "mailaddress", "address"},
    "role": {"role"},
    "groups": {"group", "groups"},
}
COLUMNS = tuple(NAMES)
FORMULA = tuple("=+-@\t\r\n＝＋－＠")


class NotReadable(ValueError):
    """The file can't be read; says why, for whoever brought it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it was written; `number` is where it begins in the file, counted from 1."""

    number: int
    address: str
    role: str = ""
    groups: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """`unused` are the names of columns that we don't know, and whose cells are not kept."""

    lines: Sequence[Line]
    unused: Sequence[str]


def read(data: bytes) -> Table:
    """Raises NotReadable."""
    if len(data) > BYTES_MAX:
        raise NotReadable("That file is larger than 2 MB.")
    text = decoded(data)
    rows = _rows(text, separator_of(text))
    if not rows:
        raise NotReadable("There is nothing in that file.")
    head = [_column(cell) for cell in rows[0][1]]
    if "address" in head:
        unused = [
            cell.strip() for cell, name in zip(rows[0][1], head, strict=True) if not name and cell.strip()
        ]
        rows = rows[1:]
    elif any("@" in cell for cell in rows[0][1]):
        head, unused = list(COLUMNS), []
    else:
        raise NotReadable("The first line should name the columns, and one of them “email”.")
    if len(rows) > LINES_MAX:
        raise NotReadable(f"That file has more than {LINES_MAX:,} lines.")
    if not rows:
        raise NotReadable("There is nobody in that file, only the names of its columns.")
    return Table([_line(number, head, cells) for number, cells in rows], unused)


def decoded(data: bytes) -> str:
    """Raises NotReadable."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        order = ["utf-16"]
    elif b"\0" in data[:200]:
        # Without a mark, the zero bytes of what is mostly ASCII say which half comes first.
        order = ["utf-16-be" if data[:1] == b"\0" else "utf-16-le"]
    else:
        order = ["utf-8-sig", "cp1252"]
    for encoding in order:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise NotReadable("That doesn’t look like a text file. Save it as CSV, in UTF-8 if you are asked.")


def separator_of(text: str) -> str:
    """The one that splits the first line into most cells."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(SEPARATORS, key=lambda separator: len(next(csv.reader([first], delimiter=separator), [])))


def write(rows: Iterable[Sequence[str]]) -> bytes:
    """In UTF-8 with a mark, so that Excel reads it as such."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([harmless(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def harmless(cell: str) -> str:
    """The cell as text to any spreadsheet, whatever stands in it."""
    return f"'{cell}" if cell.lstrip(" ").startswith(FORMULA) else cell


def _rows(text: str, separator: str) -> list[tuple[int, list[str]]]:
    """(where it begins, cells) of each line that is not blank."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[tuple[int, list[str]]] = []
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((begins, cells))
            begins = reader.line_num + 1
    except csv.Error:
        raise NotReadable(f"Line {begins} can’t be read: a quotation mark is not closed, perhaps.") from None
    return rows


def _column(cell: str) -> str:
    word = "".join(character for character in cell.casefold() if character.isalnum())
    return next((name for name, words in NAMES.items() if word in words), "")


def _line(number: int, head: Sequence[str], cells: Sequence[str]) -> Line:
    found: dict[str, str] = {}
    for name, cell in zip(head, cells, strict=False):
        if name and cell.strip():
            found.setdefault(name, cell.strip())
    return Line(number, found.get("address", ""), found.get("role", ""), found.get("groups", ""))

"""What reads alike (UTS #39), and in which scripts a character is written (UAX #24): two tables, made by `make`."""

from __future__ import annotations

import bisect
import functools
from importlib import resources

Range = tuple[int, int, frozenset[str]]
# Scripts that are written together (UTS #39, augmented script sets).
TOGETHER = {
    "Hani": {"Hanb", "Jpan", "Kore"},
    "Hira": {"Jpan"},
    "Kana": {"Jpan"},
    "Hang": {"Kore"},
    "Bopo": {"Hanb"},
}
ANY = frozenset({"Zyyy", "Zinh"})


def _lines(name: str) -> list[list[str]]:
    text = (resources.files(__package__) / name).read_text(encoding="utf-8")
    return [line.split() for line in text.splitlines() if not line.startswith("#")]


@functools.cache
def confusables() -> dict[int, str]:
    """For `str.translate`: what a character reads like, for text after NFKC, case folding and NFD."""
    return {
        int(char, 16): "".join(chr(int(one, 16)) for one in to) for char, *to in _lines("confusables.txt")
    }


@functools.cache
def _ranges() -> list[Range]:
    return [
        (int(first, 16), int(last, 16), frozenset(scripts).union(*(TOGETHER.get(one, ()) for one in scripts)))
        for first, last, *scripts in _lines("scripts.txt")
    ]


def scripts(char: str) -> frozenset[str]:
    """The scripts (ISO 15924) that a letter, mark or digit is written in; `ANY` for those of every script."""
    ranges = _ranges()
    at = bisect.bisect_right(ranges, ord(char), key=lambda one: one[0]) - 1
    first, last, found = ranges[at]
    return found if first <= ord(char) <= last else frozenset({"Zzzz"})


def resolved_scripts(text: str) -> frozenset[str] | None:
    """The scripts in which the whole text can be written; None if any will do, empty if there is none."""
    found: frozenset[str] | None = None
    for char in text:
        if (of := scripts(char)) & ANY == frozenset():
            found = of if found is None else found & of
    return found

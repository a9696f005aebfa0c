"""What changed between two versions of a text, word by word. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

WORDS = re.compile(r"\s+|[^\s]+")
PARAGRAPHS = re.compile(r".+?(?:\n\n+|\Z)", re.DOTALL)


class Kind(StrEnum):
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    LEFT_OUT = "left_out"


@dataclass(frozen=True, slots=True)
class Part:
    kind: Kind
    text: str


def between(old: str, new: str) -> list[Part]:
    """The new text with what was removed left in its place; the lines first, then the words within changed ones."""
    parts = list(_lines(old.splitlines(keepends=True), new.splitlines(keepends=True)))
    return list(_joined(parts))


def _lines(old: Sequence[str], new: Sequence[str]) -> Iterator[Part]:
    for tag, from_old, to_old, from_new, to_new in SequenceMatcher(
        None, old, new, autojunk=False
    ).get_opcodes():
        if tag == "equal":
            yield Part(Kind.SAME, "".join(new[from_new:to_new]))
        else:
            yield from _words("".join(old[from_old:to_old]), "".join(new[from_new:to_new]))


def _words(old: str, new: str) -> Iterator[Part]:
    before, after = WORDS.findall(old), WORDS.findall(new)
    matched = SequenceMatcher(None, before, after, autojunk=len(before) + len(after) > 4000)
    for tag, from_old, to_old, from_new, to_new in matched.get_opcodes():
        if tag == "equal":
            yield Part(Kind.SAME, "".join(after[from_new:to_new]))
            continue
        if to_old > from_old:
            yield Part(Kind.REMOVED, "".join(before[from_old:to_old]))
        if to_new > from_new:
            yield Part(Kind.ADDED, "".join(after[from_new:to_new]))


def _joined(parts: Sequence[Part]) -> Iterator[Part]:
    """Neighbours of one kind as one, so that a changed sentence reads as a sentence."""
    waiting: Part | None = None
    for part in parts:
        if waiting is not None and waiting.kind == part.kind:
            waiting = Part(part.kind, waiting.text + part.text)
            continue
        if waiting is not None:
            yield waiting
        waiting = part
    if waiting is not None:
        yield waiting


def near(parts: Sequence[Part]) -> list[Part]:
    """The same with what stayed left out, but for the paragraphs next to a change."""
    found: list[Part] = []
    for place, part in enumerate(parts):
        paragraphs = PARAGRAPHS.findall(part.text)
        before, after = place > 0, place < len(parts) - 1
        if part.kind != Kind.SAME or len(paragraphs) <= 1 + before + after:
            found.append(part)
            continue
        if before:
            found.append(Part(Kind.SAME, paragraphs[0]))
        found.append(Part(Kind.LEFT_OUT, ""))
        if after:
            found.append(Part(Kind.SAME, paragraphs[-1]))
    return found

"""The letters on an avatar. The room's script makes the same of a handle: `initials` in static/js/room/words.js."""

from __future__ import annotations

import re
import unicodedata


def initials(handle: str) -> str:
    """Whole letters with their marks: two of a script that has capitals, one of any other."""
    words = [letters for word in re.split(r"[\s-]+", handle) if (letters := _letters(word))]
    two = [words[0][0], words[1][0]] if len(words) > 1 else (words[0] if words else [])[:2]
    capitals = [letter.upper() for letter in two]
    if any(len(letter) != len(capital) for letter, capital in zip(two, capitals, strict=True)):
        return "".join(two)
    cased = any(
        letter.lower() != capital or _is(letter, "N") for letter, capital in zip(two, capitals, strict=True)
    )
    return "".join(capitals) if cased else "".join(two[:1])


def _letters(word: str) -> list[str]:
    """Letters and digits, each with the marks that follow it."""
    found: list[str] = []
    for char in word:
        if _is(char, "L") or _is(char, "N"):
            found.append(char)
        elif found and _is(char, "M"):
            found[-1] += char
    return found


def _is(char: str, kind: str) -> bool:
    return unicodedata.category(char[0]).startswith(kind)

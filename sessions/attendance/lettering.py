"""Names as they are drawn: which letters our fonts have, how Arabic ones join, and the order from left to right.

The printer places one glyph beside another and no more. Scripts whose letters change places or stack (those of India,
Khmer, Burmese) can't be printed so, and our fonts don't have them: `unprintable` names what is missing.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from pathlib import Path

from fontTools.ttLib import TTFont
from fpdf.bidi import BidiParagraph

FONTS = Path(__file__).parent / "fonts"
SANS = FONTS / "DejaVuSans.ttf"
SERIF = FONTS / "DejaVuSerif.ttf"
# In this order a letter is looked for.
EVERY = (SERIF, SANS, FONTS / "Han.ttf", FONTS / "Hangul.ttf")

# Unicode's general categories of what people write: letters, marks, numbers, punctuation, symbols, blanks.
WRITTEN = "LMNPSZ"
RIGHT_TO_LEFT = frozenset({"R", "AL"})
# Forms of single Arabic letters, and of lam with alef (Arabic Presentation Forms A and B), by what they decompose to.
FORM = re.compile(r"<(isolated|final|initial|medial)> ([0-9A-F ]+)")
PRESENTATION = (*range(0xFB50, 0xFC00), *range(0xFE70, 0xFEFD))
LAM = "\u0644"
# By whether a letter is joined to the one before and to the one after it.
WHERE = {
    (True, True): "medial", (True, False): "final", (False, True): "initial", (False, False): "isolated",
}  # fmt: skip


def tidy(words: str) -> str:
    """Composed letters (NFC), single blanks, nothing that isn't seen."""
    seen = "".join(letter if unicodedata.category(letter)[0] in WRITTEN else " " for letter in words)
    return unicodedata.normalize("NFC", " ".join(seen.split()))


def unprintable(words: str) -> list[str]:
    """Letters that none of our fonts has, each once."""
    known = frozenset[int]().union(*(letters_of(font) for font in EVERY))
    return list(dict.fromkeys(letter for letter in joined(words) if ord(letter) not in known))


def fonts_for(words: str, first: Path) -> list[Path]:
    """Which fonts beside the first one are needed for joined words, in the order in which they are asked."""
    missing, needed = {ord(letter) for letter in words} - letters_of(first), []
    for font in EVERY:
        if font != first and missing & letters_of(font):
            needed.append(font)
            missing -= letters_of(font)
    return needed


@functools.cache
def letters_of(font: Path) -> frozenset[int]:
    with TTFont(font, lazy=True) as opened:
        return frozenset(opened.getBestCmap())


@functools.cache
def forms() -> dict[tuple[str, str], str]:
    """{(form, letter or letters): how it is drawn}, from the Unicode character database."""
    found: dict[tuple[str, str], str] = {}
    for point in PRESENTATION:
        if match := FORM.fullmatch(unicodedata.decomposition(chr(point))):
            letters = "".join(chr(int(part, 16)) for part in match[2].split())
            found.setdefault((match[1], letters), chr(point))
    return found


def joined(words: str) -> str:
    """The same with Arabic letters as they look beside their neighbours; lam and alef become one."""
    drawn, at, reached = "", 0, False  # `reached`: the letter before holds out a hand to this one
    while at < len(words):
        pair = words[at : at + 2]
        letters = pair if pair[0] == LAM and ("isolated", pair) in forms() else pair[0]
        at += len(letters)
        if unicodedata.combining(letters[0]):
            drawn += letters
            continue
        following = next((letter for letter in words[at:] if not unicodedata.combining(letter)), "")
        reaches = _has(letters, "initial") and _has(following, "final")
        form = WHERE[reached, reaches]
        drawn += forms().get((form, letters), letters)
        reached = reaches
    return drawn


def _has(letters: str, form: str) -> bool:
    return (form, letters) in forms()


def as_seen(line: str) -> str:
    """A line of joined letters, in the order from left to right (Unicode Bidirectional Algorithm, UAX #9)."""
    if not any(unicodedata.bidirectional(letter) in RIGHT_TO_LEFT for letter in line):
        return line
    return str(BidiParagraph(text=line).get_reordered_string())

"""Handles: what one may be called here, and which two handles are the same. Pure: no database, no clock."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator

from django.core.exceptions import ValidationError

from community.members import unicode

MAX = 30
SKELETON_MAX = MAX * 4
MARKS_IN_A_ROW = 3
DIGITS = 6
SEPARATORS = " .'’-"
# Someone who has left goes by this; nobody else may.
SOMEONE_WHO_LEFT = "Someone who left"

BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Default_Ignorable_Code_Point beside Cf, and two that draw nothing.
INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
LETTER_MARK_DIGIT = re.compile(r"^(?:L[ulmot]|M[nc]|Nd)$")
E_MAIL = re.compile(r"@|\b(?:e-?mail|gmail|hotmail|yahoo|icloud|protonmail|outlook\.com)\b", re.I)
WEB = re.compile(
    r"https?|://|\bwww\b|\w\.(?:com|org|net|edu|gov|info|io|me|co|uk|us|ca|de|app|dev|link|site|xyz)\b", re.I
)

# Whoever goes by one of these would be taken for the house, for its staff, or for help.
RESERVED = (
    "administrator", "clinician", "clinic", "clinical", "counselor", "counsellor", "crisis", "crisis line", "deleted",
    "doctor", "emergency", "everyone", "help", "help line", "hotline", "house", "lifeline", "mod", "mods", "moderation",
    "nobody", "none", "nurse", "null", "official", "owner", "peer support", "police", "postmaster", "root", "security",
    "somebody", "someone", "sponsor", "staff", "steward", "stewards", "suicide", "support", "sysop", "system", "team",
    "the house", "the team", "therapist", "undefined", "veteran crisis line", "webmaster", "you",
)  # fmt: skip
# Refused also where a name begins or ends with them.
IMPERSONATING = ("admin", "moderator", "facilitator", "clinician", "steward")
# st3ward, 5taff
DIGITS_AS_LETTERS = str.maketrans("34578", "eastb")
# Numbers that are rung for help.
RUNG = frozenset({"988", "911", "112", "999", "111", "000", "741741"})


class HandleTaken(Exception):
    """Someone else goes by this handle, or by one that reads the same, or it is held for who had it."""


class HandleRefused(ValidationError):
    """Nobody may go by this; `code` says which rule it is."""


TAKEN = "Someone here already goes by that handle."
REFUSALS = {
    "empty": "Choose a handle.",
    "long": f"Use at most {MAX} characters.",
    "bidi": "This holds a hidden sign that turns the direction of writing. Type it again without it.",
    "invisible": "This holds a sign that nobody can see. Type it again by hand.",
    "email": "This looks like an e-mail address. Choose something that leads nobody to you.",
    "web": "This looks like an address on the web. Choose a name.",
    "number": "This looks like a phone number. Choose something that leads nobody to you.",
    "signs": "Use letters, numbers, spaces and . ' - only.",
    "ends": "Begin with a letter or a number, and end with one.",
    "letter": "Use at least one letter.",
    "marks": "There are too many accents on one letter.",
    "mixed": "Use letters of one alphabet only: letters of two can look alike.",
    "reserved": "That would be taken for the house or its staff. Choose another.",
}


def tidy(handle: str) -> str:
    """As it is stored: composed (NFC), spaces squeezed."""
    return " ".join(unicodedata.normalize("NFC", handle).split(" ")).strip(" ")


def skeleton(handle: str) -> str:
    """The form in which two handles that read alike are the same: case, spaces and . ' - don't count.

    UTS #39's skeleton of the case-folded handle, with I l 1 and O 0 as one.
    """
    folded = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", handle).casefold())
    plain = "".join(char for char in folded if not _unseen(char))
    alike = "".join(char for char in plain.translate(unicode.confusables()) if char not in SEPARATORS)
    return unicodedata.normalize("NFD", alike)


def check(handle: str, *, house: str = "") -> None:
    """Raises HandleRefused with the first rule that is broken. `house` is the community's name."""
    for code in _broken(unicodedata.normalize("NFC", handle), house):
        raise HandleRefused(REFUSALS[code], code=code)


def _broken(handle: str, house: str) -> Iterator[str]:
    """Each rule that is broken, the plainest first."""
    if not handle.strip():
        yield "empty"
        return
    yield from _hidden(handle)
    if len(handle) > MAX or len(skeleton(handle)) > SKELETON_MAX:
        yield "long"
    plain = unicodedata.normalize("NFKC", handle)
    if E_MAIL.search(plain):
        yield "email"
    if WEB.search(plain):
        yield "web"
    known = all(char in SEPARATORS or LETTER_MARK_DIGIT.match(unicodedata.category(char)) for char in plain)
    if not known or plain != handle:
        yield "signs"
    if plain[0] in SEPARATORS or plain[-1] in SEPARATORS or unicodedata.category(plain[0]).startswith("M"):
        yield "ends"
    if sum(char.isdigit() for char in plain) > DIGITS:
        yield "number"
    yield from _confusing(plain)
    if is_reserved(plain, house):
        yield "reserved"
    if not any(char.isalpha() for char in plain):
        yield "letter"


def _hidden(handle: str) -> Iterator[str]:
    if any(char in BIDI for char in handle):
        yield "bidi"
    if any(map(_unseen, handle)):
        yield "invisible"


def _confusing(handle: str) -> Iterator[str]:
    if _flooded(handle):
        yield "marks"
    named = [char for char in handle if char not in SEPARATORS]
    if not of_one_alphabet(named) or len({_zero(char) for char in named if char.isdecimal()}) > 1:
        yield "mixed"


def of_one_alphabet(chars: list[str]) -> bool:
    """UTS #39, level "highly restrictive": one script, or Latin beside Japanese, Korean or Chinese."""
    if unicode.resolved_scripts("".join(chars)) != frozenset():
        return True
    others = [char for char in chars if "Latn" not in unicode.scripts(char)]
    beside = unicode.resolved_scripts("".join(others)) or frozenset()
    return bool(beside & {"Jpan", "Kore", "Hanb"})


def is_reserved(handle: str, house: str = "") -> bool:
    """Whether it says, or reads as if it said, that someone speaks for the house or is help."""
    whole = skeleton(handle)
    words = re.split(r"[ .'’-]+", handle)
    if any(word in RUNG for word in words):
        return True
    read = skeleton(handle.translate(DIGITS_AS_LETTERS))
    parts = {
        whole,
        read,
        whole.rstrip("0123456789oi"),
        *(skeleton(word.rstrip("0123456789")) for word in words),
    }
    own = {skeleton(house)} - {""} if house else set()
    if parts & (_reserved() | own):
        return True
    if any(name in whole for name in own if len(name) >= 8):
        return True
    return any(
        said.startswith(one) or said.endswith(one) for said in (whole, read) for one in _impersonating()
    )


@functools.cache
def _reserved() -> frozenset[str]:
    return frozenset(map(skeleton, (*RESERVED, *IMPERSONATING, SOMEONE_WHO_LEFT)))


@functools.cache
def _impersonating() -> tuple[str, ...]:
    return tuple(map(skeleton, IMPERSONATING))


def _unseen(char: str) -> bool:
    return unicodedata.category(char) in {"Cf", "Cc", "Cs", "Co", "Zl", "Zp"} or bool(INVISIBLE.match(char))


def _flooded(handle: str) -> bool:
    row, last = 0, ""
    for char in unicodedata.normalize("NFD", handle):
        mark = unicodedata.category(char) in {"Mn", "Me"}
        row = row + 1 if mark else 0
        if row > MARKS_IN_A_ROW or (mark and char == last):
            return True
        last = char
    return False


def _zero(digit: str) -> int:
    return ord(digit) - unicodedata.decimal(digit)

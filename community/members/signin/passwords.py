"""What a password must be: long enough, and not one that somebody would guess. Nothing about which characters.

NIST SP 800-63B-4, 3.1.1.2: at least 15 characters where it stands alone, 8 beside another factor, no rules of
composition, and a list of what is common, expected, or taken from the service and the person.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

from community.house.access import house
from community.members.models import Member
from community.members.signin.access import has_second_factor
from community.members.signin.models import ALONE

BESIDE_A_FACTOR = 8
# What must be left when words that anyone could expect, and runs along the keyboard, are taken away.
OWN = 6
WORD_MIN = 3
RUN_MIN = 4
EXPECTED = [
    "password",
    "passphrase",
    "welcome",
    "letmein",
    "sober",
    "sobriety",
    "recovery",
    "recovered",
    "porchlight",
]
ROWS = [
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "azertyuiop",
]


def shortest_for(member: Member | None) -> int:
    """How many characters a password of this member needs."""
    known = member is not None and member.pk is not None
    return BESIDE_A_FACTOR if known and has_second_factor(member) else ALONE  # type: ignore[arg-type]


class LongEnough:
    def validate(self, password: str, user: Any = None) -> None:
        least = shortest_for(user)
        if len(password) < least:
            raise ValidationError(
                f"Use at least {least} characters. A few words in a row will do.", code="password_too_short"
            )

    def get_help_text(self) -> str:
        return f"At least {ALONE} characters. A few words in a row are easy to remember and hard to guess."


class NotGuessed(CommonPasswordValidator):
    """Refuses what is common, and what is left too short without words that are expected of this person here."""

    def validate(self, password: str, user: Any = None) -> None:
        plain = letters_and_digits(password)
        once = shortest_repeat(plain)
        if once in self.passwords or plain in self.passwords:
            raise ValidationError("Many people use that one. Choose another.", code="password_too_common")
        own = without_runs(once)
        for word in words_about(user):
            own = own.replace(word, "")
        if len(shortest_repeat(own)) < OWN or own in self.passwords:
            raise ValidationError(
                "That is easy to guess for someone who knows you or this place. Add words that nobody would expect.",
                code="password_too_expected",
            )

    def get_help_text(self) -> str:
        return "Not one that many use, nor your handle, your address or the name of this place."


def words_about(member: Member | None) -> list[str]:
    """Words that anyone would try first, the longest first."""
    texts = [house().name, *EXPECTED]
    if member is not None and hasattr(member, "email"):
        texts += [member.handle, member.email.partition("@")[0]]
    words = {letters_and_digits(text) for text in texts}
    words |= {letters_and_digits(word) for text in texts for word in re.split(r"[\W_]+", text)}
    return sorted((word for word in words if len(word) >= WORD_MIN), key=len, reverse=True)


def letters_and_digits(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


def shortest_repeat(text: str) -> str:
    """`abcabc` is `abc` said twice."""
    return text[: (text + text).find(text, 1)] if text else text


def without_runs(text: str) -> str:
    """The text without what runs along the alphabet, the digits or a row of keys, forwards or backwards."""
    runs = [row[start : start + RUN_MIN] for row in ROWS for start in range(len(row) - RUN_MIN + 1)]
    covered = [False] * len(text)
    for run in [*runs, *(run[::-1] for run in runs)]:
        start = text.find(run)
        while start >= 0:
            covered[start : start + RUN_MIN] = [True] * RUN_MIN
            start = text.find(run, start + 1)
    return "".join(letter for letter, gone in zip(text, covered, strict=True) if not gone)

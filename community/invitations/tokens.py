"""What stands in a link, and the code that confirms an address: made here, and compared only by their digests. Pure.

A token is 28 characters of an alphabet of 32 (RFC 4648 section 6): 140 random bits, in groups of four that a person can
type from a card. It was random and long, so an unsalted SHA-256 of it is all that the database needs to know it again.
"""

from __future__ import annotations

import hashlib
import secrets

ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
TOKEN_CHARACTERS = 28
GROUP = 4
CODE_DIGITS = 6
# Digits that are not in the alphabet, read as the letters that they look like.
LOOKALIKES = str.maketrans("018", "olb", "- ")


def make_token() -> str:
    characters = "".join(secrets.choice(ALPHABET) for _ in range(TOKEN_CHARACTERS))
    return "-".join(characters[at : at + GROUP] for at in range(0, TOKEN_CHARACTERS, GROUP))


def digest_of_token(typed: str) -> str:
    """The digest of a token as it was typed: upper case, missing hyphens and 0, 1, 8 for o, l, b are no matter."""
    return hashlib.sha256(typed.casefold().translate(LOOKALIKES).encode()).hexdigest()


def make_code() -> str:
    return "".join(secrets.choice("0123456789") for _ in range(CODE_DIGITS))


def tidy_code(typed: str) -> str:
    return "".join(character for character in typed if character.isdecimal() and character.isascii())

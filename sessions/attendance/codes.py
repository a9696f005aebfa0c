"""The code on a certificate: made here, read as people type it, and known again by its digests. Pure but for the key.

20 letters of Douglas Crockford's Base 32 (crockford.com/base32.html): 100 random bits, in groups of four. It has no
I, L, O and U; when a code is read, I and L are taken for 1 and O for 0, and hyphens and blanks are no matter.
"""

from __future__ import annotations

import re
import secrets

from community.sealed import keyed_digests

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CHARACTERS = 20
GROUP = 4
LOOKALIKES = str.maketrans("ILO", "110")


def make_code() -> str:
    characters = "".join(secrets.choice(ALPHABET) for _ in range(CHARACTERS))
    return "-".join(characters[at : at + GROUP] for at in range(0, CHARACTERS, GROUP))


def read(typed: str) -> str:
    """The letters and digits of what was typed."""
    return re.sub(r"[^0-9A-Z]", "", typed.upper()).translate(LOOKALIKES)


def digests_of(typed: str) -> list[str]:
    """By which a code is known again, whichever key was in use when it was made; the newest key's first."""
    return keyed_digests(f"certificate {read(typed)}")


def digests_of_purpose(purpose: str) -> list[str]:
    return keyed_digests(f"purpose {' '.join(purpose.casefold().split())}")

"""What a member agrees to before a certificate is made, in versions. A version that somebody agreed to never changes.

It says what a written consent must say under 42 CFR § 2.31(a): whose record, how much of it, for which purpose, to
whom, that it can be revoked, and when it ends. Each certificate keeps the version and the moment.
"""

from __future__ import annotations

VERSIONS: dict[int, tuple[str, ...]] = {
    1: (
        "A certificate is made of this one session, with the name and the purpose that you write, and the minutes "
        "you were there.",
        "Whoever you give it to, or who holds its code, can check it for as long as it stands. They see what is "
        "printed on it, and nothing else of you, of the session, or of anyone in it.",
        "It ends on the day you choose. You can revoke it before, at any time; from then on a check says no. "
        "What somebody has seen until then can’t be taken back.",
        "You decide freely: nothing here depends on whether you have a certificate made.",
    ),
}
CURRENT = max(VERSIONS)


def words(version: int) -> tuple[str, ...]:
    return VERSIONS[version]

"""Encryption at rest: what is sealed here can be read by an instance that holds the key, and by nobody else.

The keys come from `SECRET_KEY` and, for reading only, from each of `SECRET_KEY_FALLBACKS`, so that the secret can be
changed: what was sealed before stays readable until it is sealed anew (`reseal`) or thrown away.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models

PURPOSE_SEALED = b"porchlight sealed text 1"
PURPOSE_DIGEST = b"porchlight keyed digest 1"

if TYPE_CHECKING:
    TextField = models.TextField[Any, Any]
else:
    TextField = models.TextField


class Unreadable(ValueError):
    """Sealed with a key that this instance does not have, damaged, or never sealed at all. Holds nothing of it."""


def seal(text: str) -> str:
    """The text as a Fernet token (ASCII) under the newest key; the same text gives another token each time."""
    return _box().encrypt(text.encode()).decode("ascii")


def unseal(sealed: str) -> str:
    """What was sealed, with the newest key or an older one. Raises Unreadable."""
    try:
        return _box().decrypt(sealed).decode()
    except (InvalidToken, ValueError):
        raise Unreadable from None


def reseal(sealed: str) -> str:
    """The same under the newest key. Raises Unreadable."""
    try:
        return _box().rotate(sealed).decode("ascii")
    except (InvalidToken, ValueError):
        raise Unreadable from None


def keyed_digest(text: str) -> str:
    """64 hexadecimal digits by which equal texts are found again, and from which none can be guessed without the key.

    Under the newest key only: after the secret was changed, the digest of a text is another.
    """
    return _digest(settings.SECRET_KEY, text)


def keyed_digests(text: str) -> list[str]:
    """The same under every key that is known, the newest first: to find what was kept before the secret was changed."""
    return [_digest(secret, text) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def _digest(secret: str, text: str) -> str:
    return hmac.new(_derived(secret, PURPOSE_DIGEST), text.encode(), hashlib.sha256).hexdigest()


class SealedTextField(TextField):
    """A text that stands sealed in the database and is plain in Python. It can't be searched; None stays NULL.

    Reading a row raises Unreadable when its key is gone.
    """

    def get_prep_value(self, value: Any) -> Any:
        return value if value is None or hasattr(value, "resolve_expression") else seal(str(value))

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        return None if value is None else unseal(value)

    def get_lookup(self, lookup_name: str) -> Any:
        """None for all but `isnull`: each token differs, so a comparison would only ever find nothing."""
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None


def _box() -> MultiFernet:
    return _box_of(settings.SECRET_KEY, tuple(settings.SECRET_KEY_FALLBACKS))


@functools.lru_cache(maxsize=4)
def _box_of(secret: str, older: Sequence[str]) -> MultiFernet:
    keys = [_derived(each, PURPOSE_SEALED) for each in (secret, *older)]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])


@functools.lru_cache(maxsize=8)
def _derived(secret: str, purpose: bytes) -> bytes:
    """32 bytes for one purpose (HKDF, RFC 5869); the secret is random and long, so no salt and no stretching."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret.encode())

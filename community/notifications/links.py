"""Addresses of our pages as they stand in mail; and the token behind which someone turns a kind of mail off."""

from __future__ import annotations

import json

from django.conf import settings
from django.urls import reverse

from community.sealed import Unreadable, seal, unseal


def absolute(path: str) -> str:
    return f"{settings.PORCHLIGHT_URL}{path}"


def off_token(member_id: int, kind: str) -> str:
    """Opaque: a mail's links are seen by more people than its reader."""
    return seal(json.dumps([member_id, kind]))


def read_off_token(token: str) -> tuple[int, str]:
    """The member's primary key and the kind's name. Raises Unreadable."""
    said = unseal(token)
    try:
        member_id, kind = json.loads(said)
    except ValueError:
        raise Unreadable from None
    return int(member_id), str(kind)


def turn_off(member_id: int, kind: str) -> str:
    return absolute(reverse("notifications:off", args=[off_token(member_id, kind)]))

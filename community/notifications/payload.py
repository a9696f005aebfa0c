"""What a delivery carries, sealed: the words' parts, the page it leads to, and an address that is no member's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from community.sealed import seal, unseal


@dataclass(frozen=True, slots=True)
class Payload:
    context: Mapping[str, str]
    path: str
    address: str


def sealed_payload(context: Mapping[str, str], *, path: str = "", address: str = "") -> str:
    return seal(json.dumps({"context": dict(context), "path": path, "address": address}))


def read_payload(sealed: str) -> Payload:
    """Raises Unreadable."""
    return Payload(**json.loads(unseal(sealed)))

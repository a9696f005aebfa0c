"""The texts that a house begins with, until its stewards publish their own."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from community.house import access
from community.house.actions import PublishedMeanwhile, publish_text
from community.house.models import HouseText

FOLDER = Path(__file__).parent / "texts"


def shipped(kind: HouseText.Kind) -> str:
    return (FOLDER / f"{kind.value}.md").read_text(encoding="utf-8")


def ensure_texts(*, at: datetime) -> None:
    """Publish the shipped version of each text of which there is none: nobody comes in without rules to read."""
    for kind in HouseText.Kind:
        if access.current_text(kind) is not None:
            continue
        try:
            publish_text(kind=kind, raw=shipped(kind), by_id=None, at=at, after=0)
        except PublishedMeanwhile:
            pass  # by somebody who came in at the same moment

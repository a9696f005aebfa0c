"""Calm names from nature, for someone who has none here yet. Pure, but for chance, which is an argument."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from random import Random

FIRST = (
    "Amber", "Autumn", "Blue", "Brown", "Clear", "Early", "Evening", "First", "Gentle", "Golden", "Green", "Grey",
    "Harbor", "Hazel", "Hill", "Lake", "Morning", "Mossy", "Northern", "Open", "Patient", "Quiet", "Red", "River",
    "Rowan", "Silver", "Slow", "Soft", "Southern", "Spring", "Steady", "Summer", "Tall", "Warm", "Western", "White",
    "Wide", "Winter", "Wood", "Woven",
)  # fmt: skip
SECOND = (
    "Acorn", "Alder", "Ash", "Aspen", "Bay", "Birch", "Brook", "Cedar", "Clover", "Cove", "Crane", "Dune", "Elm",
    "Fern", "Finch", "Heath", "Heron", "Larch", "Lark", "Linden", "Maple", "Marsh", "Meadow", "Oak", "Orchard",
    "Otter", "Pebble", "Pine", "Plover", "Quail", "Reed", "Ridge", "Robin", "Sage", "Sparrow", "Spruce", "Stone",
    "Swift", "Thrush", "Tide", "Valley", "Willow",
)  # fmt: skip

chance: Random = secrets.SystemRandom()


def some_names(count: int, chance: Random = chance) -> list[str]:
    """Different names, without regard to who goes by them already."""
    first = chance.sample(FIRST, min(count, len(FIRST)))
    second = chance.sample(SECOND, min(count, len(SECOND)))
    return [f"{one} {two}" for one, two in zip(first, second, strict=False)]


def numbered(name: str, chance: Random = chance) -> str:
    """For a place where all the names are taken."""
    return f"{name} {chance.randrange(2, 10_000)}"


def is_one(name: str) -> bool:
    """Whether it is one that we might suggest."""
    words: Sequence[str] = name.split(" ")
    return len(words) == 2 and words[0] in FIRST and words[1] in SECOND

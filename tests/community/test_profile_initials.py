"""The letters on an avatar, of any script. tests/flows/test_initials.py holds the room's script against these."""

from __future__ import annotations

import pytest

from community.members.initials import initials
from community.members.models import Member

INITIALS = {
    "Juniper": "JU",
    "Slow River": "SR",
    "Anne-Marie": "AM",
    "Mo": "MO",
    "m": "M",
    "8 ball": "8B",
    "Wren 3": "W3",
    "O'Brien": "OB",
    "J.R. Smith": "JS",
    "Élan": "ÉL",
    "E\u0301lan": "E\u0301L",
    "ßeta": "ße",
    "İzmir": "İZ",
    "Дмитрий": "ДМ",
    "山田": "山",
    "山田 太郎": "山",
    "한별": "한",
    "محمد علي": "م",
    "अनिल कुमार": "अ",
    "कि राम": "कि",
    "เก่ง": "เ",
    "ᏣᎳᎩ": "ᏣᎳ",
    "Someone who left": "SW",
}


@pytest.mark.parametrize("handle", INITIALS)
def test_initials_are_whole_letters(handle: str) -> None:
    assert initials(handle) == INITIALS[handle]
    assert Member(handle=handle).initials == INITIALS[handle]

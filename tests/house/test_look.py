"""What LOOK promises of the style sheets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

CSS: Path = settings.BASE_DIR / "community" / "static" / "css"
SHEETS = sorted(CSS.glob("*.css"))


def without_comments(file: Path) -> str:
    return re.sub(r"/\*.*?\*/", "", file.read_text(), flags=re.DOTALL)


def tokens(block: str) -> dict[str, str]:
    return {name: " ".join(value.split()) for name, value in re.findall(r"(--[\w-]+)\s*:\s*([^;}]+)", block)}


def test_night_is_the_same_whether_the_phone_or_the_member_chose_it() -> None:
    text = without_comments(CSS / "tokens.css")
    by_phone = re.search(r"prefers-color-scheme:\s*dark\)\s*\{\s*[^{]*\{([^}]*)\}", text)
    by_member = re.search(r"""(?<!not\()\[data-theme=["']?dark["']?\]\s*\{([^}]*)\}""", text)
    assert by_phone, "no dark block for the phone's setting"
    assert by_member, "no dark block for the member's setting"
    assert "--paper" in tokens(by_phone[1])
    assert tokens(by_phone[1]) == tokens(by_member[1])


def test_the_style_sheets_every_page_loads_stay_small() -> None:
    assert sum((CSS / name).stat().st_size for name in ("tokens.css", "components.css")) < 20_000


@pytest.mark.parametrize("file", SHEETS, ids=lambda file: file.name)
def test_no_style_sheet_reaches_out_of_our_origin(file: Path) -> None:
    assert not re.search(r"@import|url\(\s*['\"]?(?:https?:)?//", without_comments(file))


@pytest.mark.parametrize(
    "file", [file for file in SHEETS if file.name != "tokens.css"], ids=lambda file: file.name
)
def test_raw_colours_are_in_the_tokens_only(file: Path) -> None:
    # A dialog's backdrop can't read tokens in the browsers of before 2024.
    text = re.sub(r"dialog::backdrop \{[^}]*\}", "", without_comments(file))
    assert not re.findall(r"(?<![\w-])#[0-9a-fA-F]{3,8}\b|\b(?:rgb|hsl|oklch)a?\(", text)


def test_there_is_one_breakpoint() -> None:
    widths = re.findall(r"\((?:min|max)-width:\s*([\d.]+\w+)\)", "".join(map(without_comments, SHEETS)))
    assert set(widths) == {"60rem", "59.99rem"}

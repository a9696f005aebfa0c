"""The house's own colours and logo: what can't be read is refused, what is shown can't carry anything else."""

from __future__ import annotations

import re
import struct
import zlib
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from community.house import access, actions, colours, png
from community.house.colours import DAY, NIGHT, Light
from community.house.models import House

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CSS = Path(__file__).parents[2] / "community" / "static" / "css"
COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def picture(width: int = 48, height: int = 40, *more: tuple[bytes, bytes], after: bytes = b"") -> bytes:
    """A PNG in one colour, with further chunks before its pixels, and what stands after its end."""

    def chunk(kind: bytes, part: bytes) -> bytes:
        return struct.pack(">I", len(part)) + kind + part + struct.pack(">I", zlib.crc32(kind + part))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress((b"\0" + b"\x1d\x5c\x56" * width) * height)
    chunks = [(b"IHDR", header), *more, (b"IDAT", pixels), (b"IEND", b"")]
    return png.SIGNATURE + b"".join(chunk(*part) for part in chunks) + after


# --- colours -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48), ("#1d5c56", "#fbfaf6", 7.4)],
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert colours.contrast(one, other) == pytest.approx(ratio, abs=0.05)
    assert colours.contrast(other, one) == colours.contrast(one, other)


@pytest.mark.parametrize(
    ("light", "begins"), [(DAY, "  :root {"), (NIGHT, '    :root:not([data-theme="light"]) {')]
)
def test_the_grounds_are_those_of_the_style_sheet(light: Light, begins: str) -> None:
    block = (CSS / "tokens.css").read_text().split(begins, 1)[1].split("}", 1)[0]
    tokens = dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{3,6})\b", block))
    whole = {
        name: value if len(value) == 7 else "#" + "".join(c * 2 for c in value[1:])
        for name, value in tokens.items()
    }
    assert {name: whole[name] for name in light.tokens} == light.tokens


@pytest.mark.parametrize("light", [DAY, NIGHT])
def test_the_shipped_colours_pass_by_the_same_rule(light: Light) -> None:
    assert colours.complaint(light.tokens["door"], light) == ""


def test_a_colour_that_is_hard_to_read_is_refused_with_its_contrast_and_one_that_will_do() -> None:
    why = colours.complaint("#6fa8dc", DAY)
    ratio, better = re.findall(r"contrast is ([\d.]+) to 1.* such as (#[0-9a-f]{6})\.", why)[0]
    assert float(ratio) < 4.5
    assert "must be 4.5 to 1" in why
    assert colours.complaint(better, DAY) == ""
    assert "lighter" in colours.complaint("#1d5c56", NIGHT)


@given(COLOURS)
def test_whatever_is_proposed_instead_can_be_read(colour: str) -> None:
    for light in (DAY, NIGHT):
        found = colours.nearest(colour, light)
        assert colours.complaint(found, light) == ""
        if colours.complaint(colour, light) == "":
            assert found == colour
            set_by = colours.set_by(colour, light)
            assert colours.contrast(set_by["fill"], set_by["fill-on"]) >= 4.5
            assert colours.contrast(set_by["door"], set_by["door-wash"]) >= 4.5


@pytest.mark.django_db
def test_no_way_of_setting_them_passes_by_the_check() -> None:
    with pytest.raises(ValidationError) as refused:
        actions.change_house(changes={"door_light": "#eeeeee", "door_dark": "#111111"}, by_id=None, at=NOW)
    assert set(refused.value.message_dict) == {"door_light", "door_dark"}
    actions.change_house(changes={"door_light": "#0b4f8a", "door_dark": "#a9d0f5"}, by_id=None, at=NOW)
    assert House.objects.get().door_dark == "#a9d0f5"


# --- the style sheet -----------------------------------------------------------------------------------------------


def test_without_colours_no_page_asks_for_a_sheet() -> None:
    assert "theme.css" not in Client().get("/accounts/login/").text
    assert Client().get("/house/theme.css").status_code == HTTPStatus.NOT_FOUND


def test_with_colours_every_page_asks_for_the_sheet_by_its_version() -> None:
    access.remember(House(door_light="#0b4f8a", door_dark="#a9d0f5"), seconds=float("inf"))
    for path in ("/accounts/login/", "/help/", "/nowhere/"):
        [address] = re.findall(
            r'<link rel="stylesheet" href="(/house/theme\.css\?v=\w+)">', Client().get(path).text
        )
    sheet = Client().get(address)
    assert "immutable" in sheet["Cache-Control"]
    assert sheet["Content-Type"].startswith("text/css")
    assert sheet.text.startswith("@layer tokens{:root{--door:#0b4f8a;")
    assert ':root[data-theme="dark"]{--door:#a9d0f5;' in sheet.text
    again = Client().get(address, headers={"If-None-Match": sheet["ETag"]})
    assert again.status_code == HTTPStatus.NOT_MODIFIED
    old = Client().get("/house/theme.css?v=old")
    assert old["Cache-Control"] == "no-cache"
    access.remember(House(door_light="#7a1f5c"), seconds=float("inf"))
    assert address not in Client().get("/help/").text
    assert Client().get(address, headers={"If-None-Match": sheet["ETag"]}).status_code == HTTPStatus.OK


# --- the logo ------------------------------------------------------------------------------------------------------


def test_a_png_is_kept_without_what_nobody_sees_in_it() -> None:
    secret = b"taken at 46.78 N 92.10 W"
    said = picture(48, 40, (b"tEXt", b"Comment\0" + secret), (b"eXIf", secret), after=b"<script>" + secret)
    kept = png.plain(said)
    assert kept == picture(48, 40)
    assert secret not in kept
    assert png.plain(kept) == kept


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "not a PNG"),
        (b"GIF89a" + b"\0" * 40, "not a PNG"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 40, "not a PNG"),
        (b"", "not a PNG"),
        (picture(2000, 40), "2000 by 40"),
        (picture(8, 8), "8 by 8"),
        (picture()[:-20], "cut off"),
        (picture()[:60] + b"\0" + picture()[61:], "cut off"),
        (picture(48, 40, (b"ABCD", b"who knows")), "something that a PNG doesn’t"),
        (picture(48, 40, (b"tEXt", b"x" * 70_000)), "68 kB"),
    ],
)
def test_anything_else_is_refused_in_words(data: bytes, complaint: str) -> None:
    with pytest.raises(png.NotAPicture, match=complaint):
        png.plain(data)


def test_a_picture_that_unpacks_to_more_than_it_says_is_refused() -> None:
    small = picture(48, 40)
    bomb = zlib.compress(b"\0" * 20_000_000, 9)
    at = small.index(b"IDAT") - 4
    chunk = struct.pack(">I", len(bomb)) + b"IDAT" + bomb + struct.pack(">I", zlib.crc32(b"IDAT" + bomb))
    with pytest.raises(png.NotAPicture, match="damaged"):
        png.plain(small[:at] + chunk + small[small.index(b"IEND") - 4 :])


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(tail: bytes) -> None:
    for data in (png.SIGNATURE + tail, picture()[:33] + tail):
        with pytest.raises(png.NotAPicture):
            png.plain(data)


def test_the_logo_stands_for_the_lamp_and_is_served_as_a_picture_only() -> None:
    assert Client().get("/house/logo").status_code == HTTPStatus.NOT_FOUND
    access.remember(House(logo=picture(), logo_type="image/png"), seconds=float("inf"))
    page = Client().get("/accounts/login/").text
    [address] = re.findall(r'<img src="(/house/logo\?v=\w+)" width="28" height="28" alt="">', page)
    served = Client().get(address)
    assert served.content == picture()
    assert served["Content-Type"] == "image/png"
    assert served["X-Content-Type-Options"] == "nosniff"
    assert served["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "immutable" in served["Cache-Control"]
    assert ".mark img" in Client().get("/house/theme.css").text

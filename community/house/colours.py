"""A house's own colours: whether they can be read, and the tokens that follow from them. Pure.

Contrast is that of WCAG 2.2: (L1 + 0.05) / (L2 + 0.05) of the relative luminances, 1 to 21.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

TEXT_RATIO = 4.5
WASH = 0.12  # how much of the colour is in the pale ground behind a chosen word
WHITE, BLACK = "#ffffff", "#000000"
STEPS = 50


@dataclass(frozen=True, slots=True)
class Light:
    """The shipped tokens of a theme, as tokens.css has them; words in the house's colour stand on `grounds`."""

    name: str
    away: str  # what a colour is mixed with until it stands out
    tokens: Mapping[str, str]

    @property
    def grounds(self) -> list[str]:
        return [self.tokens[name] for name in ("paper", "leaf", "raised", "lamp-wash", "care-wash")]


DAY = Light(
    "by day",
    BLACK,
    {
        "paper": "#fbfaf6", "leaf": "#f1efe8", "raised": "#ffffff", "lamp-wash": "#fcecc4", "care-wash": "#f8e4df",
        "ink": "#1d282f", "ink-2": "#47535a", "rule": "#dcd8cd", "edge": "#7b8588",
        "door": "#1d5c56", "fill": "#1d5c56", "fill-on": "#ffffff", "door-wash": "#e1ece8",
    },
)  # fmt: skip
NIGHT = Light(
    "at night",
    WHITE,
    {
        "paper": "#15191d", "leaf": "#1d2328", "raised": "#22292e", "lamp-wash": "#3a2c11", "care-wash": "#3a2420",
        "ink": "#ece7dc", "ink-2": "#bfc1bc", "rule": "#31393e", "edge": "#7b868b",
        "door": "#9ccdb8", "fill": "#2a665c", "fill-on": "#ffffff", "door-wash": "#1f3731",
    },
)  # fmt: skip


def luminance(colour: str) -> float:
    """0 (black) to 1 (white) of a colour such as `#2f5d50`."""

    def linear(part: str) -> float:
        value = int(part, 16) / 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(colour[at : at + 2]) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def mix(colour: str, other: str, share: float) -> str:
    """`share` of the other colour in the first, in sRGB."""
    pairs = ((int(colour[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(one + (two - one) * share):02x}" for one, two in pairs)


def wash(colour: str, light: Light) -> str:
    return mix(light.tokens["paper"], colour, WASH)


def weakest(colour: str, light: Light) -> float:
    """The least contrast that the colour has as text on any ground; by day also that of white words on a button of it.

    Where text can be read, an edge (3 to 1) stands out too.
    """
    ratios = [contrast(colour, ground) for ground in [*light.grounds, wash(colour, light)]]
    return min(ratios)


def nearest(colour: str, light: Light) -> str:
    """The same colour, darker (at night lighter) by no more than it takes to be read."""
    for step in range(STEPS + 1):
        found = mix(colour, light.away, step / STEPS)
        if weakest(found, light) >= TEXT_RATIO:
            return found
    return light.away


def complaint(colour: str, light: Light) -> str:
    """Why the colour can't be taken, naming its contrast and one that will do; empty when it can be read."""
    least = weakest(colour, light)
    if least >= TEXT_RATIO:
        return ""
    way = "darker" if light is DAY else "lighter"
    return (
        f"Words in this colour would be hard to read {light.name}: their contrast is {hundredths(least)} to 1, "
        f"and it must be {TEXT_RATIO} to 1. Take a {way} one, such as {nearest(colour, light)}."
    )


def hundredths(ratio: float) -> str:
    """Cut, not rounded: 4.4996 is not 4.5."""
    return f"{int(ratio * 100) / 100:.2f}"


def button_at_night(colour: str) -> str:
    """Dark enough for white words, so that the lamp stays the brightest thing on the page."""
    shares = (step / STEPS for step in range(STEPS + 1))
    return next(found for share in shares if contrast(found := mix(colour, BLACK, share), WHITE) >= 6)


LOGO = "@layer components{.mark img{align-self:center;object-fit:contain}}"


def set_by(colour: str, light: Light) -> dict[str, str]:
    """The tokens that follow from a house's colour; none while it has none."""
    if not colour:
        return {}
    fill = colour if light is DAY else button_at_night(colour)
    return {"door": colour, "fill": fill, "fill-on": WHITE, "door-wash": wash(colour, light)}


def declared(tokens: Mapping[str, str]) -> str:
    return ";".join(f"--{name}:{value}" for name, value in tokens.items())


def sheet(day: str, night: str, *, logo: bool) -> str:
    """The style sheet that sets these colours over tokens.css, and makes room for a logo; empty when none is set."""
    parts = []
    if day:
        parts.append(f":root{{{declared(set_by(day, DAY))}}}")
    if night:
        at_night = declared(set_by(night, NIGHT))
        parts.append(
            f'@media (prefers-color-scheme:dark){{:root:not([data-theme="light"]){{{at_night}}}}}'
            f':root[data-theme="dark"]{{{at_night}}}'
        )
    tokens = f"@layer tokens{{{''.join(parts)}}}" if parts else ""
    return tokens + (LOGO if logo else "")


def samples(day: str, night: str) -> str:
    """A style sheet for showing both themes on one page, whatever the reader's own."""
    return "".join(
        f"{selector}{{{declared({**light.tokens, **set_by(colour, light)})}}}"
        for selector, colour, light in ((".by-day", day, DAY), (".at-night", night, NIGHT))
    )


def version(sheet: str) -> str:
    """Changes when the sheet does; empty when there is none."""
    return hashlib.sha256(sheet.encode()).hexdigest()[:12] if sheet else ""

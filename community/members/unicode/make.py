"""`python -m community.members.unicode.make`: derive the two tables anew from the ICU library of this machine.

Confusables: what UTS #39's skeleton makes of each letter, mark and digit that is left after NFKC, case folding and NFD,
taken to its fixed point. Scripts: each code point's script extensions (UAX #24). See docs/decisions/0014-handles.md.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import re
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
LEGAL = "© Unicode, Inc., see LICENSE-unicode.txt. Made from ICU {icu} by `python -m community.members.unicode.make`."
NAMED = re.compile(r"[LMN]")
# Read alike in most typefaces, and folded into each other by case: I l 1 |, O 0.
ALIKE = {"l": "i", "1": "i", "|": "i", "0": "o"}


class Icu:
    """The three functions of ICU that are needed; their names end in the library's version."""

    def __init__(self) -> None:
        name = ctypes.util.find_library("icui18n")
        if name is None:
            raise SystemExit("ICU is missing. Install it with: apt-get install libicu-dev")
        self.version = name.rsplit(".", 1)[-1]
        self.spoof, self.common = ctypes.CDLL(name), ctypes.CDLL(name.replace("i18n", "uc"))
        opened = getattr(self.spoof, f"uspoof_open_{self.version}")
        opened.restype = ctypes.c_void_p
        self.checker = ctypes.c_void_p(opened(ctypes.byref(ctypes.c_int(0))))

    def call(self, library: Any, name: str, *arguments: Any) -> int:
        error = ctypes.c_int(0)
        found: int = getattr(library, f"{name}_{self.version}")(*arguments, ctypes.byref(error))
        if error.value > 0:
            raise SystemExit(f"ICU: {name} failed with {error.value}")
        return found

    def skeleton(self, text: str) -> str:
        raw, room = text.encode(), ctypes.create_string_buffer(512)
        size = self.call(
            self.spoof,
            "uspoof_getSkeletonUTF8",
            self.checker,
            ctypes.c_uint32(0),
            raw,
            len(raw),
            room,
            len(room),
        )
        return room.raw[:size].decode()

    def scripts(self, code: int) -> tuple[str, ...]:
        room = (ctypes.c_int * 64)()
        size = self.call(self.common, "uscript_getScriptExtensions", ctypes.c_int32(code), room, len(room))
        named = getattr(self.common, f"uscript_getShortName_{self.version}")
        named.restype = ctypes.c_char_p
        return tuple(sorted(named(room[index]).decode() for index in range(size)))


def characters() -> Iterator[str]:
    for code in range(sys.maxunicode + 1):
        if not 0xD800 <= code <= 0xDFFF and NAMED.match(unicodedata.category(chr(code))):
            yield chr(code)


def folded(text: str) -> str:
    return unicodedata.normalize("NFD", text.casefold())


def fixed(text: str, table: dict[str, str]) -> str:
    """The table applied until nothing changes. Raises SystemExit if that never ends."""
    for _ in range(12):
        after = folded("".join(table.get(char, char) for char in folded(text)))
        if after == text:
            return text
        text = after
    raise SystemExit(f"no end with {text!r}")


def small_capitals() -> dict[str, str]:
    """ᴀ, ʙ and their kin, which ICU keeps apart from the letters they are."""
    found = {}
    for char in characters():
        name = unicodedata.name(char, "")
        if name.startswith("LATIN LETTER SMALL CAPITAL ") and len(name.split()[-1]) == 1:
            found[char] = name[-1].casefold()
    return found


def confusables(icu: Icu) -> dict[str, str]:
    plain = {char: icu.skeleton(char) for char in characters() if unicodedata.normalize("NFD", char) == char}
    table = {char: to for char, to in plain.items() if to != char} | ALIKE | small_capitals()
    # A capital that reads like a Latin letter takes its small letter along, or В and в would be two.
    for char in sorted(plain):
        small = fixed(char.casefold(), table)
        looks = fixed(plain[char], table)
        if (
            char != char.casefold()
            and small != looks
            and looks.isascii()
            and looks.isalnum()
            and len(small) == 1
            and not small.isascii()
        ):
            table.setdefault(small, looks)
    kept = {char for char in plain if unicodedata.normalize("NFKC", char).casefold() == char} | set(ALIKE)
    return {char: to for char in sorted(kept) if (to := fixed(char, table)) != char}


def ranges(icu: Icu) -> Iterator[tuple[int, int, str]]:
    first, last, now = 0, -1, ""
    for char in characters():
        code, scripts = ord(char), " ".join(icu.scripts(ord(char)))
        if scripts == now and code == last + 1:
            last = code
            continue
        if now:
            yield first, last, now
        first, last, now = code, code, scripts
    yield first, last, now


def main() -> None:
    icu = Icu()
    legal = f"# {LEGAL.format(icu=icu.version)}\n"
    lines = [
        f"{ord(char):04X} {' '.join(f'{ord(one):04X}' for one in to)}\n"
        for char, to in confusables(icu).items()
    ]
    (FOLDER / "confusables.txt").write_text(legal + "".join(lines), encoding="utf-8")
    lines = [f"{first:04X} {last:04X} {scripts}\n" for first, last, scripts in ranges(icu)]
    (FOLDER / "scripts.txt").write_text(legal + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()

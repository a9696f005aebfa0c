"""Taking a picture from a steward: a small PNG, walked through part by part, and kept without what nobody sees in it.

PNG (W3C Recommendation, third edition): a signature, then chunks of length, type, data, and a CRC of type and data.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
BYTES_MAX = 64 * 1024
SIDE_MIN, SIDE_MAX = 32, 1024
KEPT = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


class NotAPicture(ValueError):
    """Why it can't be taken, for the one who sent it."""


def plain(data: bytes) -> bytes:
    """The picture with nothing but its shape and colours: no place, no comment, nothing after its end.

    Raises NotAPicture.
    """
    if len(data) > BYTES_MAX:
        raise NotAPicture(f"The file has {len(data) // 1024} kB. A logo may have {BYTES_MAX // 1024} kB.")
    if not data.startswith(SIGNATURE):
        raise NotAPicture("This is not a PNG. Save the logo as PNG, and try again.")
    parts = list(_chunks(data))
    if not parts or parts[0][0] != b"IHDR" or parts[-1][0] != b"IEND" or len(parts[0][1]) != 13:
        raise NotAPicture("The file is cut off or damaged. Save it anew, and try again.")
    if any(kind[0] < ord("a") and kind not in KEPT for kind, _ in parts):
        raise NotAPicture("The file holds something that a PNG doesn’t. Save it anew, and try again.")
    _require_pixels(parts[0][1], b"".join(part for kind, part in parts if kind == b"IDAT"))
    return SIGNATURE + b"".join(_written(kind, part) for kind, part in parts if kind in KEPT)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, part = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        said = data[at + 8 + length : at + 12 + length]
        if len(said) < 4 or not kind.isalpha() or struct.unpack(">I", said)[0] != zlib.crc32(kind + part):
            raise NotAPicture("The file is cut off or damaged. Save it anew, and try again.")
        yield kind, part
        if kind == b"IEND":
            return
        at += 12 + length


def _require_pixels(header: bytes, packed: bytes) -> None:
    width, height, depth, colours, method, filtering, interlaced = struct.unpack(">IIBBBBB", header)
    if not (SIDE_MIN <= width <= SIDE_MAX and SIDE_MIN <= height <= SIDE_MAX):
        raise NotAPicture(
            f"The logo is {width} by {height} pixels. Each side may have {SIDE_MIN} to {SIDE_MAX}."
        )
    if (
        colours not in CHANNELS
        or depth not in {1, 2, 4, 8, 16}
        or method
        or filtering
        or interlaced not in {0, 1}
    ):
        raise NotAPicture("This kind of PNG can’t be shown everywhere. Save it anew, and try again.")
    row = (width * CHANNELS[colours] * depth + 7) // 8 + 1
    # An interlaced picture needs a little more: a byte a row in each of its seven passes.
    most = height * row + 14 * (height + width)
    unpacking = zlib.decompressobj()
    try:
        found = len(unpacking.decompress(packed, most + 1))
    except zlib.error:
        found = 0
    if not unpacking.eof or not (height * row if not interlaced else 1) <= found <= most:
        raise NotAPicture("The file is cut off or damaged. Save it anew, and try again.")


def _written(kind: bytes, part: bytes) -> bytes:
    return struct.pack(">I", len(part)) + kind + part + struct.pack(">I", zlib.crc32(kind + part))

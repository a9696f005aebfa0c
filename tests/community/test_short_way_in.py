"""Frames taken without autobahn: only whole, masked text frames, in order; everything else is left to it untouched."""

from __future__ import annotations

import pytest

from community.live.pipes import OPEN, short_way_in

MASK = b"\x11\x22\x33\x44"


class Protocol:
    """What the short way knows of autobahn's protocol."""

    def __init__(self) -> None:
        self.state = OPEN
        self.data = b""
        self.current_frame: object | None = None
        self.inside_message = False
        self.taken: list[bytes] = []
        self.left: list[bytes] = []

    def onMessage(self, payload: bytes, is_binary: bool) -> None:  # noqa: N802
        assert not is_binary
        self.taken.append(payload)

    def _dataReceived(self, data: bytes) -> None:  # noqa: N802
        self.left.append(data)


def frame(text: bytes, *, first: int = 0x81, masked: bool = True) -> bytes:
    size = len(text)
    bit = 0x80 if masked else 0
    if size < 126:
        head = bytes((first, bit | size))
    elif size < 65536:
        head = bytes((first, bit | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, bit | 127)) + size.to_bytes(8, "big")
    if not masked:
        return head + text
    return head + MASK + bytes(byte ^ MASK[place % 4] for place, byte in enumerate(text))


@pytest.fixture
def protocol() -> Protocol:
    return Protocol()


@pytest.mark.parametrize("size", [0, 1, 3, 4, 5, 125, 126, 127, 16_384, 65_535])
def test_a_whole_text_frame_is_taken(protocol: Protocol, size: int) -> None:
    text = (b"kettle on " * 7000)[:size]
    short_way_in(protocol)(frame(text))
    assert (protocol.taken, protocol.left) == ([text], [])


def test_several_frames_at_once_are_taken_in_order(protocol: Protocol) -> None:
    words = [b"one", "d’ay".encode(), b"at a time" * 30]
    short_way_in(protocol)(b"".join(map(frame, words)))
    assert (protocol.taken, protocol.left) == (words, [])


def test_what_comes_in_parts_is_left_from_its_beginning(protocol: Protocol) -> None:
    cut = frame(b"the second")
    for length in range(1, len(cut)):
        protocol.taken, protocol.left = [], []
        short_way_in(protocol)(frame(b"the first") + cut[:length])
        assert (protocol.taken, protocol.left) == ([b"the first"], [cut[:length]])


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(frame(b"part", first=0x01), id="a fragment"),
        pytest.param(frame(b"rest", first=0x80), id="a continuation"),
        pytest.param(frame(b"\x00", first=0x82), id="binary"),
        pytest.param(frame(b"\x03\xe8", first=0x88), id="close"),
        pytest.param(frame(b"there?", first=0x89), id="ping"),
        pytest.param(frame(b"here", first=0x8A), id="pong"),
        pytest.param(frame(b"reserved", first=0xC1), id="a reserved bit"),
        pytest.param(frame(b"in clear", masked=False), id="not masked"),
        pytest.param(frame(b"\xff\xfe"), id="not UTF-8"),
        pytest.param(b"\x81\xfe\x00\x05" + MASK + b"12345", id="a length written too long"),
        pytest.param(frame(b"x" * 65_536), id="longer than 64 KiB"),
    ],
)
def test_anything_else_is_left_untouched_with_all_that_follows(protocol: Protocol, other: bytes) -> None:
    after = frame(b"after")
    short_way_in(protocol)(frame(b"before") + other + after)
    assert (protocol.taken, protocol.left) == ([b"before"], [other + after])


@pytest.mark.parametrize(
    ("name", "value"),
    [("state", 1), ("data", b"\x81"), ("current_frame", object()), ("inside_message", True)],
)
def test_while_autobahn_is_busy_with_something_all_goes_to_it(
    protocol: Protocol, name: str, value: object
) -> None:
    setattr(protocol, name, value)
    short_way_in(protocol)(frame(b"wait for it"))
    assert (protocol.taken, protocol.left) == ([], [frame(b"wait for it")])

"""What people write, made safe: only paragraphs, breaks and honest links come out, whatever goes in."""

from __future__ import annotations

from html.parser import HTMLParser

import nh3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from community.text import LINKS_MAX, REL, TooManyLinks, render_room_text, safe_href, tidy


def links(html: str) -> list[str]:
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag in {"p", "br", "a"}, html
            assert all(name in {"href", "rel"} for name, _ in attrs), html
            if tag == "a":
                assert dict(attrs)["rel"] == REL
                found.append(dict(attrs)["href"] or "")

    Reader(convert_charrefs=True).feed(html)
    return found


def words(html: str) -> str:
    """What a reader sees: text, with a line end for each break and paragraph."""
    seen: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag == "br":
                seen.append("\n")

        def handle_endtag(self, tag: str) -> None:
            if tag == "p":
                seen.append("\n\n")

        def handle_data(self, data: str) -> None:
            seen.append(data)

    Reader(convert_charrefs=True).feed(html)
    return "".join(seen).removesuffix("\n\n")


# --- what it should do -------------------------------------------------------------------------------------------


def test_empty_lines_make_paragraphs_and_line_ends_make_breaks() -> None:
    assert render_room_text("One\ntwo\n\nthree") == "<p>One<br>two</p><p>three</p>"


def test_an_explicit_address_becomes_a_link_without_the_point_after_it() -> None:
    html = render_room_text("See https://example.org/a?b=1&c=2, or HTTP://Example.org.")
    assert links(html) == ["https://example.org/a?b=1&c=2", "HTTP://Example.org"]
    assert words(html) == "See https://example.org/a?b=1&c=2, or HTTP://Example.org."


@pytest.mark.parametrize(
    "text",
    [
        "example.org",
        "www.example.org",
        "ftp://example.org",
        "wren@example.org",
        "mailto:wren@example.org",
        "//x.org",
    ],
)
def test_what_is_no_explicit_address_stays_words(text: str) -> None:
    assert links(render_room_text("https://example.org")) == ["https://example.org"]
    assert links(render_room_text(text)) == []
    assert words(render_room_text(text)) == text


def test_thirty_links_are_the_most() -> None:
    assert len(links(render_room_text(" ".join(["https://a.example"] * LINKS_MAX)))) == LINKS_MAX
    with pytest.raises(TooManyLinks):
        render_room_text(" ".join(["https://a.example"] * (LINKS_MAX + 1)))


def test_tidying_takes_control_characters_and_outer_space_and_heaps_of_empty_lines() -> None:
    assert tidy("  a\r\nb\rc\n\n\n\n\nd\x00\x07\x1b[31m\u2028\t ") == "a\nb\nc\n\nd[31m"


# --- what it must never do ---------------------------------------------------------------------------------------

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1) https://example.org",
    "data:text/html,<script>alert(1)</script>",
    'https://example.org/"onmouseover="alert(1)',
    "https://example.org/'onmouseover='alert(1)",
    "https://example.org/<script>alert(1)</script>",
    "https://example.org/`onmouseover=alert(1)",
    "https://user:pass@example.org/ and https://good.example@evil.example/",
    "https://[::1",
    "https://",
    "http:///etc/passwd",
    "https://example.org\\@evil.example",
    "https://exa\u202emple.org/",
    "&lt;script&gt; &#60;b&#62; &amp;",
    "<p></p></p><br/><!-- x --><![CDATA[x]]>",
    "https://example.org/?q=<b>&amp;x=1;",
    "<style>*{display:none}</style> https://example.org",
    "\u0001java\u0000script:alert(1)",
    "https://javascript:alert(1)",
    "https://example.org:99999999/",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_come_out_as_words(text: str) -> None:
    html = render_room_text(text)
    for href in links(html):
        assert safe_href(href)
        assert href.lower().startswith(("http://", "https://"))
    assert words(html) == text


@pytest.mark.parametrize(
    ("href", "safe"),
    [
        ("https://example.org", True),
        ("http://example.org:8000/a#b", True),
        ("/sessions/", True),
        ("#m5", True),
        ("//evil.example", False),
        ("/\\evil.example", False),
        ("javascript:1", False),
        ("tel:0900123", False),
        ("data:text/html,x", False),
        ("mailto:wren@example.org", False),
        ("https://", False),
        ("https:///x", False),
        ("https://a@b.example", False),
        ("https://[", False),
        ("https://[::1]/", False),
        ("https://127.0.0.1/", False),
        ("https://2130706433/", False),
        ("https://xn--mnchen-3ya.example/", True),
        ("https://münchen.example/", False),
        ("https://\u0430pple.example/", False),
        ("https://example.org:65535/", True),
        ("https://example.org:65536/", False),
        ("https://example.org:x/", False),
        ("https://evil.example\\.good.example/", False),
        ("https://exa\u202emple.org/", False),
        ("https://%65xample.org/", False),
        ("ftp://example.org", False),
        ("", False),
        ("sessions", False),
    ],
)
def test_an_href_is_a_place_here_or_an_honest_web_address(href: str, safe: bool) -> None:
    assert safe_href(href) is safe


def by_nh3(html: str) -> str:
    allowed = {"a": {"href", "rel"}}
    cleaned = nh3.clean(
        html, tags={"p", "br", "a"}, attributes=allowed, url_schemes={"http", "https"}, link_rel=None
    )
    # The same space, spelt in another way.
    return cleaned.replace("&nbsp;", "\u00a0")


pieces = st.sampled_from(
    [
        *HOSTILE,
        "https://example.org/a?b=c&d=e",
        "\n",
        "\n\n",
        " ",
        "<",
        ">",
        "&",
        '"',
        "'",
        "http://x.example",
        "https://",
        "é",
        ".",
        ":",
        "/",
        "\\",
        "%41",
        "[",
        "@",
        "127.1",
    ]
)
texts = st.lists(pieces | st.text(max_size=8), max_size=10).map("".join).map(tidy)


@given(texts)
@settings(max_examples=300)
def test_a_second_sanitiser_finds_nothing_to_change(text: str) -> None:
    html = render_room_text(text)
    assert by_nh3(html) == html


@given(texts)
@settings(max_examples=200)
def test_nothing_that_was_written_is_lost_or_added(text: str) -> None:
    html = render_room_text(text)
    links(html)
    assert words(html).replace("\n", "") == text.replace("\n", "")

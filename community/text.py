"""What people write, made safe to show; the only place that knows the sanitiser."""

from __future__ import annotations

import html
import re
from urllib.parse import urlsplit

from bleach.sanitizer import Cleaner
from markdown_it import MarkdownIt

LINK = re.compile(r"https?://[^\s<>\"'`]+", re.IGNORECASE)
# A name in ASCII (others have their xn-- form), so that no reader sees another host than the one they would reach.
HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)*[a-z](?:[a-z0-9-]*[a-z0-9])?\.?")
TRAILING = ".,;:!?)]}’”"
LINKS_MAX = 30
REL = "nofollow ugc noopener noreferrer"
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029]")
BREAKS = re.compile(r"\n{3,}")


class TooManyLinks(ValueError):
    """More than 30 links in one text."""


class TooLong(ValueError):
    """More characters than a page may have."""


def safe_href(href: str) -> bool:
    """`#…`, a path with one leading slash, or http(s) with a host's name, a port that is one, and without `@`."""
    if href.startswith("#") or (href.startswith("/") and not href.startswith(("//", "/\\"))):
        return True
    try:
        parts = urlsplit(href)
        _ = parts.port  # raises when it is none
        named = HOST.fullmatch(parts.hostname or "") is not None
        return parts.scheme in {"http", "https"} and named and "@" not in parts.netloc
    except ValueError:
        return False


def _attribute(tag: str, name: str, value: str) -> bool:
    return tag == "a" and ((name == "href" and safe_href(value)) or (name == "rel" and value == REL))


_room_cleaner = Cleaner(tags={"p", "br", "a"}, attributes=_attribute, protocols={"http", "https"})

PAGE_TAGS = {
    "p", "br", "em", "strong", "s", "blockquote", "code", "pre", "ul", "ol", "li", "a", "h3", "h4", "hr",
}  # fmt: skip
PAGE_MAX = 20_000
_page_cleaner = Cleaner(tags=PAGE_TAGS, attributes=_attribute, protocols={"http", "https"})
_markdown = MarkdownIt("commonmark", {"html": False}).disable("image").enable("strikethrough")


def tidy(text: str) -> str:
    """What a person wrote without control characters, outer blank space, or more than one empty line at a time."""
    return BREAKS.sub("\n\n", CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip())


def render_room_text(text: str) -> str:
    """A room message as HTML: paragraphs, line breaks, and explicit http(s) links. Raises TooManyLinks.

    Text without a link is only escaped, so it needs no sanitiser.
    """
    links = LINK.findall(text)
    if len(links) > LINKS_MAX:
        raise TooManyLinks
    body = "".join(
        f"<p>{_linked(paragraph) if links else _escaped(paragraph)}</p>" for paragraph in text.split("\n\n")
    )
    return _room_cleaner.clean(body) if links else body


def render_page(text: str) -> str:
    """A page that the house writes, in Markdown (CommonMark 0.31 without HTML and images): its top headings are h3.

    Raises TooLong beyond 20,000 characters, TooManyLinks.
    """
    if len(text) > PAGE_MAX:
        raise TooLong
    tokens = _markdown.parse(text)
    links = 0
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = "h3" if token.tag in {"h1", "h2", "h3"} else "h4"
        for part in token.children or ():
            if part.type == "link_open":
                links += 1
                part.attrSet("rel", REL)
    if links > LINKS_MAX:
        raise TooManyLinks
    return _page_cleaner.clean(_markdown.renderer.render(tokens, _markdown.options, {}))


def _escaped(text: str) -> str:
    return html.escape(text, quote=False).replace("\n", "<br>")


def _linked(text: str) -> str:
    parts, at = [], 0
    for match in LINK.finditer(text):
        link = match.group().rstrip(TRAILING)
        if not safe_href(link):
            continue
        parts.append(_escaped(text[at : match.start()]))
        parts.append(f'<a href="{html.escape(link)}" rel="{REL}">{html.escape(link)}</a>')
        at = match.start() + len(link)
    return "".join(parts) + _escaped(text[at:])

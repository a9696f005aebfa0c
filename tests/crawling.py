"""Walking through the whole place as somebody: every link, every address that can be made up, every form left empty."""

from __future__ import annotations

import html
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from django.core.cache import cache
from django.db import transaction
from django.http import Http404
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve

HERE = "http://testserver"
ADDRESS = re.compile(r"[\w.%+-]+@[\w-]+(?:\.[\w-]+)+")
NETWORK = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b|\b(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4}\b")
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>")
# How many addresses of one kind are looked at: the two-hundredth message's page is made like the first.
EACH = 4


def routes() -> dict[str, URLPattern]:
    """Every address that the place answers, as the resolver names it."""
    return dict(_below(get_resolver(), ""))


def _below(resolver: URLResolver, before: str) -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        own = str(pattern.pattern)
        route = before + (own.removeprefix("^") if before else own)  # as the resolver joins them
        if isinstance(pattern, URLResolver):
            yield from _below(pattern, route)
        else:
            yield route, pattern


def parameters(route: str) -> list[str]:
    return [plain or named for plain, named in PARAMETER.findall(route)]


def route_of(path: str) -> str | None:
    try:
        return str(resolve(path).route)
    except Http404:
        return None


class Links(HTMLParser):
    """What a page leads to, and where its forms go; forms that only ask are filled in with a letter."""

    FOLLOWED = {"a": "href", "link": "href", "img": "src", "script": "src"}

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.leads: list[str] = []
        self.posts: list[str] = []
        self.asked: dict[str, str] | None = None
        self.action = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag in self.FOLLOWED and has.get(self.FOLLOWED[tag]):
            self.leads.append(has[self.FOLLOWED[tag]])
        self.leads += [has[name] for name in ("hx-get", "data-href", "data-src") if has.get(name)]
        self.posts += [has[name] for name in ("hx-post", "formaction") if has.get(name)]
        if tag == "form":
            self.action = has.get("action", "")
            if has.get("method", "get").lower() == "post":
                self.posts.append(self.action)
            else:
                self.asked = {}
        elif self.asked is not None and tag in {"input", "select"} and has.get("name"):
            plain = tag == "input" and has.get("type", "text") in {"text", "search"}
            self.asked[has["name"]] = has.get("value") or ("a" if plain else "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self.asked is not None:
            self.leads.append(f"{self.action}?{urlencode(self.asked)}")
            self.asked = None


@dataclass
class Answer:
    """What came back for one request, readable, with its headers."""

    method: str
    address: str
    route: str | None
    status: int
    said: str

    def __str__(self) -> str:
        return f"{self.method} {self.address} ({self.status})"

    @property
    def title(self) -> str:
        found = re.search(r"<title>(.*?)</title>", self.said, re.DOTALL)
        return html.unescape(found[1]) if found else ""


@dataclass
class Crawl:
    """One person's way through everything. `answers` holds what they were shown; `seen` the routes that answered."""

    client: Client
    skipped: set[str]
    answers: list[Answer] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    counted: Counter[str] = field(default_factory=Counter)

    def walk(self, begin: Iterable[str], *, sends: bool) -> Crawl:
        """Go everywhere; with `sends` also leave every form empty."""
        waiting, known, posts = deque(begin), set[str](), dict[str, str]()
        while waiting:
            address = waiting.popleft()
            route = route_of(urlsplit(address).path)
            if address in known or route in self.skipped or self.counted[str(route)] >= EACH:
                continue
            known.add(address)
            self.counted[str(route)] += 1
            answer = self.ask("GET", address, route)
            links = Links(answer.said) if "<html" in answer.said else None
            for lead in links.leads if links else ():
                waiting.extend(self._ours(address, lead))
            for lead in [*(links.posts if links else ()), address]:
                for path in self._ours(address, lead):
                    posts.setdefault(str(route_of(urlsplit(path).path)), path)
        for route, path in posts.items() if sends else ():
            if route not in self.skipped:
                self.leave_empty(path, route)
        return self

    def _ours(self, page: str, lead: str) -> list[str]:
        parts = urlsplit(urljoin(HERE + page, html.unescape(lead)))
        ours = parts.netloc == urlsplit(HERE).netloc and not parts.path.startswith("/static/")
        return [parts.path + (f"?{parts.query}" if parts.query else "")] if ours else []

    def ask(self, method: str, address: str, route: str | None, **form: Any) -> Answer:
        send = self.client.get if method == "GET" else self.client.post
        response = send(address, **form)
        content = b"".join(response) if response.streaming else response.content
        headers = "\n".join(f"{name}: {value}" for name, value in response.items())
        cookies = response.cookies.output()
        said = f"{headers}\n{cookies}\n\n{html.unescape(content.decode(errors='replace'))}"
        answer = Answer(method, address, route, response.status_code, said)
        self.answers.append(answer)
        to_sign_in = response.status_code == 302 and "/accounts/login/?next" in response.get("Location", "")
        if route is not None and response.status_code not in {403, 404, 429, 500} and not to_sign_in:
            self.seen.add(route)
        return answer

    def leave_empty(self, path: str, route: str) -> None:
        """Send the form with nothing in it, look where that leads, and undo it."""
        kept = {name: morsel.value for name, morsel in self.client.cookies.items()}
        with transaction.atomic():
            answer = self.ask("POST", path, route)
            moved = re.search(r"^Location: (\S+)", answer.said, re.MULTILINE)
            for next_path in self._ours(path, moved[1]) if moved else ():
                self.ask("GET", next_path, route_of(urlsplit(next_path).path))
            transaction.set_rollback(True)
        self.client.cookies = SimpleCookie(kept)
        cache.clear()

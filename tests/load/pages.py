"""How long pages take beside a busy writer, against a house at rest. One process serves both, on one SQLite file."""

from __future__ import annotations

import http.client
import secrets
import threading
import time
from dataclasses import dataclass, field
from statistics import median

from tests.load.contenders import Ours, slug
from tests.load.generator import BenchFailed, measure
from tests.load.machine import CORES, OTHERS_LOAD, Moment
from tests.load.scenarios import PAGES_BESIDE_WRITER, Scenario

ROUNDS = 3
SECONDS = 2.0
QUIET_ROOM = 1
BUSY = Scenario("pages beside a writer", readers=20)


@dataclass
class Page:
    """Milliseconds of each request, at rest and beside the writer; `others`: what other programs took at rest."""

    name: str
    path: str
    at_rest: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    others: list[float] = field(default_factory=list)

    def ratio(self) -> float:
        return p99(self.busy) / p99(self.at_rest)


def p99(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.99)]


def fetch(server: Ours, page: Page, cookie: str, seconds: float) -> list[float]:
    """One request after the other over one connection; how long each took, in ms."""
    link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    took: list[float] = []
    end = time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        link.request("GET", page.path, headers={"Cookie": f"sessionid={cookie}"})
        answer = link.getresponse()
        answer.read()
        if answer.status != 200:
            raise BenchFailed(f"{page.path} answered {answer.status}")
        took.append((time.perf_counter() - began) * 1000)
    link.close()
    return took


def measure_pages(server: Ours) -> list[Page]:
    """Pages at rest and beside 20 readers at saturation, in turns."""
    cookie = server.cookies[-1]
    pages = [Page("/healthz", "/healthz"), Page("a room", f"/sessions/rooms/{slug(QUIET_ROOM)}/")]
    for page in pages:
        fetch(server, page, cookie, 0.5)
    for _ in range(ROUNDS):
        for page in pages:
            start, own = Moment.take(server.pids), time.process_time()
            page.at_rest += fetch(server, page, cookie, SECONDS)
            end = Moment.take(server.pids)
            known = end.server - start.server + time.process_time() - own
            page.others.append(
                max(0.0, end.everybody - start.everybody - known) / (end.at - start.at) / CORES
            )
        begun = threading.Event()
        load = threading.Thread(target=_load, args=(server, begun))
        load.start()
        if not begun.wait(60):
            raise BenchFailed("the load beside the pages did not begin")
        for page in pages:
            page.busy += fetch(server, page, cookie, SECONDS)
        load.join()
    return pages


def _load(server: Ours, begun: threading.Event) -> None:
    def note(mark: str) -> None:
        if mark == "begin":
            begun.set()

    measure(
        BUSY, kind=server.kind, port=server.port, lines=server.lines(1, BUSY.readers), pids=server.pids,
        seconds=SECONDS * 2 + 0.5, warmup=0.5, run=secrets.token_hex(4), on_mark=note,
    )  # fmt: skip


def pages_table(pages: list[Page]) -> list[str]:
    return [
        "| a page, ms | p50 at rest | p99 at rest | p50 beside a busy writer | p99 beside it | p99 ratio |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        *(
            f"| {page.name} | {median(page.at_rest):.1f} | {p99(page.at_rest):.1f} | {median(page.busy):.1f}"
            f" | {p99(page.busy):.1f} | {page.ratio():.1f} × |"
            for page in pages
        ),
    ]


def page_verdicts(pages: list[Page]) -> list[str]:
    return [
        f"{page.name} beside a busy writer: p99 ≤ {PAGES_BESIDE_WRITER:g} × that at rest: {page.ratio():.1f} ×, "
        f"{'met' if page.ratio() <= PAGES_BESIDE_WRITER else 'NOT met'}"
        + (
            f", but too noisy to tell (other programs took {median(page.others):.0%} of the machine)"
            if median(page.others) > OTHERS_LOAD
            else ""
        )
        for page in pages
    ]

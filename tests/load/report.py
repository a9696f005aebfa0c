"""The bench's words: medians, ratios, spreads, and whether the machine was quiet enough to believe them."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median

from tests.load.generator import Ceiling, Result
from tests.load.machine import CORES, OTHERS_LOAD
from tests.load.pages import Page, page_verdicts, pages_table
from tests.load.scenarios import TARGETS, Scenario, Target
from tests.load.standing import Standings, standing_table, standing_verdicts

RATIO_SPREAD = 0.30
GENERATOR_LOAD = 0.85


@dataclass
class Measured:
    """A scenario's rounds: a Result of each of its servers, by name."""

    scenario: Scenario
    rounds: list[dict[str, Result]] = field(default_factory=list)
    longest: float = 0.0
    wrong: list[str] = field(default_factory=list)

    @property
    def ours(self) -> str:
        return self.scenario.servers[0]

    def values(self, name: str, quantity: str) -> list[float]:
        return [getattr(results[name], quantity) for results in self.rounds]

    def ratio(self, quantity: str, against: str) -> float:
        """The median over the rounds of ours / theirs."""
        return median(self.ratios(quantity, against))

    def ratios(self, quantity: str, against: str) -> list[float]:
        pairs = zip(self.values(self.ours, quantity), self.values(against, quantity), strict=True)
        return [ours / (theirs or 1e-9) for ours, theirs in pairs]

    def spread(self, quantity: str, against: str) -> float:
        """How far the rounds' ratios lie apart: (most - least) / median, without the farthest one of five or more."""
        values, middle = self.ratios(quantity, against), self.ratio(quantity, against)
        if len(values) >= 5:
            values.remove(max(values, key=lambda value: abs(value - middle)))
        return (max(values) - min(values)) / middle

    def doubts(self, against: str) -> str:
        """Why this comparison can't be believed, or nothing."""
        found = []
        if self.spread("rate", against) > RATIO_SPREAD:
            found.append(f"the rounds' ratios lie {self.spread('rate', against):.0%} apart")
        pair = (self.ours, against)
        others = median(value for name in pair for value in self.values(name, "others_load"))
        if others > OTHERS_LOAD:
            found.append(f"other programs took {others:.0%} of the machine")
        busiest = max(median(self.values(name, "generator_load")) for name in pair)
        if busiest > GENERATOR_LOAD:
            found.append(f"the load generator was {busiest:.0%} busy, so a server may be faster than shown")
        return "; ".join(found)


def grouped(value: float) -> str:
    return f"{value:,.0f}"


COLUMNS: list[tuple[str, str, Callable[[float], str]]] = [
    ("rate", "deliveries/s", grouped),
    ("server_cpu", "CPU s / 100,000", lambda value: f"{value:.2f}"),
    ("p50", "p50 ms", lambda value: f"{value:.2f}"),
    ("p99", "p99 ms", lambda value: f"{value:.2f}"),
    ("batch", "events a frame", lambda value: f"{value:.1f}"),
    ("generator_load", "generator busy", lambda value: f"{value:.0%}"),
]


def row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def table(measured: list[Measured]) -> list[str]:
    lines = [
        row(["scenario", "server", *(title for _, title, _ in COLUMNS), "others busy"]),
        row(["---", "---", *("---:" for _ in COLUMNS), "---:"]),
    ]
    for one in measured:
        for name in one.scenario.servers:
            cells = [shown(median(one.values(name, field))) for field, _, shown in COLUMNS]
            others = f"{median(one.values(name, 'others_load')):.0%}"
            lines.append(row([one.scenario.name if name == one.ours else "", name, *cells, others]))
        for name in one.scenario.servers[1:]:
            ratios = [f"{one.ratio(field, name):.2f} ×" for field in ("rate", "server_cpu", "p50", "p99")]
            lines.append(row(["", f"**ours / {name}**", *(f"**{ratio}**" for ratio in ratios), "", "", ""]))
    return lines


def verdict(target: Target, measured: Measured) -> str:
    ratio = measured.ratio(target.quantity, target.against)
    words = {"rate": "deliveries/s", "server_cpu": "CPU a delivery", "p99": "p99"}[target.quantity]
    bound = f"{'≤' if target.at_most else '≥'} {target.bound:g} ×"
    answer = "met" if target.is_met(ratio) else "NOT met"
    if measured.doubts(target.against):
        answer = f"{answer}, but too noisy to tell"
    values = measured.ratios(target.quantity, target.against)
    return (
        f"{target.scenario}: {words} {bound} {target.against}: "
        f"{ratio:.2f} × ({min(values):.2f} to {max(values):.2f}), {answer}"
    )


def lost(measured: list[Measured]) -> list[str]:
    """What servers that promise nothing did not deliver."""
    told = []
    for one in measured:
        for name in one.scenario.servers:
            gone = sum(results[name].lost for results in one.rounds)
            if gone:
                told.append(f"- {one.scenario.name}: {name} lost {grouped(gone)} deliveries")
    return told


def machine() -> str:
    model = "unknown processor"
    try:
        with open("/proc/cpuinfo") as lines:
            model = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{CORES} cores ({model}), Linux {os.uname().release.split('-')[0]}, Python {platform.python_version()}"


def report(
    measured: list[Measured],
    *,
    standing: Standings | None,
    pages: list[Page],
    ceilings: list[Ceiling],
    sync: tuple[float, float],
    at: datetime | None = None,
) -> str:
    """The whole report in Markdown."""
    at = at or datetime.now(UTC)
    rounds = max(len(one.rounds) for one in measured)
    fewer = sorted({len(one.rounds) for one in measured} - {rounds})
    few = f" ({' or '.join(map(str, fewer))} where that is enough)" if fewer else ""
    lines = [
        f"{at:%Y-%m-%d %H:%M} UTC, {machine()}; medians of {rounds} interleaved rounds{few}.",
        f"A synced write of 4 KiB takes {sync[0] * 1e6:,.0f} µs on this disk (p99 {sync[1] * 1e6:,.0f} µs).",
        "",
        *table(measured),
        "",
    ]
    lines += [*standing_table(standing), ""] if standing else []
    lines += [*pages_table(pages), ""] if pages else []
    by_name = {one.scenario.name: one for one in measured}
    told = [verdict(target, by_name[target.scenario]) for target in TARGETS if target.scenario in by_name]
    told += standing_verdicts(standing) if standing else []
    told += page_verdicts(pages)
    lines += [
        "Targets; ratios are ours over the other (median of the rounds, and from the least to the most):",
        "",
    ]
    lines += [f"- {line}" for line in told] or ["- none for these scenarios"]
    lines += ["", "The load generator, fed ready-made frames by a C program on the same machine:", ""]
    lines += [
        f"- {c.per_frame} {'events' if c.per_frame > 1 else 'event'} a frame: takes {grouped(c.rate)} deliveries/s, "
        f"at {c.cpu:.3f} CPU s / 100,000 (a whole core would take {grouped(100_000 / c.cpu)}/s)"
        for c in ceilings
    ]
    doubts = [
        f"- {one.scenario.name}, {name}: {one.doubts(name)}"
        for one in measured
        for name in one.scenario.servers[1:]
        if one.doubts(name)
    ]
    lines += ["", "TOO NOISY TO TELL:" if doubts else "The machine was quiet enough to believe the ratios."]
    lines += ["", *doubts] if doubts else []
    gone = lost(measured)
    lines += ["", "Lost by servers that acknowledge nothing:", "", *gone] if gone else []
    wrong = [f"- {one.scenario.name}: {what}" for one in measured for what in one.wrong]
    right = (
        "Our readers saw every message once and in order; what was acknowledged is what the database holds."
    )
    lines += ["", "WRONG RESULTS:", "", *wrong] if wrong else ["", right]
    return "\n".join(lines)

"""The bench's words: medians, ratios, spreads, and whether the machine was quiet enough to believe them."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median

from tests.load.generator import Ceiling, Result
from tests.load.machine import CORES
from tests.load.scenarios import TARGETS, Scenario, Target

RATIO_SPREAD = 0.30
OTHERS_LOAD = 0.10
GENERATOR_LOAD = 0.85


@dataclass
class Measured:
    """A scenario's rounds: one Result of ours and one of bare each."""

    scenario: Scenario
    rounds: list[tuple[Result, Result]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def ratio(self, quantity: str) -> float:
        """The median over the rounds of ours / bare."""
        return median(self.ratios(quantity))

    def ratios(self, quantity: str) -> list[float]:
        return [getattr(ours, quantity) / (getattr(bare, quantity) or 1e-9) for ours, bare in self.rounds]

    def spread(self, quantity: str) -> float:
        """How far the rounds' ratios lie apart: (most - least) / median, without the farthest one of five or more."""
        values, middle = self.ratios(quantity), self.ratio(quantity)
        if len(values) >= 5:
            values.remove(max(values, key=lambda value: abs(value - middle)))
        return (max(values) - min(values)) / middle

    def others(self) -> float:
        return median(result.others_load for pair in self.rounds for result in pair)

    def doubts(self) -> str:
        """Why the figures of this scenario can't be believed, or nothing."""
        found = []
        if self.spread("rate") > RATIO_SPREAD:
            found.append(f"the rounds' ratios lie {self.spread('rate'):.0%} apart")
        if self.others() > OTHERS_LOAD:
            found.append(f"other programs took {self.others():.0%} of the machine")
        busiest = max(median(pair[place].generator_load for pair in self.rounds) for place in (0, 1))
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


def table(measured: list[Measured], names: tuple[str, str]) -> list[str]:
    lines = [
        row(["scenario", "server", *(title for _, title, _ in COLUMNS), "others busy"]),
        row(["---", "---", *("---:" for _ in COLUMNS), "---:"]),
    ]
    for one in measured:
        for place, name in enumerate(names):
            results = [pair[place] for pair in one.rounds]
            cells = [shown(median(getattr(r, field) for r in results)) for field, _, shown in COLUMNS]
            others = f"{median(r.others_load for r in results):.0%}"
            lines.append(row([one.scenario.name if place == 0 else "", name, *cells, others]))
        ratios = [f"{one.ratio(field):.2f} ×" for field in ("rate", "server_cpu", "p50", "p99")]
        lines.append(row(["", "**ratio**", *(f"**{ratio}**" for ratio in ratios), "", "", ""]))
    return lines


def verdict(target: Target, measured: Measured) -> str:
    ratio = measured.ratio(target.quantity)
    words = {"rate": "deliveries/s", "server_cpu": "CPU a delivery", "p99": "p99"}[target.quantity]
    bound = f"{'≤' if target.at_most else '≥'} {target.bound:g} ×"
    answer = "met" if target.is_met(ratio) else "NOT met"
    if measured.doubts():
        answer = f"{answer}, but too noisy to tell"
    least, most = min(measured.ratios(target.quantity)), max(measured.ratios(target.quantity))
    return f"{target.scenario}: {words} {bound} bare: {ratio:.2f} × ({least:.2f} to {most:.2f}), {answer}"


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
    names: tuple[str, str],
    ceilings: list[Ceiling],
    sync: float,
    at: datetime | None = None,
) -> str:
    """The whole report in Markdown."""
    at = at or datetime.now(UTC)
    rounds = min(len(one.rounds) for one in measured)
    lines = [
        f"{at:%Y-%m-%d %H:%M} UTC, {machine()}; medians of {rounds} interleaved rounds.",
        f"A synced write of 4 KiB takes {sync * 1e6:,.0f} µs on this disk.",
        "",
        *table(measured, names),
        "",
    ]
    by_name = {one.scenario.name: one for one in measured}
    told = [verdict(target, by_name[target.scenario]) for target in TARGETS if target.scenario in by_name]
    lines += ["Targets, ours over bare (median of the rounds, and from the least to the most):", ""]
    lines += [f"- {line}" for line in told] or ["- none for these scenarios"]
    lines += ["", "The load generator, fed ready-made frames by a C program on the same machine:", ""]
    lines += [
        f"- {c.per_frame} {'events' if c.per_frame > 1 else 'event'} a frame: takes {grouped(c.rate)} deliveries/s, "
        f"at {c.cpu:.3f} CPU s / 100,000 (a whole core would take {grouped(100_000 / c.cpu)}/s)"
        for c in ceilings
    ]
    doubts = [f"- {one.scenario.name}: {one.doubts()}" for one in measured if one.doubts()]
    lines += ["", "TOO NOISY TO TELL:" if doubts else "The machine was quiet enough to believe the ratios."]
    lines += ["", *doubts] if doubts else []
    wrong = [f"- {one.scenario.name}: {what}" for one in measured for what in one.wrong]
    right = (
        "Every reader saw every message once and in order; what was acknowledged is what the database holds."
    )
    lines += ["", "WRONG RESULTS:", "", *wrong] if wrong else ["", right]
    return "\n".join(lines)

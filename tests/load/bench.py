"""`make bench`: our room beside a bare broadcast server and the Channels tutorial's chat, interleaved round by round.

`scripts/bench --help` lists the options. Everything listens on 127.0.0.1, and what is started is ended.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.load.contenders import Contender, Ours, contender
from tests.load.dates import dates_table, measure_dates
from tests.load.generator import BenchFailed, Result, build, ceiling, measure
from tests.load.machine import sync_seconds
from tests.load.pages import Page, measure_pages, pages_table
from tests.load.report import Measured, report
from tests.load.scenarios import OURS, SCENARIOS, Scenario
from tests.load.standing import measure_standing, standing_table
from tests.sites import ROOT

PAGE = ROOT / "docs" / "performance.md"
DEFAULT_SECONDS, ALL_SECONDS = 400.0, 700.0
TABLE_BEGINS, TABLE_ENDS = "<!-- bench -->\n", "<!-- /bench -->\n"


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measure our room beside a bare one.")
    parser.add_argument("--only", action="append", default=[], help="scenarios whose name has this in it")
    parser.add_argument("--all", action="store_true", help="also the scenarios that take long")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each run is measured")
    parser.add_argument("--warmup", type=float, default=0.7)
    parser.add_argument(
        "--most-seconds", type=float, default=None, help="start no round that would end after so many"
    )
    parser.add_argument("--write", action="store_true", help="keep the report in docs/performance.md")
    parser.add_argument("--list", action="store_true", help="name the scenarios")
    return parser.parse_args()


def chosen(given: argparse.Namespace) -> list[Scenario]:
    if given.only:
        found = [s for s in SCENARIOS if any(word in s.name for word in given.only)]
        if not found:
            raise BenchFailed(
                f"no scenario is called like that; there are: {', '.join(s.name for s in SCENARIOS)}"
            )
        return found
    return [scenario for scenario in SCENARIOS if given.all or not scenario.optional]


def one_run(scenario: Scenario, contender: Contender, given: argparse.Namespace) -> tuple[Result, str]:
    result = measure(
        scenario,
        kind=contender.kind,
        port=contender.port,
        lines=contender.lines(scenario.rooms, scenario.readers),
        pids=contender.pids,
        seconds=given.seconds,
        warmup=given.warmup,
        run=secrets.token_hex(4),
    )
    say(
        f"  {scenario.name:30} {contender.name:18} {result.rate:10,.0f}/s  {result.server_cpu:6.2f} s/100,000  "
        f"p50 {result.p50:7.2f}  p99 {result.p99:7.2f} ms  server {result.server_load:4.0%}  "
        f"generator {result.generator_load:4.0%}  others {result.others_load:4.0%}"
    )
    wrong = result.first_fault if result.faults else contender.check(result)
    return result, f"{contender.name}: {wrong}" if wrong else ""


def due(number: int, measured: list[Measured]) -> list[Measured]:
    return [one for one in measured if number < one.scenario.rounds]


def one_round(
    number: int, measured: list[Measured], servers: dict[str, Contender], given: argparse.Namespace
) -> None:
    """Each scenario once on each of its servers; the order turns from round to round."""
    for one in due(number, measured):
        at = time.monotonic()
        names = one.scenario.servers
        results: dict[str, Result] = {}
        for place in range(len(names)):
            server = servers[names[(place + number) % len(names)]]
            results[server.name], wrong = one_run(one.scenario, server, given)
            if wrong:
                one.wrong.append(wrong)
        one.rounds.append(results)
        one.longest = max(one.longest, time.monotonic() - at)


def keep(text: str) -> None:
    page = PAGE.read_text()
    before, _, rest = page.partition(TABLE_BEGINS)
    _, _, after = rest.partition(TABLE_ENDS)
    PAGE.write_text(f"{before}{TABLE_BEGINS}\n{text}\n\n{TABLE_ENDS}{after}")


def in_rounds(
    measured: list[Measured], servers: dict[str, Contender], given: argparse.Namespace, until: float
) -> None:
    """As many rounds as were asked for, as far as they fit in the time; at least one."""
    for number in range(given.rounds):
        if time.monotonic() + sum(one.longest for one in due(number, measured)) > until:
            say(f"Stopped after {number} rounds: another would take too long.")
            break
        say(f"Round {number + 1} of {given.rounds}")
        one_round(number, measured, servers, given)


def bench(given: argparse.Namespace, folder: Path) -> int:
    scenarios = chosen(given)
    began = time.monotonic()
    until = began + (given.most_seconds or (ALL_SECONDS if given.all else DEFAULT_SECONDS))
    build()
    sync = sync_seconds(folder)
    ceilings = [ceiling(1), ceiling(10)]
    standing = None
    pages: list[Page] = []
    if not given.only:
        say("Sockets that only read, and a burst of connects")
        standing = measure_standing(folder)
        say("\n".join(standing_table(standing)))
    names = dict.fromkeys(name for scenario in scenarios for name in scenario.servers)
    servers = {name: contender(name, folder) for name in names}
    measured = [Measured(scenario) for scenario in scenarios]
    try:
        for server in servers.values():
            theirs = [s for s in scenarios if server.name in s.servers]
            # A room more than is written to, for the pages.
            server.start(max(s.rooms for s in theirs) + 1, max(s.readers for s in theirs))
        ours = servers[OURS]
        if not given.only and isinstance(ours, Ours):
            say("Pages beside a busy writer")
            pages = measure_pages(ours)
            say("\n".join(pages_table(pages)))
        in_rounds(measured, servers, given, until)
    finally:
        for server in servers.values():
            server.stop()
    text = report(measured, standing=standing, pages=pages, ceilings=ceilings, sync=sync)
    if not given.only:
        text += "\n\n" + "\n".join(dates_table(measure_dates()))
    sys.stdout.write(f"\n{text}\n")
    if given.write:
        keep(text)
    say(f"\nTook {time.monotonic() - began:.0f} s.")
    return 1 if any(one.wrong for one in measured) else 0


def main() -> int:
    given = options()
    if given.list:
        sys.stdout.write("".join(f"{s.name}{' (with --all)' if s.optional else ''}\n" for s in SCENARIOS))
        return 0
    # Beside the project rather than in /tmp, which may be memory: a synced write must reach a disk.
    (ROOT / "build").mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=ROOT / "build"))
    os.environ.pop("PORCHLIGHT_TEST_DATABASE", None)
    try:
        return bench(given, folder)
    except BenchFailed as failure:
        say(f"\n{failure}")
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())

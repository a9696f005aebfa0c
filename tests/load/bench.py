"""`make bench`: our room beside a bare broadcast server, in one run, interleaved round by round.

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

from tests.load.contenders import Bare, Contender, Ours
from tests.load.generator import BenchFailed, Result, build, ceiling, measure
from tests.load.machine import sync_seconds
from tests.load.report import Measured, report
from tests.load.scenarios import SCENARIOS, Scenario
from tests.sites import ROOT

PAGE = ROOT / "docs" / "performance.md"
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
        "--most-seconds", type=float, default=None, help="start no round that would end after this"
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
        f"  {scenario.name:30} {contender.name:15} {result.rate:10,.0f}/s  {result.server_cpu:6.2f} s/100,000  "
        f"p50 {result.p50:7.2f}  p99 {result.p99:7.2f} ms  server {result.server_load:4.0%}  "
        f"generator {result.generator_load:4.0%}  others {result.others_load:4.0%}"
    )
    wrong = result.first_fault if result.faults else contender.check(result)
    return result, f"{contender.name}: {wrong}" if wrong else ""


def one_round(
    number: int, measured: list[Measured], pair: tuple[Contender, Contender], given: argparse.Namespace
) -> None:
    """Each scenario once on each server; who goes first changes from round to round."""
    for one in measured:
        results: dict[str, Result] = {}
        for contender in pair if number % 2 == 0 else reversed(pair):
            results[contender.name], wrong = one_run(one.scenario, contender, given)
            if wrong:
                one.wrong.append(wrong)
        one.rounds.append((results[pair[0].name], results[pair[1].name]))


def keep(text: str) -> None:
    page = PAGE.read_text()
    before, _, rest = page.partition(TABLE_BEGINS)
    _, _, after = rest.partition(TABLE_ENDS)
    PAGE.write_text(f"{before}{TABLE_BEGINS}\n{text}\n\n{TABLE_ENDS}{after}")


def bench(given: argparse.Namespace, folder: Path) -> int:
    scenarios = chosen(given)
    most = given.most_seconds or (225.0 if not any(s.optional for s in scenarios) else 900.0)
    began = time.monotonic()
    build()
    sync = sync_seconds(folder)
    ceilings = [ceiling(1), ceiling(10)]
    ours, bare = Ours(folder), Bare()
    measured = [Measured(scenario) for scenario in scenarios]
    try:
        for contender in (ours, bare):
            contender.start(max(s.rooms for s in scenarios), max(s.readers for s in scenarios))
        longest = 0.0
        for number in range(given.rounds):
            at = time.monotonic()
            if at - began + longest > most:
                say(
                    f"Stopped after {number} rounds: another would end later than {most:.0f} s after the start."
                )
                break
            say(f"Round {number + 1} of {given.rounds}")
            one_round(number, measured, (ours, bare), given)
            longest = max(longest, time.monotonic() - at)
    finally:
        for contender in (ours, bare):
            contender.stop()
    text = report(measured, names=(ours.name, bare.name), ceilings=ceilings, sync=sync)
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

"""The load: readers.c, built when it is missing or older than its source, and what one run of it measured."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.load.machine import CORES, Moment, resident_bytes
from tests.load.scenarios import Scenario
from tests.sites import ROOT

SOURCE = ROOT / "tests" / "load" / "readers.c"
PROGRAM = ROOT / "build" / "readers"
PER = 100_000
PATIENCE_SECONDS = 150
TEXT_BYTES = 80


class BenchFailed(Exception):
    """The bench can't go on; the message says why and what to do."""


def build() -> None:
    if PROGRAM.exists() and PROGRAM.stat().st_mtime > SOURCE.stat().st_mtime:
        return
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None:
        raise BenchFailed(
            "The bench's load generator is a C program, and there is no C compiler here.\n"
            "Install one with: apt-get install gcc libc6-dev"
        )
    PROGRAM.parent.mkdir(exist_ok=True)
    made = subprocess.run(
        [compiler, "-O2", "-Wall", "-Wextra", "-o", PROGRAM, SOURCE], capture_output=True, text=True
    )
    if made.returncode:
        raise BenchFailed(
            f"tests/load/readers.c was not built:\n{made.stderr}\n"
            "If the C library's headers are missing: apt-get install libc6-dev"
        )


@dataclass(frozen=True)
class Result:
    """One run. `rate`: deliveries/s. `server_cpu`: the server's CPU seconds for 100,000 deliveries. Latencies in ms."""

    rate: float
    server_cpu: float
    p50: float
    p99: float
    batch: float
    connects: float
    server_load: float
    generator_load: float
    others_load: float
    memory: int
    run: str
    acked: int
    lost: int
    faults: int
    first_fault: str


def _arguments(
    scenario: Scenario, kind: str, port: int, seconds: float, warmup: float, run: str
) -> list[str]:
    options = {
        "--kind": kind, "--port": port, "--senders": scenario.senders, "--in-flight": scenario.in_flight,
        "--until": scenario.until, "--pace": scenario.pace, "--seconds": seconds, "--warmup": warmup,
        "--text-bytes": TEXT_BYTES, "--run": run,
    }  # fmt: skip
    return [str(part) for option in options.items() for part in option]


def _marks(
    arguments: Sequence[str],
    lines: Sequence[str],
    pids: list[int],
    on_mark: Callable[[str], None] = lambda name: None,
) -> tuple[dict[str, Moment], dict[str, Any]]:
    """Run the program; a Moment for each of its marks, and the values of the last one."""
    moments: dict[str, Moment] = {}
    done: dict[str, Any] = {}
    pipe = subprocess.PIPE
    with subprocess.Popen([PROGRAM, *arguments], stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        try:
            process.stdin.write("".join(f"{line}\n" for line in lines))
            process.stdin.close()
            for line in process.stdout:
                mark = json.loads(line)
                moments[mark["mark"]] = Moment.take(pids)
                on_mark(mark["mark"])
                if mark["mark"] == "done":
                    done = mark
            complaint = process.stderr.read()
            process.wait(timeout=PATIENCE_SECONDS)
        finally:
            if process.poll() is None:
                process.kill()
    if process.returncode:
        raise BenchFailed(complaint.strip() or f"the load generator ended with {process.returncode}")
    return moments, done


def measure(
    scenario: Scenario,
    *,
    kind: str,
    port: int,
    lines: Sequence[str],
    pids: list[int],
    seconds: float,
    warmup: float,
    run: str,
    on_mark: Callable[[str], None] = lambda name: None,
) -> Result:
    """One run of a scenario against a server. `lines`: "room cookie", one a connection. Raises BenchFailed."""
    moments, done = _marks(_arguments(scenario, kind, port, seconds, warmup, run), lines, pids, on_mark)
    begin, end = moments["begin"], moments["end"]
    span = end.at - begin.at
    server, generator = end.server - begin.server, done["cpu"]
    others = max(0.0, end.everybody - begin.everybody - server - generator)
    delivered = max(1, done["delivered"])
    return Result(
        rate=done["delivered"] / done["seconds"],
        server_cpu=server / delivered * PER,
        p50=done["p50"] / 1000,
        p99=done["p99"] / 1000,
        batch=delivered / max(1, done["frames"]),
        connects=done["connections"] / done["connecting"],
        server_load=server / span,
        generator_load=generator / done["seconds"],
        others_load=others / span / CORES,
        memory=resident_bytes(pids),
        run=run,
        acked=done["acked"],
        lost=done["lost"],
        faults=done["faults"],
        first_fault=done["first_fault"],
    )


@dataclass(frozen=True)
class Standing:
    """Connections that only read. `kilobytes`: what each added to the server's resident memory, in thousands of bytes;
    `cpu`: the server's CPU seconds for a thousand of them to come in.
    """

    connections: int
    turned_away: int
    why: str
    seconds: float
    kilobytes: float
    cpu: float
    others_load: float


def stand(
    *,
    kind: str,
    port: int,
    lines: Sequence[str],
    pids: list[int],
    at_once: int,
    seconds: float = 1.0,
    subscribe: bool = True,
) -> Standing:
    """Open connections, `at_once` of them on the way at any time, and leave them in peace for some seconds."""
    options = f"--kind {kind} --port {port} --at-once {at_once} --warmup 0.5 --seconds {seconds}"
    options += f" --idle {1 if subscribe else 2}"
    before = resident_bytes(pids)
    memory: dict[str, int] = {}

    def note(mark: str) -> None:
        memory[mark] = resident_bytes(pids)

    start = Moment.take(pids)
    moments, done = _marks(options.split(), lines, pids, note)
    ready = moments["ready"]
    others = ready.everybody - start.everybody - (ready.server - start.server)
    return Standing(
        connections=done["connections"] - done["turned_away"],
        turned_away=done["turned_away"],
        why=done["first_fault"],
        seconds=done["connecting"],
        kilobytes=(memory["end"] - before) / len(lines) / 1000,
        cpu=(ready.server - start.server) / len(lines) * 1000,
        others_load=max(0.0, others / (ready.at - start.at) / CORES),
    )


@dataclass(frozen=True)
class Ceiling:
    """What the generator takes when a C program sends ready-made frames: deliveries/s, CPU s for 100,000 of them."""

    per_frame: int
    rate: float
    cpu: float


def ceiling(per_frame: int, connections: int = 100) -> Ceiling:
    options = f"--blast {per_frame} --seconds 1 --warmup 0.2 --text-bytes {TEXT_BYTES}"
    _, done = _marks(options.split(), ["room -"] * connections, [])
    if done["faults"]:
        raise BenchFailed(f"the load generator miscounts: {done['first_fault']}")
    return Ceiling(per_frame, done["delivered"] / done["seconds"], done["cpu"] / done["delivered"] * PER)

"""What a connection costs that only stands there, and whether five thousand may come at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tests.load.contenders import contender
from tests.load.generator import Standing, stand
from tests.load.scenarios import BARE, BURST, IDLE_KB, IDLE_SOCKETS, OURS

MEMBERS = 250
WARM = 100
AT_ONCE = 32


@dataclass
class Standings:
    """By server: sockets that came one after the other, followed a room and stayed. And ours, all at once."""

    idle: dict[str, Standing] = field(default_factory=dict)
    burst: Standing | None = None


def lines_for(server_lines: list[str], count: int) -> list[str]:
    """So many connections of these people, who come with several each."""
    return [server_lines[number % len(server_lines)] for number in range(count)]


def measure_standing(folder: Path) -> Standings:
    """Fresh servers, each alone: memory that was used before would hide what a socket takes."""
    found = Standings()
    for name in (OURS, BARE):
        server = contender(name, folder / "standing")
        try:
            server.start(1, MEMBERS)
            people = server.lines(1, MEMBERS)
            # The first visitors also pay for what is imported and cached once.
            stand(kind=server.kind, port=server.port, lines=people[:WARM], pids=server.pids, at_once=AT_ONCE)
            found.idle[name] = stand(
                kind=server.kind,
                port=server.port,
                lines=lines_for(people, IDLE_SOCKETS),
                pids=server.pids,
                at_once=AT_ONCE,
            )
            if name == OURS:
                found.burst = stand(
                    kind=server.kind,
                    port=server.port,
                    lines=lines_for(people, BURST),
                    pids=server.pids,
                    at_once=BURST,
                    subscribe=False,
                )
        finally:
            server.stop()
    return found


def standing_table(found: Standings) -> list[str]:
    lines = [
        f"| {IDLE_SOCKETS:,} sockets that only read | KB a socket | connects/s | CPU s / 1,000 connects |",
        "| --- | ---: | ---: | ---: |",
        *(
            f"| {name} | {one.kilobytes:.1f} | {one.connections / one.seconds:,.0f} | {one.cpu:.2f} |"
            for name, one in found.idle.items()
        ),
    ]
    if found.burst:
        lines += ["", burst_words(found.burst)]
    return lines


def burst_words(burst: Standing) -> str:
    first = f" The first: {burst.why}." if burst.turned_away else ""
    return (
        f"{BURST:,} connects in a burst: {burst.turned_away:,} turned away;{first} signed in and welcomed within "
        f"{burst.seconds:.1f} s ({burst.connections / burst.seconds:,.0f}/s, {burst.cpu:.2f} CPU s / 1,000; "
        f"others took {burst.others_load:.0%} of the machine)."
    )


def standing_verdicts(found: Standings) -> list[str]:
    kilobytes = found.idle[OURS].kilobytes
    lines = [
        f"idle socket ≤ {IDLE_KB:g} KB: {kilobytes:.1f} KB, {'met' if kilobytes <= IDLE_KB else 'NOT met'}"
    ]
    if found.burst:
        away = found.burst.turned_away
        lines.append(
            f"{BURST:,} connects in a burst without a refusal: {away:,} turned away, {'NOT met' if away else 'met'}"
        )
    return lines

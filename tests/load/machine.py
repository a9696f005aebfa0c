"""What the machine did meanwhile, from /proc: the CPU time of a server's processes and of everybody."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
CORES = len(os.sched_getaffinity(0))
OTHERS_LOAD = 0.10  # with more of the machine taken by other programs, figures are not believed


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third (state) on; proc(5)."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def process_tree(pid: int) -> list[int]:
    """A process and its descendants."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                parents.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
    found = [pid]
    for parent in found:
        found += parents.get(parent, [])
    return found


def cpu_seconds(pids: list[int]) -> float:
    """utime + stime of processes, all their threads included."""
    return sum(sum(map(int, _stat(pid)[11:13])) for pid in pids) / TICKS


def resident_bytes(pids: list[int]) -> int:
    return sum(int(_stat(pid)[21]) for pid in pids) * os.sysconf("SC_PAGE_SIZE")


def busy_seconds() -> float:
    """CPU time of everything on the machine, time stolen by its host included: user nice system irq softirq steal."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    return sum(int(fields[place]) for place in (0, 1, 2, 5, 6, 7)) / TICKS


@dataclass(frozen=True)
class Moment:
    at: float
    server: float
    everybody: float

    @classmethod
    def take(cls, pids: list[int]) -> Moment:
        return cls(time.monotonic(), cpu_seconds(pids), busy_seconds())


def sync_seconds(folder: Path, times: int = 400) -> tuple[float, float]:
    """What it takes here to append 4 KiB to a file and have the disk confirm it; the median, and the p99."""
    file = folder / "sync-probe"
    took = []
    with file.open("wb", buffering=0) as handle:
        for _ in range(times):
            began = time.perf_counter()
            handle.write(bytes(4096))
            os.fdatasync(handle.fileno())
            took.append(time.perf_counter() - began)
    file.unlink()
    took.sort()
    return took[times // 2], took[times * 99 // 100]

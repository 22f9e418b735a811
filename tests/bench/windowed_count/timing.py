"""How a competitor is timed: as a process of its own, from outside, the same way for Python and Java.

It says ``start`` when it is about to read its first record and ``done`` when the last one is counted; both moments' CPU time
and its peak memory are read from ``/proc``. Start-up is not measured, the work of all its threads is, and that of the
processes it has started: CPU times and peaks are summed.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Timing:
    """What one run took."""

    events: int
    wall_s: float
    cpu_s: float
    peak_mb: float
    #: CPU time of the broker, and of everything else on the machine, in the same span
    broker_cpu_s: float
    others_cpu_s: float


class _Moment(NamedTuple):
    """The clock and three CPU times, in seconds: the competitor's, the broker's, the machine's."""

    at: float
    cpu: float
    broker: float
    machine: float


class RunFailed(Exception):
    """A competitor ended or went silent before it was done; the text is the end of its log."""


def run_timed(command: list[str], events: int, log: Path, limit_s: float, cwd: Path, broker: int) -> Timing:
    """Run ``command`` until it says that it is done, then end it; ``broker`` is the broker's process."""
    with log.open("wb") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, cwd=cwd, bufsize=0)
    try:
        deadline = time.monotonic() + limit_s
        began = _wait_for(process, b"start", deadline, log, broker)
        ended = _wait_for(process, b"done", deadline, log, broker)
        peak = sum(_status(pid, "VmHWM") for pid in family(process.pid)) / 1024
        _wait_for(process, b"written", deadline, log, broker)
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
    cpu, broker_cpu = ended.cpu - began.cpu, ended.broker - began.broker
    others = max(0.0, ended.machine - began.machine - cpu - broker_cpu)
    return Timing(events, ended.at - began.at, cpu, peak, broker_cpu, others)


def _wait_for(
    process: subprocess.Popen[bytes], word: bytes, deadline: float, log: Path, broker: int
) -> _Moment:
    assert process.stdout is not None
    while time.monotonic() < deadline:
        if not select.select([process.stdout], [], [], 0.5)[0]:
            continue
        line = process.stdout.readline()
        if line.strip().endswith(word):  # Faust writes control sequences before it
            at = time.monotonic()
            return _Moment(at, sum(map(cpu_s, family(process.pid))), cpu_s(broker), _machine_cpu_s())
        if not line:
            break
    raise RunFailed(f"{log.stem} did not say {word.decode()!r}: {log.read_text(errors='replace')[-1500:]}")


def family(pid: int) -> list[int]:
    """A process and those that it, and they, have started and that still live (proc(5): ``children`` of each thread)."""
    found = [pid]
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError):  # a thread that has ended meanwhile
            for child in path.read_text().split():
                found += family(int(child))
    return found


def cpu_s(pid: int) -> float:
    """CPU time that a process has used so far, of all its threads, in seconds (proc(5): utime and stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def _machine_cpu_s() -> float:
    """CPU time of all processes: user, nice, system, interrupts."""
    user, nice, system, _, _, irq, softirq = map(int, Path("/proc/stat").read_text().split()[1:8])
    return (user + nice + system + irq + softirq) / _TICK


def _status(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    return 0

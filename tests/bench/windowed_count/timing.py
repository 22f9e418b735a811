"""How a competitor is timed: as a process of its own, from outside, the same way for Python and Java.

It says ``start`` when it is about to read its first record and ``done`` when the last one is counted; both moments' CPU time
and its peak memory are read from ``/proc``. Start-up is not measured, the work of all its threads is.
"""

from __future__ import annotations

import os
import select
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Timing:
    """What one run took."""

    events: int
    wall_s: float
    cpu_s: float
    peak_mb: float


class RunFailed(Exception):
    """A competitor ended or went silent before it was done; the text is the end of its log."""


def run_timed(command: list[str], events: int, log: Path, limit_s: float, cwd: Path) -> Timing:
    """Run ``command`` until it says that it is done, then end it."""
    with log.open("wb") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, cwd=cwd, bufsize=0)
    try:
        deadline = time.monotonic() + limit_s
        began = _wait_for(process, b"start", deadline, log)
        ended = _wait_for(process, b"done", deadline, log)
        peak = _status(process.pid, "VmHWM") / 1024
        _wait_for(process, b"written", deadline, log)
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
    return Timing(events, ended[0] - began[0], ended[1] - began[1], peak)


def _wait_for(
    process: subprocess.Popen[bytes], word: bytes, deadline: float, log: Path
) -> tuple[float, float]:
    assert process.stdout is not None
    while time.monotonic() < deadline:
        if not select.select([process.stdout], [], [], 0.5)[0]:
            continue
        line = process.stdout.readline()
        if line.strip().endswith(word):  # Faust writes control sequences before it
            return time.monotonic(), _cpu_s(process.pid)
        if not line:
            break
    raise RunFailed(f"{log.stem} did not say {word.decode()!r}: {log.read_text(errors='replace')[-1500:]}")


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def _status(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    return 0

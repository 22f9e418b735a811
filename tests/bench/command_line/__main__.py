"""What a short command costs: processor time and memory on top of Python's own start, ``python -m tests.bench.command_line``.

Needs no instance: ``status`` says that nothing runs, ``sql`` and ``alerts list`` that there is nobody to ask.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

FUNNELWATCH = str(Path(sys.executable).with_name("funnelwatch"))
COMMANDS: dict[str, list[str]] = {
    "python": [sys.executable, "-c", "pass"],
    "--help": [FUNNELWATCH, "--help"],
    "--version": [FUNNELWATCH, "--version"],
    "status": [FUNNELWATCH, "status"],
    "sql": [FUNNELWATCH, "sql", "select 1"],
    "alerts list": [FUNNELWATCH, "alerts", "list"],
    "up --help": [FUNNELWATCH, "up", "--help"],
}


def cost(command: list[str], folder: str) -> tuple[float, float]:
    """Processor seconds and MB (the largest resident size) of one run."""
    child = os.posix_spawn(
        command[0],
        command,
        {**os.environ, "FUNNELWATCH_DATA": folder},
        file_actions=[(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (1, 2)],
    )
    _, _, used = os.wait4(child, 0)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.command_line", description=__doc__)
    parser.add_argument(
        "--runs", type=int, default=7, help="runs of each command, of which medians are shown"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name, command in COMMANDS.items():
            runs = [cost(command, folder) for _ in range(asked.runs)]
            seconds, memory = (statistics.median(column) for column in zip(*runs, strict=True))
            sys.stdout.write(f"{name:<12} {seconds:6.3f} s of processor time {memory:6.1f} MB\n")


if __name__ == "__main__":
    main()

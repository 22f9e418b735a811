"""Runs every benchmark of speed in one go: ``python -m tests.bench [--only windowed_count collector …] [--runs 5]``."""

from __future__ import annotations

import argparse
import subprocess
import sys

from tests.bench.whole_path.__main__ import PARTS

WINDOWED = "windowed_count"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    names = (WINDOWED, "whole_path", *PARTS)
    parser.add_argument("--only", nargs="+", choices=names, default=[WINDOWED, "whole_path"])
    parser.add_argument(
        "--runs", type=int, default=5, help="runs of the windowed count, of which medians are taken"
    )
    parser.add_argument(
        "--keep", action=argparse.BooleanOptionalAction, default=True, help="store the results"
    )
    asked = parser.parse_args()
    keep = "--keep" if asked.keep else "--no-keep"
    code = 0
    if WINDOWED in asked.only:
        code = _run("tests.bench.windowed_count", "--runs", str(asked.runs), keep)
    parts = list(PARTS) if "whole_path" in asked.only else [name for name in asked.only if name in PARTS]
    if parts:
        code = _run("tests.bench.whole_path", keep, "--only", *parts) or code
    return code


def _run(module: str, *arguments: str) -> int:
    """Run a part as a process of its own, so that it begins with no memory of the one before."""
    return subprocess.run([sys.executable, "-m", module, *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

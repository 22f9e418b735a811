"""``python -m tests.faults --kills 100``: the long form. Ends with 1 if anything differs; the logs stay then."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.run import Plan, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="how many processes are ended with SIGKILL")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the schedule and the load")
    parser.add_argument("--monitors", type=int, default=3, help="how many workers")
    parser.add_argument("--rate", type=int, default=400, help="events a second")
    parser.add_argument(
        "--unreachable", type=float, default=8.0, help="seconds for which parts stay unreachable"
    )
    parser.add_argument("--only", default="", help="faults to do, with commas between: see chaos.py")
    parser.add_argument("--faults", type=int, default=0, help="how many faults at least")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="funnelwatch-faults-"))
    print(f"seed {asked.seed}, logs in {folder}/logs", flush=True)
    plan = Plan(
        asked.kills,
        asked.seed,
        asked.monitors,
        rate=asked.rate,
        unreachable_s=asked.unreachable,
        chosen=asked.only,
        faults=asked.faults,
    )
    outcome = asyncio.run(run(plan, folder, lambda line: print(line, flush=True)))
    print(outcome)
    if outcome.report.differences or outcome.report.not_settled:
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

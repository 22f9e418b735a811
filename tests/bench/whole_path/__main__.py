"""Runs the measurements of the whole path: ``python -m tests.bench.whole_path [--only collector delay …]``."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from streams.embedded.broker import broker_of
from streams.settings import load_settings
from tests.bench.whole_path import (
    collector,
    delay,
    landing,
    memory,
    pushes,
    recovery,
    reporting,
    units,
    workers,
)
from tests.bench.whole_path.ground import Ground

PARTS = {
    "collector": collector.measure,
    "pushes": pushes.measure,
    "landing": landing.measure,
    "stores": memory.measure,
    "recovery": recovery.measure,
    "workers": workers.measure,
    "delay": delay.measure,
    "units": units.measure,
    "units_full": units.measure_full,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.whole_path", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=tuple(PARTS), default=list(PARTS))
    parser.add_argument(
        "--quick", action="store_true", help="small numbers: to see that it works, not to quote"
    )
    parser.add_argument(
        "--keep", action=argparse.BooleanOptionalAction, default=True, help="store the results"
    )
    asked = parser.parse_args()
    settings = load_settings(broker_heap_mb=1024)
    loads: list[float] = [os.getloadavg()[0]]
    with tempfile.TemporaryDirectory(prefix="funnelwatch-whole-path-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        broker = broker_of(settings, folder)
        broker.start()
        ground = Ground(broker, folder, settings, asked.quick)
        try:
            broker.wait_ready()
            for part in asked.only:
                found = PARTS[part](ground)
                loads.append(os.getloadavg()[0])
                print(reporting.table(found), flush=True)
                if (
                    asked.keep and not asked.quick
                ):  # after every part: an interrupted run leaves what it measured
                    reporting.store(found, loads[-2:])
        finally:
            ground.stop()
            broker.stop()
    print(f"the machine's load was {min(loads):.1f} to {max(loads):.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

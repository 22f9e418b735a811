"""A role as shipped whose wall clock is wrong while a file says so: by how many seconds, in ``clock`` of its data folder.

``python -m tests.faults.clocked_part ROLE --parent PID``, as ``streams.roles``. Only the wall clock is changed: monotonic clocks never
go wrong. A machine's own clock cannot be set for one process without a library that is preloaded, which Java would be given, too.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from streams import clock

CLOCK = "clock"
_time, _time_ns = time.time, time.time_ns
#: seconds between two looks at the file
LOOK_S = 0.05
_found = [0.0, float("-inf")]


def _off_s() -> float:
    if time.monotonic() - _found[1] > LOOK_S:
        try:
            _found[0] = float((Path(os.environ["FUNNELWATCH_DATA"]) / CLOCK).read_text() or 0)
        except (OSError, ValueError):
            _found[0] = 0.0
        _found[1] = time.monotonic()
    return _found[0]


def install() -> None:
    """Let the wall clock of this process be as wrong as the file says."""
    time.time = lambda: _time() + _off_s()
    time.time_ns = lambda: _time_ns() + int(_off_s() * 1e9)
    clock.now = lambda: datetime.fromtimestamp(time.time(), UTC)


if __name__ == "__main__":
    install()
    from streams import roles

    try:
        code = roles.main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)

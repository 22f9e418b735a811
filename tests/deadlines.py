"""How long a test waits before it gives up: the time that is enough on a quiet machine, times one factor.

A deadline only bounds how late a failure is reported, so it may be generous; it must never decide a result. The factor grows
with what the machine can do: the time a fixed loop takes against the reference machine, and runnable processes per core at
the moment of asking. ``TEST_DEADLINE_FACTOR=5`` sets it instead. ``test_deadlines.py`` holds that no test waits by a bare number.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

#: seconds of processor time that the loop takes on the machine on which the deadlines were chosen
_REFERENCE_S = 0.018
_LOOP = 300_000
#: beyond this a test is stuck, whatever the machine does
_MAX = 10.0
_VARIABLE = "TEST_DEADLINE_FACTOR"


def _measured_speed() -> float:
    """How many times longer than the reference machine this one takes; the best of three, so that its load does not count."""
    taken = []
    for _ in range(3):
        began = time.thread_time()
        total = 0
        for number in range(_LOOP):
            total += number
        taken.append(time.thread_time() - began)
    return min(taken) / _REFERENCE_S


_SPEED = max(1.0, _measured_speed())


def factor() -> float:
    """What every deadline is multiplied by, now."""
    if given := os.environ.get(_VARIABLE):
        return float(given)
    crowd = os.getloadavg()[0] / (os.cpu_count() or 1)
    return min(_MAX, _SPEED * max(1.0, crowd))


def within(quiet_s: float) -> float:
    """Seconds to wait for what takes at most ``quiet_s`` on a quiet machine."""
    return quiet_s * factor()


def within_ms(quiet_s: float) -> float:
    """The same in milliseconds, as the browser wants them."""
    return 1000 * within(quiet_s)


def eventually(condition: Callable[[], bool], quiet_s: float = 20.0) -> None:
    """Wait until ``condition``; fails after ``quiet_s`` of a quiet machine."""
    deadline = time.monotonic() + within(quiet_s)
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)

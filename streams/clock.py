"""The one file that reads the system clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now_ms() -> int:
    """Milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def now() -> datetime:
    """The present as an aware UTC datetime."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds that only grow; they do not advance while the machine is suspended."""
    return time.monotonic()


def processor_s() -> float:
    """Seconds of processor time that the calling thread has used: what other threads and processes do does not lengthen them."""
    return time.thread_time()


def boot_clock() -> float:
    """Seconds that only grow and also pass while the process or the machine is suspended (monotonic where there is none)."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)

"""What an app asks of the transport."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """What an app asks of the transport; set as ``app.batch`` before the app starts.

    Attributes:
        drain: makes everything processed so far durable and acks it; awaited before partitions are given up.
        positions: partition → offset to read from after a recovery, for partitions whose state knows it.
        self_recovering: changelog topics whose store reads them itself.
        isolation_level: of all consumed topics.
        path: ``fast`` reads aiokafka's record batches, ``public`` goes over ``getmany``; ``auto`` is fast with
            the versions of aiokafka and Faust it was written for, else public.
        idle_sleep_s: seconds between looks while no partition is active.
        fetch_wait_ms: how long the broker may hold a fetch while it has nothing for any partition asked for.
    """

    drain: Callable[[], Awaitable[None]] | None = None
    positions: Callable[[], Mapping[Any, int]] | None = None
    self_recovering: frozenset[str] = frozenset()
    isolation_level: Literal["read_uncommitted", "read_committed"] = "read_uncommitted"
    path: Literal["auto", "fast", "public"] = "auto"
    idle_sleep_s: float = 0.05
    fetch_wait_ms: int = 100

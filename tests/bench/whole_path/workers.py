"""One, two and four monitors on one topic: events a second of all together, and how much of that many times one it is.

The group is stable and every process is stopped (SIGSTOP, within the session) while the topic is filled; then all go on at
once. So what is measured is a backlog, without start-up and without rebalances. It ends when the group has committed
everything. The processes share the machine's cores with the broker: the efficiency cannot pass cores ÷ processes.
"""

from __future__ import annotations

import os
import signal

from streams.kafka.topics import EVENTS
from tests.bench.whole_path.ground import Committed, Figure, Ground, wait_until
from tests.bench.windowed_count.workload import load

EVENTS_COUNT = 1_000_000
WORKERS = (1, 2, 4)
#: long enough for the topic to be filled while the members are stopped
SESSION_S = 60.0


def measure(ground: Ground) -> list[Figure]:
    """Events a second of one, two and four."""
    events = EVENTS_COUNT // 10 if ground.quick else EVENTS_COUNT
    found: list[Figure] = []
    alone = 0.0
    for workers in WORKERS:
        prefix = ground.topics()
        names = [f"monitor-{number}" for number in range(workers)]
        parts = [
            ground.monitor(prefix, name, session_timeout_s=SESSION_S, monitor_tick_s=86_400.0)
            for name in names
        ]
        wait_until(lambda: all(ground.is_ready(prefix, name) for name in names), "all monitors")  # noqa: B023
        _settle(ground, prefix, names)
        for part in parts:
            part.signal(signal.SIGSTOP)
        load(ground.kafka, prefix + EVENTS, events, 5)
        committed = Committed(ground.kafka, prefix, prefix + EVENTS)
        begun = wait_until(lambda: True, "")
        for part in parts:
            part.signal(signal.SIGCONT)
        done = wait_until(lambda: committed.total() >= events, "everything to be committed", look_s=0.1)  # noqa: B023
        committed.close()
        rate = events / (done - begun)
        alone = alone or rate
        plural = "es" if workers > 1 else ""
        found.append(
            Figure("workers", f"{workers} process{plural} on {os.cpu_count()} cores", rate, "events/s")
        )
        found.append(
            Figure("workers", f"{workers} process{plural}: efficiency", rate / alone / workers, "ratio")
        )
        ground.end_parts()
    return found


def _settle(ground: Ground, prefix: str, names: list[str]) -> None:
    """Wait until the partitions that the processes say they have add up to all, for a while."""
    from streams.clock import monotonic
    from streams.instance.files import read_state
    from tests.bench.whole_path.ground import PARTITIONS

    since = [monotonic()]

    def is_settled() -> bool:
        states = [read_state(ground.folder / f"{prefix}{name}", "monitor") for name in names]
        held = [
            int(state.detail.split()[0])
            for state in states
            if state is not None and state.state == "ready" and state.detail[:1].isdigit()
        ]
        if len(held) != len(names) or sum(held) != PARTITIONS:
            since[0] = monotonic()
        return monotonic() - since[0] > 5

    wait_until(is_settled, "a stable group", look_s=0.2)

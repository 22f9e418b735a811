"""One of several monitors of a group, begun by ``monitor_two.py``: ``monitor_member JOB FOLDER PARENT``.

It says ``holds N`` when it has recovered its N partitions, waits there until its standard input is closed, and says
``counted N`` whenever more of its partitions' records stand before their marks.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from pathlib import Path

from streams.embedded.orphans import end_with_parent
from streams.monitor.app import MonitorApp, run
from streams.monitor.partition import Partition
from tests.bench.windowed_count.peers import read_job, say
from tests.bench.windowed_count.peers.monitor import LOOK_S, counted, make_role


def main() -> None:
    end_with_parent(int(sys.argv[3]))
    role, loop = make_role(read_job(), Path(sys.argv[2]))
    may_count = threading.Event()
    hold(role, may_count)
    threading.Thread(target=watch, args=(role, may_count), daemon=True).start()
    run(role, loop)


def hold(role: MonitorApp, may_count: threading.Event) -> None:
    """Make the last step of each recovery wait until it may count, or until another generation begins."""
    monitor, prepare = role.monitor, role.monitor.prepare

    async def prepared(partition: Partition) -> None:
        await prepare(partition)
        generation = monitor.generation
        if not may_count.is_set():
            say(f"holds {len(monitor.owned)}")
        while not may_count.is_set() and monitor.generation == generation:
            await asyncio.sleep(LOOK_S)

    monitor.prepare = prepared


def watch(role: MonitorApp, may_count: threading.Event) -> None:
    sys.stdin.read()
    may_count.set()
    before = 0
    while True:
        if (now := counted(role)) != before:
            say(f"counted {now}")
            before = now
        time.sleep(LOOK_S)


if __name__ == "__main__":
    main()

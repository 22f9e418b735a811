"""One of several monitors of a group, begun by ``monitor_two.py``: ``monitor_member JOB FOLDER``.

It says ``holds N`` when it has recovered its N partitions, waits there until its standard input is closed, and says
``counted N`` whenever more of its partitions' records are before their marks.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from pathlib import Path

from streams.monitor.app import MonitorApp, run
from tests.bench.windowed_count.peers import read_job, say
from tests.bench.windowed_count.peers.monitor import LOOK_S, before_counting, counted, make_role


def main() -> None:
    role, loop = make_role(read_job(), Path(sys.argv[2]))
    may_count = threading.Event()

    async def wait() -> None:
        generation = role.monitor.generation
        say(f"holds {len(role.monitor.owned)}")
        while not may_count.is_set() and role.monitor.generation == generation:
            await asyncio.sleep(LOOK_S)

    before_counting(role, wait)
    threading.Thread(target=watch, args=(role, may_count), daemon=True).start()
    run(role, loop)


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

"""``python -m tests.faults.full_disk --times 20``: an instance under load whose disk is full again and again, at any moment.

The runbook's promise, held against what is seen: senders are answered 503 with Retry-After or their events are kept; the page
answers; nothing dies again and again; once there is room, every role is ready within a minute without anybody's help; and of what
was acknowledged nothing is lost and nothing is counted twice. Ends with 1 if any of it does not hold; the logs stay then.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from tests.deadlines import within
from tests.faults.checker import Checker
from tests.faults.instance import READY_S, STORES, Instance
from tests.faults.load import Load
from tests.faults.run import publish_baselines
from tests.faults.small_disk import SmallDisk
from tests.faults.system import KEY, until

MEGABYTES = 400
BACK_S, SETTLE_S = 60.0, 120.0
LOOK_S = 0.5


@dataclass
class Episode:
    """One time that the disk was full."""

    taken: int
    full_s: float
    #: seconds after there was room, until every role was ready
    back_s: float = 0.0
    answers: Counter[str] = field(default_factory=Counter)
    page: Counter[str] = field(default_factory=Counter)
    #: processes that ended while it was full, by name, and how often
    ended: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        return (
            f"{self.taken:,} bytes taken, full for {self.full_s:.0f} s, all ready {self.back_s:.1f} s after; collector "
            f"{dict(self.answers)}, page {dict(self.page)}, ended {dict(self.ended)}"
        )


async def _ask(session: aiohttp.ClientSession, url: str) -> str:
    try:
        async with session.get(url) as answer:
            return str(answer.status)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        return type(error).__name__


async def _episode(instance: Instance, disk: SmallDisk, load: Load, full_s: float) -> Episode:
    """Fill the disk, watch, make room, and wait until all is well."""
    before, known = load.ledger.repeats.copy(), instance.processes()
    acknowledged = len(load.ledger.events)
    episode = Episode(disk.fill(), full_s)
    began = time.monotonic()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=within(5))) as session:
        while time.monotonic() - began < full_s:
            episode.taken += disk.fill()  # what a process freed by ending belongs to the disk, too
            episode.page[await _ask(session, f"{instance.page_url}/healthz")] += 1
            now = instance.processes()
            episode.ended.update(name for name, pid in known.items() if pid and now.get(name) != pid)
            known = {**dict.fromkeys(known, 0), **now}
            await asyncio.sleep(LOOK_S)
        disk.free()
        began = time.monotonic()
        await until(instance.is_ready, BACK_S * 5, "every role to be ready again")
        episode.back_s = time.monotonic() - began
    episode.answers = load.ledger.repeats - before
    episode.answers["acknowledged"] = len(load.ledger.events) - acknowledged
    return episode


async def run(times: int, seed: int, folder: Path, say: Callable[[str], None], longest_s: float) -> list[str]:
    """Do it; what did not hold, a sentence each."""
    for name in ("aiokafka", "clickhouse_connect", "urllib3"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    chance, wrong = random.Random(seed), []
    disk = SmallDisk(folder / "disk", MEGABYTES)
    logs = folder / "logs"
    logs.mkdir()
    instance = Instance(disk.folder / "data", logs)
    instance.start()
    try:
        await until(instance.is_ready, READY_S, "the instance to be ready")
        instance.connect()
        await publish_baselines(instance.settings.kafka)
        say(f"ready; {disk.used:,} bytes used")
        load = Load(instance.settings.kafka, instance.collector_url, KEY, STORES, 100, seed)
        load.start()
        for number in range(times):
            await asyncio.sleep(chance.uniform(1, 8))
            episode = await _episode(instance, disk, load, chance.uniform(longest_s / 3, longest_s))
            load.check()
            say(f"{number + 1}. {episode}; {disk.used:,} bytes used")
            if episode.back_s > within(BACK_S):
                wrong.append(f"episode {number + 1}: ready only after {episode.back_s:.0f} s")
            if restless := {name: many for name, many in episode.ended.items() if many > 1}:
                wrong.append(f"episode {number + 1}: ended more than once: {restless}")
            if not set(episode.page) <= {"200"}:
                wrong.append(f"episode {number + 1}: the page answered {dict(episode.page)}")
        await load.stop(SETTLE_S)
        report = await Checker(instance).wait(load.ledger, SETTLE_S, say)
        say(str(report))
        if report.differences or report.not_settled:
            wrong.append(f"{report.differences} differences {report.not_settled}")
        if "disk" not in instance.said():
            wrong.append("nobody said that the disk was full")
    finally:
        instance.stop()
        if wrong:  # the disk goes with this process
            shutil.copytree(instance.folder, logs / "data", ignore_dangling_symlinks=True, dirs_exist_ok=True)
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.full_disk", description=__doc__)
    parser.add_argument("--times", type=int, default=20, help="how often the disk is full")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the moments and the load")
    parser.add_argument("--longest", type=float, default=45.0, help="for how many seconds at most")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="funnelwatch-disk-"))
    print(f"seed {asked.seed}, logs in {folder}/logs", flush=True)
    wrong = asyncio.run(
        run(asked.times, asked.seed, folder, lambda line: print(line, flush=True), asked.longest)
    )
    print("\n".join(wrong) or "everything held", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""The monitor role as shipped: the same app with the same settings, watched by a thread that looks at its marks.

The clock starts at the end of its recovery, and what aiokafka had fetched ahead by then is fetched again: reading is timed too.
It is done when the marks of all partitions, which are written in the transaction of the counts, are behind the last event.
Ticks are off, since the topic is shared with the others, which know no ticks.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
from faust.types import TP

from scoring.funnel.scores import MinuteRow
from scoring.funnel.stages import STAGES
from streams import logs
from streams.config.model import Config
from streams.instance.files import StateReport
from streams.kafka.topics import EVENTS, MINUTES
from streams.monitor.app import MonitorApp, find_partitions, run
from streams.settings import load_settings
from tests.bench.windowed_count.peers import Job, read_job, say, write_counts
from tests.fixtures.kafka_tools import read_all

LOOK_S = 0.01
SHOWN_S = 30.0


def main() -> None:
    job = read_job()
    role, loop = make_role(job, Path(job.folder))
    before_counting(role, start)
    threading.Thread(target=watch, args=(job, role), daemon=True).start()
    run(role, loop)


def make_role(job: Job, data: Path) -> tuple[MonitorApp, asyncio.AbstractEventLoop]:
    """The role over the job's topics, and the loop it is to run in; ``data`` is the process's own folder."""
    settings = load_settings(kafka=job.kafka, data=data, group_prefix=job.run, monitor_tick_s=86_400.0)
    logs.configure(settings)  # to standard error: standard output is the clock's

    def rename(topic: str) -> str:
        return job.topic if topic == EVENTS else job.run + topic

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    partitions = loop.run_until_complete(find_partitions(settings.kafka, rename))
    return MonitorApp(settings, Config(), partitions, StateReport(data, "monitor"), rename=rename), loop


def before_counting(role: MonitorApp, wait: Callable[[], Awaitable[None]]) -> None:
    """Have each recovery ``wait`` at its end, and then read from the beginning whatever was fetched meanwhile."""
    monitor, recover = role.monitor, role.monitor.recover

    async def recovered() -> None:
        await recover()
        generation = monitor.generation
        if monitor.is_active:
            await wait()
        if monitor.is_active and monitor.generation == generation:
            await role.app.consumer.seek_wait({TP(monitor.topic, number): 0 for number in monitor.owned})

    monitor.recover = recovered  # type: ignore[method-assign]


async def start() -> None:
    say("start")


def counted(role: MonitorApp) -> int:
    """How many records of this process's partitions are before their marks."""
    return sum(part.mark.offset + 1 for part in list(role.monitor.partitions.values()))


def watch(job: Job, role: MonitorApp) -> None:
    while counted(role) < job.events:
        time.sleep(LOOK_S)
    say("done")
    asyncio.run(count(job))
    os._exit(0)


async def count(job: Job) -> None:
    """Write the counts as a reader of the topic of minutes sees them.

    The broker shows a transaction to readers a moment after it has acknowledged it.
    """
    best: dict[tuple[str, int, str], MinuteRow] = {}
    until = time.monotonic() + SHOWN_S
    while sum(sum(row.counts) for row in best.values()) != job.events and time.monotonic() < until:
        for record in await read_all(job.kafka, job.run + MINUTES):
            row = msgspec.json.decode(record.value, type=MinuteRow)
            key = (row.store_id, row.minute_ms, row.segment)
            if key not in best or best[key].as_of < row.as_of:
                best[key] = row
    write_counts(
        job,
        (
            (row.store_id, row.minute_ms // 60_000, stage.value, number)
            for row in best.values()
            for stage, number in zip(STAGES, row.counts, strict=True)
        ),
    )


if __name__ == "__main__":
    main()

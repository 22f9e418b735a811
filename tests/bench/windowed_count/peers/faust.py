"""Faust as its documentation shows it: a Record, an agent that iterates a stream, a tumbling Table."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import faust

from tests.bench.windowed_count.peers import read_job, say, write_counts

job = read_job()
app = faust.App(
    job.run,
    broker=f"kafka://{job.kafka}",
    datadir=job.folder,
    store="memory://",
    topic_partitions=job.partitions,
    consumer_auto_offset_reset="earliest",
    web_enabled=False,
)


class FunnelEvent(faust.Record, serializer="json"):
    event_id: str
    store_id: str
    type: str
    event_time_ms: int


events = app.topic(job.topic, value_type=FunnelEvent)
counts = (
    app.Table("counts", default=int)
    .tumbling(60.0, expires=timedelta(days=1))
    .relative_to(lambda event: event.value.event_time_ms / 1000)
)
seen = 0


@app.agent(events)
async def count(stream: Any) -> None:
    global seen
    async for event in stream:
        if not seen:
            say("start")
        counts[f"{event.store_id}/{event.type}"] += 1
        seen += 1
        if seen == job.events:
            say("done")
            write_counts(job, rows())
            os._exit(0)


def rows() -> Iterator[tuple[str, int, str, int]]:
    for (key, (start, _)), number in counts.table.items():
        store, _, kind = key.rpartition("/")
        yield store, int(start) // 60, kind, number


if __name__ == "__main__":
    app.boot_strategy.enable_web = False
    worker = faust.Worker(app, loglevel="WARN", quiet=True)
    worker.execute_from_commandline()

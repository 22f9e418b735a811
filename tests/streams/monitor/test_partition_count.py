"""The events topic is given more partitions under a running monitor: it stops and says so, and counts nothing wrong."""

from __future__ import annotations

from pathlib import Path

from streams.kafka.admin import add_partitions
from streams.kafka.topics import EVENTS
from streams.monitor.app import PER_PARTITION
from tests.fixtures.kafka_tools import make_topics, produce, read_all
from tests.streams.monitor.workers import (
    PARTITIONS,
    Process,
    independent_count,
    last_line,
    published,
    some_events,
    wait_for_total,
)


async def test_more_partitions_under_a_running_monitor_end_it_before_it_counts_a_store_in_two_places(
    kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    await make_topics(kafka, topic_prefix, PARTITIONS)
    await produce(kafka, topic_prefix + EVENTS, some_events(200, 1))
    before = independent_count(await read_all(kafka, topic_prefix + EVENTS))
    worker = Process(kafka, topic_prefix, tmp_path)
    worker.start()
    await wait_for_total(kafka, topic_prefix, sum(before.values()))

    await add_partitions(kafka, [topic_prefix + EVENTS], 2 * PARTITIONS)
    await produce(kafka, topic_prefix + EVENTS, some_events(200, 2))
    reported = await last_line(worker)
    assert "keys have moved" in reported, "the topic's own reader may see it before the flush does"
    assert "runbook" in reported
    assert await published(kafka, topic_prefix) == before, (
        "nothing of what came with moved keys was published"
    )

    worker.start()
    assert "must have the same number of partitions" in await last_line(worker)

    others = [topic_prefix + topic for topic in PER_PARTITION if topic != EVENTS]
    await add_partitions(kafka, others, 2 * PARTITIONS)
    worker.start()
    assert "counted while it had" in await last_line(worker)
    assert await published(kafka, topic_prefix) == before

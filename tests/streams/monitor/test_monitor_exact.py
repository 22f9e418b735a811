"""The monitor on the real broker: killed at any moment, its numbers are those of an independent count."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from scoring.events.event import Event, EventType
from scoring.funnel.scores import ScoreRow
from streams.kafka.topics import COUNTS_CHANGELOG, DEADLETTERS, EVENTS, SCORES, WINDOWS
from streams.monitor.app import EXIT_FAILED
from streams.monitor.monitor import BACKLOG_RECORDS, Monitor
from tests.deadlines import within
from tests.fixtures.kafka_tools import make, make_topics, produce, read_all
from tests.streams.monitor.workers import (
    DEADLINE_S,
    PARTITIONS,
    Process,
    independent_count,
    published,
    some_events,
    wait_for_total,
)


class _Value(NamedTuple):
    """A record that was sent, as far as counting goes."""

    value: bytes


@pytest.fixture
def monitor(kafka: str, topic_prefix: str, tmp_path: Path) -> Iterator[Process]:
    process = Process(kafka, topic_prefix, tmp_path)
    yield process
    if process.process is not None and process.process.poll() is None:
        process.process.kill()
        process.process.wait()


async def test_killed_twice_under_load_nothing_is_lost_or_counted_twice(
    kafka: str, topic_prefix: str, monitor: Process
) -> None:
    await make_topics(kafka, topic_prefix, PARTITIONS)
    monitor.start()
    chance = random.Random(7)
    for part in range(3):
        await produce(kafka, topic_prefix + EVENTS, some_events(3000, part))
        so_far = independent_count(await read_all(kafka, topic_prefix + EVENTS, "read_uncommitted"))
        await wait_for_total(kafka, topic_prefix, sum(so_far.values()) - 2500)
        if part < 2:
            await asyncio.sleep(chance.random() * 0.3)
            monitor.end(signal.SIGKILL)
            monitor.start()
    await produce(kafka, topic_prefix + EVENTS, some_events(3000, 0))  # all of the first part again
    wanted = independent_count(await read_all(kafka, topic_prefix + EVENTS, "read_uncommitted"))
    await wait_for_total(kafka, topic_prefix, sum(wanted.values()))
    assert monitor.end(signal.SIGTERM) == 0
    assert await published(kafka, topic_prefix) == wanted
    letters = await read_all(kafka, topic_prefix + DEADLETTERS)
    assert len(letters) == len({json.loads(letter.value)["letter_id"] for letter in letters}) == 4
    scores = [
        msgspec.json.decode(record.value, type=ScoreRow)
        for record in await read_all(kafka, topic_prefix + SCORES)
    ]
    first_scores = [(row.store_id, row.minute_ms) for row in scores if row.version == 0]
    assert first_scores
    assert len(first_scores) == len(set(first_scores)), "a minute was closed twice"
    assert await read_all(kafka, topic_prefix + WINDOWS)


async def test_what_was_counted_of_a_backlog_is_written_once_nothing_of_it_is_left(
    kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    await make_topics(kafka, topic_prefix, 1)
    present = int(time.time() * 1000)
    clicks = [
        msgspec.json.encode(Event(str(number), "s", EventType.CLICK, present, present))
        for number in range(BACKLOG_RECORDS * 3 // 2)
    ]
    await produce(kafka, topic_prefix + EVENTS, [(b"s", click, present) for click in clicks])
    never = Process(kafka, topic_prefix, tmp_path, monitor_flush_s=3600, monitor_tick_s=3600)
    never.start()
    found = await wait_for_total(kafka, topic_prefix, len(clicks))
    never.end(signal.SIGKILL)  # it had no turn of its own to write in
    assert sum(found.values()) == len(clicks)


async def test_a_recreated_topic_is_counted_from_its_beginning(
    kafka: str, topic_prefix: str, monitor: Process
) -> None:
    await make_topics(kafka, topic_prefix, PARTITIONS)
    await produce(kafka, topic_prefix + EVENTS, some_events(500, 1))
    monitor.start()
    first = independent_count(await read_all(kafka, topic_prefix + EVENTS, "read_uncommitted"))
    await wait_for_total(kafka, topic_prefix, sum(first.values()))
    assert monitor.end(signal.SIGTERM) == 0
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.delete_topics([topic_prefix + EVENTS])
    await admin.close()
    await _until_gone(kafka, topic_prefix + EVENTS)
    await make(kafka, [NewTopic(topic_prefix + EVENTS, PARTITIONS, 1)])
    records = [(k, v.replace(b'"order_id"', b'"session"'), t) for k, v, t in some_events(300, 2)]
    await produce(kafka, topic_prefix + EVENTS, records)
    second = independent_count(await read_all(kafka, topic_prefix + EVENTS, "read_uncommitted"))
    monitor.start()
    await wait_for_total(kafka, topic_prefix, sum((first + second).values()))
    assert monitor.end(signal.SIGTERM) == 0
    assert await published(kafka, topic_prefix) == first + second


async def test_a_failure_ends_the_process_with_the_reason_in_its_last_log_line(
    kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    await make_topics(kafka, topic_prefix, PARTITIONS)
    await produce(kafka, topic_prefix + EVENTS, some_events(50, 1))
    broken = Process(kafka, topic_prefix, tmp_path, "broken")
    broken.start()
    assert broken.process is not None
    assert await asyncio.to_thread(broken.process.wait, within(DEADLINE_S)) == 70
    last = broken.log.read_text().strip().splitlines()[-1]
    assert "monitor_ended" in last
    assert "the flush failed" in last
    assert "planted" in last
    assert await published(kafka, topic_prefix) == Counter()


async def test_a_topic_recreated_while_it_is_read_ends_the_process_and_is_counted_from_its_beginning(
    kafka: str, topic_prefix: str, monitor: Process, tmp_path: Path
) -> None:
    await make_topics(kafka, topic_prefix, PARTITIONS)
    await produce(kafka, topic_prefix + EVENTS, some_events(500, 1))
    monitor.start()
    first = independent_count(await read_all(kafka, topic_prefix + EVENTS, "read_uncommitted"))
    await wait_for_total(kafka, topic_prefix, sum(first.values()))
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.delete_topics([topic_prefix + EVENTS])
    await _until_gone(kafka, topic_prefix + EVENTS)
    await admin.create_topics([NewTopic(topic_prefix + EVENTS, PARTITIONS, 1)])
    await admin.close()
    # more than there was, so that its old position exists in the new topic
    records = [(k, v.replace(b'"order_id"', b'"session"'), t) for k, v, t in some_events(3000, 2)]
    await produce(kafka, topic_prefix + EVENTS, records)
    second = Counter(dict(independent_count([_Value(value) for _, value, _ in records])))
    assert monitor.process is not None
    assert await asyncio.to_thread(monitor.process.wait, within(DEADLINE_S)) == EXIT_FAILED
    assert "was the topic deleted and recreated?" in (tmp_path / "monitor.log").read_text()
    monitor.start()
    await wait_for_total(kafka, topic_prefix, sum((first + second).values()))
    assert monitor.end(signal.SIGTERM) == 0
    assert await published(kafka, topic_prefix) == first + second


async def test_a_process_left_without_partitions_by_a_missing_topic_starts_over_when_it_is_recreated(
    kafka: str, topic_prefix: str
) -> None:
    def never(*_: Any) -> Any:
        raise AssertionError("it owns nothing")

    topic = topic_prefix + EVENTS
    await make_topics(kafka, topic_prefix, PARTITIONS)
    idle = Monitor(kafka, topic, topic_prefix + COUNTS_CHANGELOG, never, never, never, never)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    asked = [await idle.replaced_topic()]
    await admin.delete_topics([topic])
    await _until_gone(kafka, topic)
    asked.append(await idle.replaced_topic())
    await admin.create_topics([NewTopic(topic, PARTITIONS, 1)])
    await admin.close()
    async with asyncio.timeout(within(DEADLINE_S)):
        while (reported := await idle.replaced_topic()) is None:
            await asyncio.sleep(0.05)
    await idle.close()
    assert asked == [None, None]
    assert "was the topic deleted and recreated?" in reported


async def _until_gone(kafka: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    async with asyncio.timeout(within(DEADLINE_S)):
        while topic in await admin.list_topics():
            await asyncio.sleep(0.05)
    await admin.close()

"""What recovery makes of the events topic as it finds it, on the real broker."""

from __future__ import annotations

import json
import time
from pathlib import Path

import msgspec
from aiokafka.admin import NewTopic

from scoring.counting.partition import PartitionCounts
from scoring.counting.segments import Segmenter
from streams.config.model import Config
from streams.instance.files import StateReport
from streams.kafka.topic_ids import TopicIds
from streams.monitor.app import MonitorApp
from streams.monitor.partition import Partition
from streams.monitor.records import MARK_KEY, Mark, fingerprint
from streams.monitor.recovery import read_source
from streams.settings import load_settings
from tests.fixtures.kafka_tools import make, produce
from tests.streams.monitor.monitor_process import NaiveDetector

HOUR_MS = 3_600_000


def a_partition(mark: Mark) -> Partition:
    counts = PartitionCounts(Segmenter((), 32), 48 * HOUR_MS, HOUR_MS)
    partition = Partition(0, counts, NaiveDetector(), 0)
    partition.restore(MARK_KEY, msgspec.json.encode(mark))
    return partition


def events(number: int) -> list[tuple[bytes, bytes, int]]:
    at = int(time.time() * 1000)
    made = []
    for index in range(number):
        event = {
            "event_id": f"e{index}",
            "store_id": "s",
            "type": "click",
            "event_time_ms": at,
            "received_at_ms": at,
        }
        made.append((b"s", json.dumps(event).encode(), at))
    return made


def test_a_group_that_saw_no_partitions_while_the_broker_started_looks_again_within_seconds(
    tmp_path: Path,
) -> None:
    app = MonitorApp(load_settings(data=tmp_path), Config(), 3, StateReport(tmp_path, "monitor"))
    assert (
        app.app.conf.consumer_metadata_max_age_ms <= 15_000
    )  # aiokafka: five minutes, in which nothing is counted


async def recovered(kafka: str, topic: str, topic_id: str, partition: Partition) -> Partition:
    assert await read_source(kafka, topic, topic_id, {0: partition}, lambda: True)
    return partition


async def test_a_log_cut_short_by_its_broker_was_counted_again_from_the_beginning(
    kafka: str, topic_prefix: str
) -> None:
    topic = topic_prefix + "in"
    await make(kafka, [NewTopic(topic, 1, 1)])
    await produce(kafka, topic, events(10))
    topic_id = await TopicIds(kafka).of(topic)
    lost = await recovered(kafka, topic, topic_id, a_partition(Mark(offset=14, topic_id=topic_id)))
    assert lost.offset == 9
    assert lost.mark.base + lost.mark.offset == 14, "as_of must not go back"


async def test_a_topic_under_another_id_is_counted_from_its_beginning(kafka: str, topic_prefix: str) -> None:
    topic = topic_prefix + "in"
    await make(kafka, [NewTopic(topic, 1, 1)])
    sent = events(10)
    await produce(kafka, topic, sent)
    topic_id = await TopicIds(kafka).of(topic)
    # the very records, as a copy into a new topic would have them
    mark = Mark(offset=4, fingerprint=fingerprint(sent[4][1]), topic_id="0" * 32)
    again = await recovered(kafka, topic, topic_id, a_partition(mark))
    assert (again.offset, again.mark.base) == (-1, 5)
    same = await recovered(
        kafka, topic, topic_id, a_partition(msgspec.structs.replace(mark, topic_id=topic_id))
    )
    assert (same.offset, same.mark.base) == (4, 0)


async def test_a_mark_without_topic_id_is_checked_by_the_record_at_it(kafka: str, topic_prefix: str) -> None:
    topic = topic_prefix + "in"
    await make(kafka, [NewTopic(topic, 1, 1)])
    sent = events(10)
    await produce(kafka, topic, sent)
    topic_id = await TopicIds(kafka).of(topic)
    kept = await recovered(kafka, topic, topic_id, a_partition(Mark(4, 0, fingerprint(sent[4][1]))))
    assert (kept.offset, kept.topic_id) == (4, topic_id)
    other = await recovered(kafka, topic, topic_id, a_partition(Mark(4, 0, fingerprint(b"another"))))
    assert other.offset == -1

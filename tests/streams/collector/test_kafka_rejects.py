"""What Kafka rejects for good never blocks what follows: a wrong clock, a record that is too large, damaged bytes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from streams.clock import monotonic, now_ms
from streams.collector import publisher as publishing
from streams.collector.frames import Record, read_frame
from streams.collector.publisher import Publisher, RecordsRejectedError
from streams.collector.spool import Spool, set_aside
from streams.kafka.admin import create_topics
from streams.kafka.topics import TopicSpec
from tests.deadlines import within
from tests.streams.collector.places import read_topic

HOUR_MS = 3_600_000


def record(topic: str, name: str, at_ms: int, size: int = 0) -> Record:
    return Record(topic, b"a", at_ms, msgspec.json.encode({"name": name, "more": "x" * size}))


async def strict_topic(kafka: str, prefix: str, **configs: str) -> str:
    topic = f"{prefix}strict"
    named = {name.replace("_", "."): value for name, value in configs.items()}
    await create_topics(kafka, partitions=1, topics=(TopicSpec(topic, True, named),))
    return topic


async def until_drained(spool: Spool) -> None:
    deadline = monotonic() + within(30)
    while not spool.is_empty:
        assert monotonic() < deadline, "the spool still holds records"
        await asyncio.sleep(0.05)


async def names(kafka: str, topic: str, many: int) -> list[str]:
    return [value["name"] for value, _ in await read_topic(kafka, topic, many)]


async def test_records_of_a_clock_that_was_ahead_for_a_moment_do_not_block_those_after_them(
    kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    topic = await strict_topic(kafka, topic_prefix, message_timestamp_after_max_ms=str(HOUR_MS))
    spool = Spool(tmp_path, 1_000_000)
    async with Publisher(kafka, spool) as publisher:
        await publisher.publish([record(topic, "ahead", now_ms() + 2 * HOUR_MS)])
        await publisher.publish([record(topic, "after", now_ms())])
        await until_drained(spool)
    found = await read_topic(kafka, topic, 2)
    assert [value["name"] for value, _ in found] == ["ahead", "after"]
    assert all(at_ms <= now_ms() for _, at_ms in found)


@pytest.mark.parametrize("spooled", [True, False])
async def test_while_the_clock_is_hours_ahead_everything_is_still_sent(
    kafka: str, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spooled: bool
) -> None:
    topic = await strict_topic(kafka, topic_prefix, message_timestamp_after_max_ms=str(HOUR_MS))
    monkeypatch.setattr(publishing, "now_ms", lambda: now_ms() + 2 * HOUR_MS)
    spool = Spool(tmp_path, 1_000_000) if spooled else None
    async with Publisher(kafka, spool) as publisher:
        for name in "abc":
            await publisher.publish([record(topic, name, now_ms() + 2 * HOUR_MS)])
        while publisher.spooled_bytes:
            await asyncio.sleep(0.05)
    assert await names(kafka, topic, 3) == ["a", "b", "c"]


async def test_a_record_too_large_for_its_topic_is_set_aside_and_the_others_go_on(
    kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    topic = await strict_topic(kafka, topic_prefix, max_message_bytes="1000", compression_type="uncompressed")
    spool = Spool(tmp_path / "00", 1_000_000)
    whole = [record(topic, f"{number}", now_ms()) for number in range(5)]
    large = Record(topic, b"a", now_ms(), msgspec.json.encode({"name": "large", "more": noise(5000)}))
    async with Publisher(kafka, spool) as publisher:
        await publisher.publish([*whole[:3], large, *whole[3:]])
        await publisher.publish([record(topic, "after", now_ms())])
        await until_drained(spool)
    assert await names(kafka, topic, 6) == ["0", "1", "2", "3", "4", "after"]
    (kept,) = set_aside(tmp_path)
    found = read_frame(kept.read_bytes())
    assert found is not None
    assert found[0] == [large]


async def test_without_a_spool_a_rejected_record_is_reported_to_its_sender(
    kafka: str, topic_prefix: str
) -> None:
    topic = await strict_topic(kafka, topic_prefix, max_message_bytes="1000")
    large = Record(topic, b"a", now_ms(), msgspec.json.encode({"name": "large", "more": noise(5000)}))
    async with Publisher(kafka, None, patience_s=20) as publisher:
        with pytest.raises(RecordsRejectedError):
            await publisher.publish([large])
        await publisher.publish([record(topic, "after", now_ms())])
    assert await names(kafka, topic, 1) == ["after"]


def noise(size: int) -> str:
    """Text that does not compress much."""
    state, letters = 7, []
    for _ in range(size):
        state = (state * 1_103_515_245 + 12_345) % 2**31
        letters.append(chr(33 + (state >> 16) % 90))
    return "".join(letters)

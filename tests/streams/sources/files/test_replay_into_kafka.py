"""A file through the collector's own intake into a real broker: what is in the topics afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer

from scoring.events.delivery import StoreDefaults
from scoring.events.event import DeadLetter, Event, RejectReason
from scoring.events.pseudonyms import Pseudonyms
from streams.clock import monotonic, now_ms
from streams.collector.intake import EventIntake
from streams.collector.publisher import Publisher
from streams.kafka.admin import create_topics
from streams.kafka.topics import DEADLETTERS, EVENTS, TopicSpec
from streams.sources.files.mapping import load_mapping
from streams.sources.files.reading import Table
from streams.sources.files.run import Replay, ReplayReport
from tests.deadlines import within

Run = Callable[..., Awaitable[ReplayReport]]


@pytest.fixture
async def run(kafka: str, topic_prefix: str) -> AsyncIterator[Run]:
    topics = [TopicSpec(topic_prefix + EVENTS, True), TopicSpec(topic_prefix + DEADLETTERS, False)]
    await create_topics(kafka, partitions=2, topics=topics)
    async with Publisher(kafka, None) as publisher:
        intake = EventIntake(
            publisher,
            {},
            Pseudonyms("a key"),
            events_topic=topic_prefix + EVENTS,
            deadletters_topic=topic_prefix + DEADLETTERS,
        )

        async def replay(path: Path, speed: float | None = None) -> ReplayReport:
            mapping = load_mapping("taobao")
            table = Table(path, mapping)
            return await Replay(table, mapping, "shop", StoreDefaults("taobao", "CNY"), intake, speed).run()

        yield replay


async def everything(kafka: str, topic: str) -> list[Any]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka, auto_offset_reset="earliest")
    await consumer.start()
    try:
        parts = list(consumer.assignment())
        assert parts
        ends = await consumer.end_offsets(parts)
        records: list[Any] = []
        deadline = monotonic() + within(20)
        while len(records) < sum(ends.values()):
            assert monotonic() < deadline, f"{len(records)} of {ends}"
            for batch in (await consumer.getmany(timeout_ms=500)).values():
                records += batch
        return records
    finally:
        await consumer.stop()


ROWS = [
    "1,10,100,pv,1511658000",
    "1,10,100,pv,1511658000",
    "2,11,101,cart,1511658001",
    "2,11,101,buy,1511658002",
    "3,12,102,fav,1511658003",
]


async def test_a_second_replay_sends_the_same_events_again(
    run: Run, kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join(ROWS) + "\n")
    before = now_ms()
    reports = [await run(path), await run(path)]
    assert [report.accepted for report in reports] == [5, 5]
    records = await everything(kafka, topic_prefix + EVENTS)
    events = [msgspec.json.decode(record.value, type=Event) for record in records]
    assert len({event.event_id for event in events}) == 5
    assert sorted(event.event_id for event in events[:5]) == sorted(event.event_id for event in events[5:])
    assert [event.type.value for event in events[:5]] == [
        "click",
        "click",
        "add_to_cart",
        "order",
        "favourite",
    ]
    assert {event.platform for event in events} == {"taobao"}
    assert {event.source for event in events} == {"replay"}
    assert {record.key for record in records} == {b"shop"}
    assert all(before <= record.timestamp <= now_ms() for record in records)
    assert all(event.visitor not in ("", "1", "2", "3") for event in events)


async def test_what_is_rejected_is_kept_with_its_line_and_without_the_visitor(
    run: Run, kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "\n".join([*ROWS, "777123,10,100,pv", "777123,1,1,teleport,1511658000", "777123,10,100,pv,15"])
    )
    reports = [await run(path), await run(path)]
    assert reports[0].rejected == {"bad_row": 1, "unknown_type": 1, "time_absurd": 1}
    letters = [
        msgspec.json.decode(record.value, type=DeadLetter)
        for record in await everything(kafka, topic_prefix + DEADLETTERS)
    ]
    assert len({letter.letter_id for letter in letters}) == 3
    by_reason = {letter.reason: letter for letter in letters}
    assert by_reason[RejectReason.BAD_ROW].detail.startswith("line 6: cut short: 4 columns")
    assert by_reason[RejectReason.UNKNOWN_TYPE].detail.startswith("line 7:")
    assert by_reason[RejectReason.TIME_ABSURD].detail.startswith("line 8:")
    assert {letter.store_id for letter in letters} == {"shop"}
    assert all("777123" not in letter.payload for letter in letters)


async def test_a_paced_replay_takes_as_long_as_its_events_did(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join(ROWS))
    report = await run(path, speed=3.0)
    assert report.accepted == 5
    assert report.seconds >= 1.0

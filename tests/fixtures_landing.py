"""The ground that landing's tests stand on: a database and topics of their own, and a landing role that runs in the test."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from scoring.events.event import Event, EventType
from streams.clickhouse import migrate
from streams.clock import now_ms
from streams.config.model import Config
from streams.kafka.admin import create_topics
from streams.kafka.topics import TOPICS, TopicSpec
from streams.landing.role import Landing
from streams.settings import Settings, load_settings


@dataclass
class Ground:
    """A database and topics of one test."""

    settings: Settings
    prefix: str
    arguments: dict[str, Any]
    client: Any

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.client.query(query).result_rows

    def one(self, query: str) -> Any:
        return self.rows(query)[0][0]

    def stage_counts(self) -> Counter[tuple[str, int, str]]:
        found = self.rows(
            "SELECT store_id, toUnixTimestamp(minute), stage, sum(count) FROM stage_counts GROUP BY 1, 2, 3"
        )
        return Counter({(store, second * 1000, stage): count for store, second, stage, count in found})

    async def send(
        self, topic: str, values: list[Any], keys: list[str] | None = None, partition: int | None = None
    ) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.settings.kafka, linger_ms=20)
        await producer.start()
        try:
            names = keys or [getattr(value, "store_id", "") for value in values]
            for value, key in zip(values, names, strict=True):
                raw = value if isinstance(value, bytes) else msgspec.json.encode(value)
                await producer.send(self.prefix + topic, raw, key=key.encode() or None, partition=partition)
            await producer.flush()
        finally:
            await producer.stop()

    @asynccontextmanager
    async def landing(self, group: str = "g") -> AsyncIterator[Landing]:
        settings = self.settings.model_copy(update={"group_prefix": f"{self.prefix}{group}"})
        landing = Landing(settings, Config(), self.prefix)
        await landing.start()
        task = asyncio.create_task(landing.run())
        try:
            yield landing
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await landing.stop()
        assert task.cancelled(), task.exception()


async def until(condition: Callable[[], Any], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        await asyncio.sleep(0.1)


def arguments_of(store: Any, database: str, kafka: str, data: Path) -> dict[str, Any]:
    return {
        "clickhouse_url": store.url,
        "clickhouse_password": store.password,
        "clickhouse_reader_password": store.reader_password,
        "clickhouse_database": database,
        "kafka": kafka,
        "data": str(data),
        "landing_flush_s": 0.3,
    }


@pytest.fixture
async def ground(
    clickhouse: Any, fresh_database: str, kafka: str, topic_prefix: str, tmp_path: Path
) -> Ground:
    arguments = arguments_of(clickhouse, fresh_database, kafka, tmp_path)
    specs = [TopicSpec(topic_prefix + spec.name, spec.per_partition, spec.configs) for spec in TOPICS]
    await create_topics(kafka, partitions=2, topics=specs)
    settings = load_settings(**arguments)
    await migrate(settings)
    return Ground(settings, topic_prefix, arguments, clickhouse.client(database=fresh_database))


def event(number: int, **more: Any) -> Event:
    moment = more.pop("event_time_ms", now_ms())
    given = {
        "event_id": f"e{number}",
        "store_id": "s1",
        "type": EventType.CLICK,
        "event_time_ms": moment,
        "received_at_ms": more.pop("received_at_ms", max(moment, now_ms())),
    }
    return Event(**{**given, **more})

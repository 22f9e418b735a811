"""A page on which people act: the real broker behind it, a small database of its own, and a hand that lands actions."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from scoring.alerts.actions import HumanAction
from streams.clickhouse import migrate
from streams.kafka import topics
from streams.kafka.admin import create_topics
from streams.settings import Settings
from tests.fixtures_clickhouse import Store
from tests.fixtures_page import RunningPage, page_settings, serve
from tests.scoring.test_cards import ALERT as TRANSITION
from tests.web_seed import ALERT, insert_alerts, moment

T = TypeVar("T")
LINK_KEY = "link-key-of-tests"


def in_a_thread(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` beside the loop that a browser keeps running in this thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


@dataclass
class ActingPage(RunningPage):
    """The page, with what a test needs to look behind it."""

    settings: Settings
    client: Any
    begins: int = 0

    async def actions(self) -> list[tuple[int, HumanAction]]:
        """What stands on the topic of actions since the page began: (offset, action)."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.settings.kafka, enable_auto_commit=False)
        await consumer.start()
        try:
            tp = TopicPartition(topics.ACTIONS, 0)
            consumer.assign([tp])
            end = (await consumer.end_offsets([tp]))[tp]
            consumer.seek(tp, self.begins)
            found = []
            while await consumer.position(tp) < end:
                for records in (await consumer.getmany(tp, timeout_ms=200)).values():
                    found += [(r.offset, msgspec.json.decode(r.value, type=HumanAction)) for r in records]
            return found
        finally:
            await consumer.stop()

    def land(self) -> list[HumanAction]:
        """Do what landing does with actions: every record of the topic becomes a row."""
        found = in_a_thread(self.actions())
        rows = [[moment(a.at_ms), 0, at, a.alert_id, msgspec.json.encode(a).decode()] for at, a in found]
        self.client.insert(
            "actions_raw", rows, column_names=["at", "log_part", "log_offset", "store_id", "action"]
        )
        return [action for _, action in found]

    def detail(self, alert: str) -> Any:
        return self.json(f"/alerts/{alert}")


async def _make(settings: Settings) -> int:
    """Topics, tables and the alert on its topic; gives where the topic of actions ends."""
    await create_topics(settings.kafka, partitions=2)
    await migrate(settings)
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka)
    await producer.start()
    now_ms = time.time_ns() // 1_000_000
    known = msgspec.structs.replace(
        TRANSITION, alert_id=ALERT, store_id="us-own", opened_at_ms=now_ms - 600_000, fired_at_ms=now_ms - 500_000
    )  # fmt: skip
    await producer.send_and_wait(topics.ALERTS, msgspec.json.encode(known), key=b"us-own")
    await producer.stop()
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka)
    await consumer.start()
    tp = TopicPartition(topics.ACTIONS, 0)
    end = (await consumer.end_offsets([tp]))[tp]
    await consumer.stop()
    return int(end)


@pytest.fixture(scope="module")
def acting_page(
    clickhouse: Store, kafka: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ActingPage]:
    """The page over two alerts, one of which fires; nobody has done anything yet."""
    data: Path = tmp_path_factory.mktemp("acts")
    database = f"funnelwatch_{uuid.uuid4().hex[:10]}"
    settings = page_settings(
        clickhouse, data, clickhouse_database=database, kafka=kafka, link_key=LINK_KEY, group_prefix="acts"
    )
    begins = in_a_thread(_make(settings))
    client = clickhouse.client(database)
    now_ms = time.time_ns() // 1_000_000
    insert_alerts(client, now_ms)
    running = serve(settings, now_ms)
    page = next(running)
    yield ActingPage(page.url, now_ms, settings, client, begins)
    next(running, None)
    client.command(f"DROP DATABASE {database}")

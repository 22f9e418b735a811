"""What the collector's tests share: stores, a running collector on a real broker, and a reader of its topics."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from aiohttp import web
from aiokafka import AIOKafkaConsumer

from scoring.events.delivery import StoreDefaults
from scoring.events.pseudonyms import Pseudonyms
from streams.clock import monotonic
from streams.collector.door import Door
from streams.collector.intake import EventIntake
from streams.collector.keys import WriteKeys, store_defaults
from streams.collector.publisher import Publisher
from streams.collector.server import CollectorApp
from streams.collector.spool import Spool
from streams.config.model import Config
from streams.kafka.admin import create_topics
from streams.kafka.topics import TopicSpec
from streams.settings import Settings, load_settings
from streams.sources.registry import SOURCES, doors
from streams.sources.source import SourceSpec
from tests.deadlines import within

KEYS = {"env:A": "key-of-a", "env:B": "key-of-b", "env:PIXEL": "key-of-pixel"}
CONFIG = Config.model_validate(
    {
        "stores": [
            {
                "id": "a",
                "platform": "shopify",
                "currency": "EUR",
                "keys": ["env:A"],
                "pixel_keys": ["env:PIXEL"],
            },
            {"id": "b", "platform": "own_site", "currency": "CNY", "keys": ["env:B"]},
        ]
    }
)


@dataclass
class Place:
    """A running collector."""

    url: str
    kafka: str
    events_topic: str
    deadletters_topic: str
    intake: EventIntake
    session: aiohttp.ClientSession

    async def post(
        self, body: object, key: str = "key-of-a", path: str = "/v1/events", **headers: str
    ) -> Any:
        """Status and decoded answer of a POST of ``body`` (bytes, or a value sent as JSON)."""
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if key:
            named["Authorization"] = f"Bearer {key}"
        async with self.session.post(self.url + path, data=data, headers=named) as answer:
            return answer.status, msgspec.json.decode(await answer.read()), answer.headers

    def intake_for(self, stores: Mapping[str, StoreDefaults]) -> EventIntake:
        """An intake into the same topics, for other stores than the configured ones."""
        return EventIntake(
            self.intake.publisher,
            stores,
            Pseudonyms("test"),
            events_topic=self.events_topic,
            deadletters_topic=self.deadletters_topic,
        )

    async def events(self, many: int) -> list[dict[str, Any]]:
        """The first ``many`` events of the topic, in the order of each partition."""
        return [value for value, _ in await read_topic(self.kafka, self.events_topic, many)]

    async def letters(self, many: int) -> list[dict[str, Any]]:
        """The first ``many`` dead letters."""
        return [value for value, _ in await read_topic(self.kafka, self.deadletters_topic, many)]


async def read_topic(
    kafka: str, topic: str, many: int, wait_s: float = 20.0, *, or_more: bool = False
) -> list[tuple[dict[str, Any], int]]:
    """``many`` records of ``topic`` as (value, timestamp); fails if fewer come in ``wait_s``, or more unless ``or_more``."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=kafka, auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    try:
        partitions = list(consumer.assignment())
        deadline = monotonic() + within(wait_s)
        while sum((await consumer.end_offsets(partitions)).values()) < many:
            assert monotonic() < deadline, f"{topic} has not {many} records"
            await asyncio.sleep(0.05)
        ends = await consumer.end_offsets(partitions)
        assert or_more or sum(ends.values()) == many
        found: list[tuple[dict[str, Any], int]] = []
        while len(found) < sum(ends.values()):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                found += [(msgspec.json.decode(record.value), record.timestamp) for record in records]
            assert monotonic() < deadline
        return found
    finally:
        await consumer.stop()


def settings_for(folder: Path, **more: object) -> Settings:
    """Settings of a test; nothing of the environment matters."""
    return load_settings(data=folder, hash_key="test", trusted_proxies=("127.0.0.1/32",), **more)


@asynccontextmanager
async def running(
    kafka: str,
    prefix: str,
    settings: Settings,
    spool: Spool | None = None,
    delivery_s: float = 4.0,
    make_topics: bool = True,
    sources: Sequence[SourceSpec] = SOURCES,
    more_doors: Sequence[Door] = (),
) -> AsyncIterator[Place]:
    """A collector that serves on a free port."""
    events, letters = f"{prefix}events", f"{prefix}letters"
    if make_topics:
        specs = (TopicSpec(events, True), TopicSpec(letters, False))
        await create_topics(kafka, partitions=3, topics=specs)
    async with Publisher(kafka, spool, delivery_s=delivery_s, patience_s=0.0) as publisher:
        intake = EventIntake(
            publisher,
            store_defaults(CONFIG),
            Pseudonyms("test"),
            events_topic=events,
            deadletters_topic=letters,
            longest_event=settings.collector_event_bytes,
            max_events=settings.collector_batch_events,
        )
        keys = WriteKeys(CONFIG, settings.collector_rate, monotonic, KEYS.__getitem__)
        runner = web.AppRunner(
            CollectorApp(settings, intake, keys, (*doors(sources), *more_doors)).application(),
            access_log=None,
            auto_decompress=False,
        )
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            async with aiohttp.ClientSession() as session:
                yield Place(url, kafka, events, letters, intake, session)
        finally:
            await runner.cleanup()

"""The pools' role on the real broker: each transition is published once, through a death and a second leader."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from scoring.alerts.alert import AlertKind, AlertState, AlertTransition
from scoring.baselines import StoreBaseline, StoreHistory, encode_baseline, fit_baselines
from scoring.counting.records import ClockTick, encode_tick
from scoring.detection.pool_minutes import PoolMinutes
from scoring.events.event import Event, EventType
from scoring.funnel.scores import ScoreRow
from streams.config.model import Config
from streams.instance.files import StateReport, read_state
from streams.kafka.admin import add_partitions
from streams.kafka.errors import LogFencedError
from streams.kafka.topics import ALERTS, BASELINES, EVENTS, SCORES
from streams.pools.log import PoolLog
from streams.pools.role import lead
from streams.settings import Settings, load_settings
from tests.deadlines import within
from tests.fixtures.kafka_tools import make_topics, produce, read_all
from tests.scoring.detection import shops
from tests.streams.monitor.workers import Process

DEADLINE_S = 60
CONFIG = Config.model_validate(
    {
        "stores": [{"id": store, "platform": "shopify", "country": "US"} for store in shops.STORES],
        "segments": {"dimensions": ["device_class", "payment_method"]},
        "pools": {"dimensions": ["platform"]},
    }
)


@pytest.fixture(scope="module")
def baselines() -> list[StoreBaseline]:
    histories = [
        StoreHistory(store, "UTC", shops.START, shops.SEGMENTS, counts[:, :, : shops.TRAIN])
        for store, counts in shops.COUNTS.items()
    ]
    return [
        b for b in fit_baselines(histories, 1, pools=shops.RULES) if b.store_id == shops.POOL or not b.members
    ]


@pytest.fixture(scope="module")
def rows(baselines: list[StoreBaseline]) -> list[list[ScoreRow]]:
    return shops.score_rows(baselines, shops.broken(0.45))


def records(rows: list[list[ScoreRow]]) -> list[tuple[bytes | None, bytes, int]]:
    at_ms = int(time.time() * 1000)
    return [(row.store_id.encode(), msgspec.json.encode(row), at_ms) for minute in rows for row in minute]


@pytest.fixture
async def settings(kafka: str, topic_prefix: str, tmp_path: Path, baselines: list[StoreBaseline]) -> Settings:
    await make_topics(kafka, topic_prefix, 2)
    published = [(b.store_id.encode(), encode_baseline(b), 1) for b in baselines]
    await produce(kafka, topic_prefix + BASELINES, published)
    return load_settings(data=tmp_path, kafka=kafka)


def begin(settings: Settings, prefix: str) -> asyncio.Task[None]:
    """A leader that never asks whether it still leads: only the broker can stop it."""

    async def always() -> bool:
        return True

    report = StateReport(settings.data, "pools")
    return asyncio.create_task(lead(settings, CONFIG, always, report, lambda topic: prefix + topic))


async def end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def reported_when(
    settings: Settings, prefix: str, done: Callable[[list[AlertTransition]], bool]
) -> list[AlertTransition]:
    async with asyncio.timeout(within(DEADLINE_S)):
        while True:
            found = await read_all(settings.kafka, prefix + ALERTS)
            reported = [msgspec.json.decode(record.value, type=AlertTransition) for record in found]
            if done(reported):
                return reported
            await asyncio.sleep(0.1)


async def test_a_pool_is_reported_once_through_a_death_and_a_second_leader(
    settings: Settings, topic_prefix: str, baselines: list[StoreBaseline], rows: list[list[ScoreRow]]
) -> None:
    expected = [
        t
        for t in shops.feed(PoolMinutes(shops.pools_of(baselines), (0, 1)), rows)
        if t.store_id == shops.POOL
    ]
    scores, half = topic_prefix + SCORES, shops.BREAKS + 50
    await produce(settings.kafka, scores, records(rows[:half]))
    first = begin(settings, topic_prefix)
    fired, *_ = await reported_when(settings, topic_prefix, bool)
    assert (fired.kind, fired.state) == (AlertKind.POOLED, AlertState.FIRING)
    assert sorted(fired.members) == list(shops.STORES)
    await end(first)

    await produce(settings.kafka, scores, records(rows[half : half + 5]))
    second, third = begin(settings, topic_prefix), None
    await produce(settings.kafka, scores, records(rows[half + 5 : half + 8]))
    third = begin(settings, topic_prefix)
    await produce(settings.kafka, scores, records(rows[half + 8 :]))
    reported = await reported_when(
        settings, topic_prefix, lambda found: bool(found) and found[-1].state is AlertState.RESOLVED
    )
    results = await asyncio.wait_for(asyncio.wait({second}), within(DEADLINE_S))
    assert isinstance(results[0].pop().exception(), LogFencedError)
    await end(third)

    assert [(t.alert_id, t.sequence, t.state) for t in reported] == [
        (t.alert_id, t.sequence, t.state) for t in expected
    ]


async def test_what_was_written_to_the_pools_log_is_there_for_the_next_leader(
    settings: Settings, topic_prefix: str
) -> None:
    def rename(topic: str) -> str:
        return topic_prefix + topic

    former, next_one = PoolLog(settings, rename), PoolLog(settings, rename)
    await former.take_over()
    await former.write(7, {"pool:country=DE": b"state"}, [])
    await next_one.take_over()
    assert (next_one.scored, next_one.snapshots) == (7, {"pool:country=DE": b"state"})
    with pytest.raises(LogFencedError):
        await former.write(8, {}, [])
    await former.close()
    await next_one.close()


async def test_the_leader_starts_over_when_the_scores_are_given_more_partitions(
    settings: Settings, topic_prefix: str
) -> None:
    leader = begin(settings, topic_prefix)
    async with asyncio.timeout(within(DEADLINE_S)):
        while read_state(settings.data, "pools") is None:
            await asyncio.sleep(0.05)
    await add_partitions(settings.kafka, [topic_prefix + SCORES], 3)
    await asyncio.wait_for(leader, within(DEADLINE_S))


@pytest.fixture
def monitor(kafka: str, topic_prefix: str, tmp_path: Path) -> Iterator[Process]:
    process = Process(kafka, topic_prefix, tmp_path, "detector", monitor_tick_s=3600)
    yield process
    if process.process is not None and process.process.poll() is None:
        process.process.kill()
        process.process.wait()


def events_of(
    history: shops.History, start: int, first: int, last: int
) -> list[tuple[bytes | None, bytes, int]]:
    """Live minutes as events in the order of their time, then a tick that ends them."""
    records: list[tuple[bytes | None, bytes, int]] = []
    for minute in range(first, last):
        at_ms = (start + minute) * shops.MINUTE_MS
        for store, counts in history.items():
            for stage, kind in ((shops.ORDER, EventType.ORDER), (shops.PAYMENT, EventType.PAYMENT)):
                for number in range(int(counts[:, stage, shops.TRAIN + minute].sum())):
                    identity = f"{store}-{kind}-{minute}-{number}"
                    event = Event(identity, store, kind, at_ms + number, at_ms + number, order_id=identity)
                    records.append((store.encode(), msgspec.json.encode(event), at_ms + number))
    end_ms = (start + last) * shops.MINUTE_MS
    return [*records, (None, encode_tick(ClockTick(end_ms)), end_ms)]


async def test_events_of_small_stores_become_one_alert_of_their_pool(
    kafka: str, topic_prefix: str, tmp_path: Path, baselines: list[StoreBaseline], monitor: Process
) -> None:
    """From the events topic through a real monitor: the stores stay quiet, the pool alerts."""
    history = shops.broken(0.45)
    start = int(time.time()) // 60 - shops.LIVE - 5
    await make_topics(kafka, topic_prefix, 1)
    published = [(b.store_id.encode(), encode_baseline(b), 1) for b in baselines]
    await produce(kafka, topic_prefix + BASELINES, published)
    settings = load_settings(data=tmp_path, kafka=kafka)
    pools = begin(settings, topic_prefix)
    events = topic_prefix + EVENTS
    await produce(kafka, events, events_of(history, start, 0, 40))
    monitor.start()
    async with asyncio.timeout(within(DEADLINE_S)):
        while not await read_all(kafka, topic_prefix + SCORES):
            await asyncio.sleep(0.1)
    await produce(kafka, events, events_of(history, start, 40, shops.LIVE))
    reported = await reported_when(
        settings, topic_prefix, lambda found: bool(found) and found[-1].state is AlertState.RESOLVED
    )
    await end(pools)
    assert {(t.store_id, t.kind) for t in reported} == {(shops.POOL, AlertKind.POOLED)}
    assert shops.BREAKS < reported[0].at_ms // shops.MINUTE_MS - start <= shops.FIXED

"""The baselines job on the real store and broker: it fits what history there is and publishes it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiokafka import AIOKafkaConsumer

from scoring.baselines import StoreBaseline, decode_baseline
from scoring.baselines.benchmark import BenchmarkError
from streams.clock import monotonic, now_ms
from streams.config.model import Config, StoreConfig
from streams.instance.files import StateReport, read_states
from streams.jobs.baselines import Extent, outgrown, pause_s, run
from streams.jobs.benchmark import drop_benchmark, put_benchmark, read_benchmark
from streams.kafka import topics
from streams.kafka.admin import create_topics
from streams.settings import load_settings
from tests.deadlines import within


async def test_history_in_the_store_becomes_a_published_baseline(
    clickhouse: Any, ready_database: str, kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    settings = load_settings(
        data=tmp_path, kafka=kafka, clickhouse_url=clickhouse.url, clickhouse_database=ready_database,
        clickhouse_password=clickhouse.password, clickhouse_reader_password=clickhouse.reader_password,
        group_prefix=topic_prefix.rstrip("."),
    )  # fmt: skip
    await create_topics(kafka, partitions=2)
    rng = np.random.default_rng(5)
    first = now_ms() // 60_000 - 3 * 1440
    clicks = rng.poisson(20, 3 * 1440)
    rows = [
        [
            "job-store",
            (first + minute) * 60,
            "ios",
            [0, int(n), int(rng.binomial(n, 0.25)), 0, 0, 0, 0],
            minute,
        ]
        for minute, n in enumerate(clicks)
    ]
    old = [0, 1, 0, 0, 0, 0, 0]  # its platform resent a few old ones when the store was connected
    rows += [["job-store", (first - days * 1440) * 60, "ios", old, 0] for days in (20, 17, 3)]
    clickhouse.client(database=ready_database).insert(
        "minutes_raw", rows, column_names=["store_id", "minute", "segment", "counts", "version"]
    )
    config = Config(stores=(StoreConfig(id="job-store", zone="Asia/Shanghai"),))
    job = asyncio.create_task(run(settings, config, StateReport(tmp_path, "jobs")))
    try:
        baseline = await first_baseline(kafka, "job-store")
    finally:
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)
    assert baseline.zone == "Asia/Shanghai"
    assert baseline.stages == ("click", "add_to_cart")
    assert abs(baseline.steps["click_to_add_to_cart"].rate - 0.25) < 0.01
    assert 2.9 < baseline.days < 3.1
    assert read_states(tmp_path) == []


async def first_baseline(kafka: str, store: str) -> StoreBaseline:
    consumer = AIOKafkaConsumer(topics.BASELINES, bootstrap_servers=kafka, auto_offset_reset="earliest")
    await consumer.start()
    deadline = monotonic() + within(60)
    try:
        while monotonic() < deadline:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    if record.key == store.encode():
                        return decode_baseline(record.value)
    finally:
        await consumer.stop()
    raise AssertionError("no baseline was published in time")


def test_a_store_being_loaded_waits_and_a_young_one_is_fitted_again_as_it_grows() -> None:
    def extents(days: float, filled: int) -> dict[str, Extent]:
        return {"s": Extent(int(days * 1440), filled)}

    class Young:
        days = 2.0

    assert outgrown(extents(28, 20_000), extents(28, 9_000), {}) == set()
    assert outgrown(extents(28, 20_001), extents(28, 20_000), {}) == {"s"}
    assert outgrown(extents(0.05, 60), extents(0.05, 60), {}) == set()
    assert outgrown(extents(2.5, 3600), extents(2.5, 3600), {"s": Young()}) == set()  # type: ignore[dict-item]
    assert outgrown(extents(3.5, 3600), extents(3.5, 3600), {"s": Young()}) == {"s"}  # type: ignore[dict-item]


def test_a_store_that_may_borrow_is_fitted_after_half_an_hour_and_again_when_its_own_history_serves() -> None:
    def due(minutes: int, known: StoreBaseline | None, borrows: bool, tried: float = 0.0) -> bool:
        extents = {"s": Extent(minutes, 10)}
        published = {} if known is None else {"s": known}
        return outgrown(
            extents, extents, published, {"s": tried} if tried else {}, lambda store: borrows
        ) == {"s"}

    lent = StoreBaseline("s", "UTC", 0, 0, 0, 31 / 1440, (), {})
    assert not due(29, None, borrows=True)
    assert due(30, None, borrows=True)
    assert not due(30, None, borrows=False)
    assert not due(119, lent, borrows=True)
    assert due(120, lent, borrows=True)
    assert due(120, None, borrows=False)


def test_a_store_that_cannot_have_a_baseline_is_not_fitted_at_every_look() -> None:
    """A store with one stage only kept the job fitting all stores again every few seconds."""
    extents = {"s": Extent(6000, 10)}
    assert outgrown(extents, extents, {}, {"s": 6000 / 1440}) == set()
    assert outgrown({"s": Extent(9100, 10)}, {"s": Extent(9100, 10)}, {}, {"s": 6000 / 1440}) == {"s"}


def test_a_benchmark_is_kept_only_if_it_is_one(tmp_path: Path) -> None:
    kept = put_benchmark(tmp_path, b"\xef\xbb\xbfstep,rate\norder_to_payment,85%\n")
    assert read_benchmark(tmp_path) == kept
    with pytest.raises(BenchmarkError):
        put_benchmark(tmp_path, b"step;rate\norder_to_payment;85\n")
    assert read_benchmark(tmp_path) == kept
    assert drop_benchmark(tmp_path)
    assert read_benchmark(tmp_path).lines == ()


def test_a_store_that_never_sends_anything_had_the_weeks_read_every_five_seconds() -> None:
    settled = {"busy": Extent(5000, 4000)}
    calm = pause_s(settled, settled, (), 10_000)
    assert pause_s(settled, settled, {"silent"}, 10_000) == calm
    assert pause_s(settled, settled, {"silent"}, 10) < calm
    loading = settled | {"silent": Extent(900, 400)}
    assert pause_s(loading, settled, {"silent"}, 10_000) < calm

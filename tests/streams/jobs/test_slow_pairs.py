"""Pairs of paid and fulfilled orders out of the real engine."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from scoring.baselines import KernelSource
from streams.clickhouse.clients import open_reader_sync
from streams.clock import now_ms
from streams.config.model import Config, StoreConfig
from streams.jobs.baselines import fit_from_store
from streams.jobs.slow_pairs import read_slow_pairs
from streams.settings import Settings, load_settings

DAY = 1440
NAMES = ["store_id", "event_time", "type", "event_id", "received_at", "order_id", "visitor", "version"]


def event(kind: str, minute: int, number: int, second: int = 0) -> list[Any]:
    at = datetime.fromtimestamp(minute * 60 + second, UTC)
    return ["pairs", at, kind, f"{kind}-{number}", at, f"order-{number}", f"visitor-{number}", 1]


@pytest.fixture
async def settings(clickhouse: Any, ready_database: str, tmp_path: Path) -> Settings:
    return load_settings(
        data=tmp_path, clickhouse_url=clickhouse.url, clickhouse_database=ready_database,
        clickhouse_password=SecretStr(clickhouse.password),
        clickhouse_reader_password=SecretStr(clickhouse.reader_password),
    )  # fmt: skip


async def test_the_fit_takes_the_kernel_of_a_slow_step_from_pairs_of_paid_and_fulfilled_orders(
    clickhouse: Any, ready_database: str, settings: Settings
) -> None:
    last = now_ms() // 60_000
    rng = np.random.default_rng(2)
    paid = rng.integers(last - 20 * DAY, last, 3000)
    sent = paid + 60 * rng.integers(10, 31, len(paid))
    rows = [event("payment", int(minute), number) for number, minute in enumerate(paid)]
    rows += [event("fulfilment", int(m), n) for n, m in enumerate(sent) if m < last - 10]
    client = clickhouse.client(database=ready_database)
    client.insert("events_raw", rows, column_names=NAMES)
    client.command(
        "INSERT INTO minutes_raw (store_id, minute, segment, counts, version) SELECT store_id, toStartOfMinute(event_time), '', "
        "[0, 0, 0, 0, countIf(type = 'payment'), countIf(type = 'fulfilment'), 0], 1 FROM events_raw GROUP BY store_id, toStartOfMinute(event_time)"
    )
    reader = open_reader_sync(settings)
    pairs = read_slow_pairs(reader, last - 28 * DAY, last)["pairs"]
    reader.close()
    assert len(pairs.upstream) == sum(sent < last - 10)
    warehouse = {"hours": "00:00-24:00", "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}
    config = Config(stores=(StoreConfig(id="pairs", zone="Asia/Shanghai", warehouse=warehouse),))
    (baseline,) = fit_from_store(settings, config)
    assert baseline.slow is not None
    assert baseline.slow.kernel.source is KernelSource.PAIRS
    assert baseline.slow.kernel.mean_minutes == pytest.approx(20.0, abs=1.0)
    assert baseline.slow.hours.zone == "Asia/Shanghai"
    assert not baseline.slow.hours.is_inferred

"""Kernels from attributed pairs, read from the real engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scoring.baselines.baseline import KernelSource
from scoring.funnel.stages import Stage
from streams.clickhouse.clients import open_reader_sync
from streams.jobs.pairs import read_kernels
from streams.settings import load_settings

#: 2026-01-19 00:00 UTC, in minutes since 1970
UNTIL = 29_479_680
NAMES = ["store_id", "event_time", "type", "event_id", "received_at", "session", "visitor", "order_id", "product", "version"]  # fmt: skip
MEAN = 40.0


def event(minute: float, kind: str, number: str, session: str, order: str, product: str) -> list[Any]:
    at = datetime.fromtimestamp(0, UTC) + timedelta(minutes=minute)
    return ["shop", at, kind, f"{kind}-{number}", at, session, "", order, product, 1]


@pytest.fixture
async def client(clickhouse: Any, ready_database: str, tmp_path: Path) -> Any:
    settings = load_settings(
        data=tmp_path, clickhouse_url=clickhouse.url, clickhouse_database=ready_database,
        clickhouse_password=clickhouse.password, clickhouse_reader_password=clickhouse.reader_password,
    )  # fmt: skip
    rng = np.random.default_rng(3)
    rows = []
    for number in range(4_000):
        # all within the last hours, so that slow conversions are not there yet: the truncation matters
        at = UNTIL - float(rng.uniform(0, 240))
        session = f"v{number}"
        rows.append(event(at, "click", f"{number}", session, "", "lamp"))
        rows.append(event(at + 0.2, "click", f"{number}b", session, "", "table"))
        cart = at + float(rng.exponential(MEAN))
        rows.append(event(cart, "add_to_cart", f"{number}", session, "", "lamp"))
        rows.append(event(cart + 3, "order", f"{number}", "", f"o{number}", ""))
        rows.append(event(cart + 5, "payment", f"{number}", "", f"o{number}", ""))
    seen = [row for row in rows if row[1].timestamp() < UNTIL * 60]
    clickhouse.client(database=ready_database).insert("events_raw", seen, column_names=NAMES)
    reader = open_reader_sync(settings)
    yield reader
    reader.close()


async def test_pairs_give_the_delay_that_truncation_hides_and_unpaired_steps_give_none(client: Any) -> None:
    stages = ("click", "add_to_cart", "order", "payment")
    kernels = read_kernels(client, UNTIL, {"shop": [Stage(stage) for stage in stages]})
    assert set(kernels) == {("shop", "click_to_add_to_cart"), ("shop", "order_to_payment")}
    carts = kernels["shop", "click_to_add_to_cart"]
    assert carts.source is KernelSource.PAIRS
    # the half of conversions within 28 minutes is 50 %; what was seen by then has far more fast ones
    assert sum(carts.pmf[:28]) == pytest.approx(1 - np.exp(-28 / MEAN), abs=0.03)
    payments = kernels["shop", "order_to_payment"]
    assert payments.mean_minutes == pytest.approx(2.0, abs=0.1)


async def test_a_step_over_stages_that_are_not_supplied_is_paired_too(client: Any) -> None:
    kernels = read_kernels(client, UNTIL, {"shop": [Stage.ORDER, Stage.PAYMENT]})
    assert set(kernels) == {("shop", "order_to_payment")}

"""A step by product and other dimensions of raw events, on the real engine: counts of now and before, what fell most first."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from streams.incidents.breakdown import Breakdown, breakdown_of, breakdown_parameters, breakdown_sql
from tests.fixtures.clickhouse import Store

TO_MS = time.time_ns() // 1_000_000 // 60_000 * 60_000
FROM_MS = TO_MS - 3_600_000
WEEK_MS = 7 * 86_400_000
COLUMNS = [
    "store_id",
    "event_time",
    "received_at",
    "type",
    "event_id",
    "order_id",
    "product",
    "country",
    "device_class",
    "set_apart",
]


def events(number: int, kind: str, product: str, before_ms: int = 0, **more: str) -> list[list[Any]]:
    at = datetime.fromtimestamp((FROM_MS + 60_000 - before_ms) / 1000, UTC)
    store, country = more.get("store", "a"), more.get("country", "US")
    names = [f"{store}{kind}{product}{before_ms}{more}{i}" for i in range(number)]
    order = kind in ("order", "payment")
    tail = [country, more.get("device", "ios"), more.get("set_apart", "")]
    return [[store, at, at, kind, name, name if order else "", product, *tail] for name in names]


@pytest.fixture
async def ask(clickhouse: Store, ready_database: str, tmp_path: Path) -> Iterator[Any]:
    client = clickhouse.client(ready_database)
    rows = [
        *events(30, "order", "mug", WEEK_MS), *events(5, "order", "mug"), *events(100, "add_to_cart", "mug"),
        *events(8, "order", "pen", WEEK_MS), *events(2, "order", "pen", country="DE"),
        *events(12, "order", "lamp", WEEK_MS), *events(14, "order", "lamp"), *events(3, "order", ""),
        *events(1, "payment", "lamp"), *events(2, "payment", "mug"),
        # none of these is counted: another store, a bot, set apart, outside both spans
        *events(50, "order", "mug", store="b"), *events(50, "order", "mug", device="bot"),
        *events(50, "order", "mug", set_apart="brushing"), *events(50, "order", "mug", 86_400_000),
    ]  # fmt: skip
    client.insert("events_raw", rows, column_names=COLUMNS)

    def asked(
        by: str, most: int = 20, against: str = "week", step: str = "add_to_cart_to_order"
    ) -> Breakdown:
        parameters = breakdown_parameters("a", step, against, FROM_MS, TO_MS, most)
        found = clickhouse.read_client(ready_database).query(breakdown_sql(by), parameters=parameters)
        return breakdown_of(list(found.named_results()), "a", step, by, against, FROM_MS, TO_MS)

    return asked


async def test_what_fell_most_is_first_and_small_counts_have_no_change(ask: Any) -> None:
    found = ask("product")
    assert [(row.value, row.advanced, row.advanced_before) for row in found.rows] == [
        ("mug", 5, 30), ("pen", 2, 8), ("lamp", 14, 12), ("", 3, 0),
    ]  # fmt: skip
    assert [row.change for row in found.rows] == [pytest.approx(-25 / 30), None, pytest.approx(1 / 6), None]
    assert (found.rows[0].entered, found.rows[0].entered_before) == (100, 0)


async def test_the_whole_counts_what_is_not_listed_too(ask: Any) -> None:
    found = ask("product", most=1)
    assert len(found.rows) == 1
    assert (found.values, found.whole.advanced, found.whole.advanced_before) == (4, 24, 50)


async def test_without_anything_before_what_has_most_is_first(ask: Any) -> None:
    paid = [row for row in ask("product", step="click_to_add_to_cart").rows if row.advanced]
    assert [row.value for row in paid] == ["mug"]
    assert [row.value for row in ask("product", step="payment_to_fulfilment").rows] == ["mug", "lamp"]


async def test_any_dimension_can_be_asked_for_and_nothing_else(ask: Any) -> None:
    assert {(row.value, row.advanced) for row in ask("country").rows} == {("US", 22), ("DE", 2)}
    assert {row.value for row in ask("device_class").rows} == {"ios"}
    # the day before only mug was sold
    assert ask("product", against="day").whole.advanced_before == 50
    with pytest.raises(ValueError, match="not a valid SplitBy"):
        breakdown_sql("visitor) FROM system.one --")

"""Days of orders that are kept: an evaluation made of them is the same, to the last digit, as one made of the orders."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from scoring.evaluation.explaining import explain
from scoring.evaluation.spans import SpanLength
from scoring.funnel.units import DAY_MS, HOUR_MS
from streams.clickhouse.reader import Database
from streams.config.model import Config, StoreConfig
from streams.evaluation.knowing import known_store
from streams.evaluation.order_days import kept_days
from streams.jobs.order_days import once
from streams.settings import Settings, load_settings
from tests.fixtures.evaluation_seed import ORDER_COLUMNS, ZONE, insert_year, months

#: between them clocks went forward
NOW = datetime(2026, 6, 3, 12, tzinfo=UTC)
NOW_MS = round(NOW.timestamp() * 1000)
CONFIG = Config(
    stores=(
        StoreConfig(id="kept", zone=ZONE, platform="shopify", country="DE", ship_within_days=2),
        StoreConfig(id="other", zone="Asia/Tokyo", platform="lazada", country="TH", ship_within_days=5),
        StoreConfig(id="empty", zone=ZONE, platform="shopify", country="FR"),
    )
)
STORES = ("kept", "other")


@pytest.fixture
async def settings(clickhouse: Any, ready_database: str) -> Settings:
    made = load_settings(
        clickhouse_url=clickhouse.url,
        clickhouse_password=SecretStr(clickhouse.password),
        clickhouse_reader_password=SecretStr(clickhouse.reader_password),
        clickhouse_database=ready_database,
    )
    client = clickhouse.client(ready_database)
    for number, store in enumerate(STORES):
        insert_year(client, NOW_MS, store, seed=70 + number, back=5)
        _odd_orders(client, store)
    return made


def _odd_orders(client: Any, store: str) -> None:
    """Orders that only events know of, cancelled ones, disputes, another currency, some without times."""
    start, names = months(NOW_MS)[1].start_ms, ["store_id", "event_time", "type", "event_id", "received_at"]
    events = [
        [store, _at(start + number * HOUR_MS * 7 + late), kind, f"{kind}{number}", NOW, f"e{number}", "12.34", "EUR", 1]
        for number in range(60)
        for kind, late in (("order", 0), ("payment", HOUR_MS), ("fulfilment", number * HOUR_MS), ("refund", 9 * DAY_MS))[: 2 + number % 3]
    ]  # fmt: skip
    client.insert("events_raw", events, column_names=[*names, "order_id", "amount", "currency", "version"])
    placed = [start + number * 5 * HOUR_MS for number in range(40)]
    client.insert(
        "order_versions_raw",
        [[store, f"odd{at}", "shopify", NOW_MS, at, at + 1, 0, 0, None, "0.10", "USD", {"*": "0.10"}, {}, at] for at in placed[::2]]
        + [[store, f"odd{at}", "shopify", NOW_MS, at, 0, at + 3, 0, None, "7", "", {}, {"r": at + DAY_MS}, at] for at in placed[1::2]],
        column_names=ORDER_COLUMNS,
    )  # fmt: skip
    client.insert(
        "signal_versions_raw",
        [
            [store, "dispute", f"d{at}", _at(at + 4 * DAY_MS), {"order": f"odd{at}"}, NOW, at]
            for at in placed[::4]
        ],
        column_names=["store_id", "kind", "object", "since", "details", "told_at", "digest"],
    )


def _at(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)


async def evaluated(
    settings: Settings, asked: tuple[tuple[str, SpanLength], ...], trusted_ms: int = 0
) -> dict[str, str]:
    """Every input of every score that is asked for."""
    database = Database(settings, timeout_s=60)
    found = {}
    try:
        for store, length in asked:
            config = CONFIG.store(store) or pytest.fail(store)
            known = await known_store(database, CONFIG, config, length, NOW_MS, trusted_ms=trusted_ms)
            assert known is not None
            found[f"{store} {length}"] = json.dumps(
                [explain(known.evaluation), known.read.known_until_ms, known.read.currency]
            )
    finally:
        await database.close()
    return found


async def _held(settings: Settings, trusted_ms: int = 0) -> frozenset[str]:
    database = Database(settings, timeout_s=60)
    try:
        return (await kept_days(database, STORES, trusted_ms)).stores()
    finally:
        await database.close()


async def test_kept_days_give_what_orders_give_until_an_order_changes(
    settings: Settings, clickhouse: Any
) -> None:
    month = (("kept", SpanLength.MONTH),)
    every = (*month, ("kept", SpanLength.WEEK), ("other", SpanLength.MONTH))
    from_orders = await evaluated(settings, every)
    assert await _held(settings) == frozenset()
    assert await once(settings, CONFIG) == len(CONFIG.stores)
    assert await _held(settings) == frozenset(STORES)
    assert await evaluated(settings, every) == from_orders
    assert "logistics.shipped_in_time" in from_orders["kept month"]
    assert await once(settings, CONFIG) == 0

    client = clickhouse.client(settings.clickhouse_database)
    at = months(NOW_MS)[0].start_ms + 3 * DAY_MS
    late = [["kept", f"late{n}", "shopify", NOW_MS + 1, at + n, at + n + 9, at + n + 9 * DAY_MS, 0, True, "48.50", "EUR", {}, {}, n] for n in range(30)]  # fmt: skip
    client.insert("order_versions_raw", late, column_names=ORDER_COLUMNS)
    assert await _held(settings) == {"other"}
    restated = await evaluated(settings, month)
    assert restated["kept month"] != from_orders["kept month"]
    # a page may take what was counted a moment ago
    trusted = await evaluated(settings, month, trusted_ms=DAY_MS)
    assert trusted["kept month"] == from_orders["kept month"]
    assert await once(settings, CONFIG) == 1
    assert await evaluated(settings, month) == restated

"""What a card says in addition to the alert, read from the real engine: worth, age, the pixel's share, lateness, and pools."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from clickhouse_connect.driver.client import Client

from scoring.alerts.alert import AlertKind
from scoring.funnel.money import price, worth_of_step
from scoring.funnel.stages import STAGES
from streams.clickhouse.reader import Database
from streams.config.loading import load_config
from streams.incidents.facts import FactsReader
from streams.incidents.worth import WorthReader
from streams.web.grid.money import AlertPrices
from tests.deadlines import within
from tests.fixtures.alert_card import ALERT
from tests.fixtures.clickhouse import Store
from tests.fixtures.page import page_settings

CONFIG = """
stores:
  - {id: north, currency: EUR, zone: Europe/Berlin}
  - {id: south, currency: EUR, zone: Europe/Rome}
  - {id: yen, currency: JPY, zone: Asia/Tokyo}
  - {id: young, currency: EUR, zone: Europe/Rome}
  - {id: newborn, currency: EUR, zone: Europe/Rome}
alerting:
  base_currency: USD
  receivers: [{name: ops, channel: console}]
  route: {receiver: ops}
"""
NOW_MS = time.time_ns() // 1_000_000
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
OPENED_MS = NOW_MS - 15 * MINUTE_MS
#: in the middle of an hour, at any hour
MID_HOUR_MS = (NOW_MS // HOUR_MS - 3) * HOUR_MS + 30 * MINUTE_MS
COLUMNS = [
    "store_id",
    "event_time",
    "received_at",
    "type",
    "event_id",
    "order_id",
    "amount",
    "currency",
    "source",
]


def moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def orders(
    store: str, currency: str, amount: str, number: int, source: str, minutes_ago: int
) -> list[list[Any]]:
    at = NOW_MS - minutes_ago * MINUTE_MS
    return [
        [store, moment(at), moment(at + 2000), "order", f"{store}{source}{minutes_ago}-{i}", f"{store}-{minutes_ago}-{i}",
         amount, currency, source]
        for i in range(number)
    ]  # fmt: skip


def counted(store: str, clicks: int, orders: int) -> list[Any]:
    stages = [stage.value for stage in STAGES]
    counts = [0] * len(stages)
    counts[stages.index("click")], counts[stages.index("order")] = clicks, orders
    return [store, moment(OPENED_MS - 90 * MINUTE_MS), "", counts, 1]


def scored(store: str, minutes_ago: int, state: str) -> list[Any]:
    return [store, moment(NOW_MS - minutes_ago * MINUTE_MS), "click_to_add_to_cart", "", state, 1]


LINE_COLUMNS = [
    "store_id",
    "minute",
    "step",
    "segment",
    "observed",
    "expected",
    "low",
    "high",
    "state",
    "version",
]


def judged(store: str, minutes_ago: int, expected: float, state: str = "normal") -> list[Any]:
    at = moment(NOW_MS - minutes_ago * MINUTE_MS).replace(second=0, microsecond=0)
    return [store, at, "order_to_payment", "", 2.0, expected, 0.0, 2 * expected, state, 1]


@pytest.fixture
async def reader(clickhouse: Store, ready_database: str, tmp_path: Path) -> AsyncIterator[FactsReader]:
    settings = page_settings(clickhouse, tmp_path, clickhouse_database=ready_database)
    fill(clickhouse.client(ready_database))
    path = tmp_path / "funnelwatch.yaml"
    path.write_text(CONFIG)
    made = FactsReader(settings, load_config(path), lambda: NOW_MS, patience_s=60)
    yield made
    await made.close()


def fill(client: Client) -> None:
    """North: 40 orders by server this hour, 10 of them by pixel too; usually all. South is late, as its last minute says."""
    rows = orders("north", "EUR", "20.00", 40, "webhook", 10) + orders(
        "north", "EUR", "20.00", 10, "pixel", 10
    )
    rows += orders("north", "EUR", "20.00", 50, "webhook", 3000) + orders(
        "north", "EUR", "20.00", 50, "pixel", 3000
    )
    rows += orders("north", "USD", "900.00", 5, "webhook", 12)
    rows += orders("south", "EUR", "80.00", 50, "webhook", 100)
    rows += orders("yen", "JPY", "5000", 10, "webhook", 100)
    mid_hour = (NOW_MS - MID_HOUR_MS) // MINUTE_MS
    rows += orders("young", "EUR", "30.00", 4, "webhook", mid_hour + 10)
    rows += orders("young", "EUR", "900.00", 4, "webhook", mid_hour - 5)
    rows += orders("newborn", "EUR", "12.00", 4, "webhook", mid_hour - 5)
    client.insert("events_raw", rows, column_names=COLUMNS)
    minutes = [counted("north", 1500, 150), counted("south", 500, 50), counted("yen", 100, 10)]
    client.insert("minutes_raw", minutes, column_names=["store_id", "minute", "segment", "counts", "version"])
    scores = [scored("north", 3, "data_late"), scored("north", 2, "normal"), scored("south", 2, "data_late")]
    client.insert(
        "scores_raw", scores, column_names=["store_id", "minute", "step", "segment", "state", "version"]
    )
    line = [
        judged(store, ago, expected)
        for store, expected in (("north", 9.0), ("south", 1.0))
        for ago in range(10, 40)
    ]
    line += [judged("north", ago, 0.0, "no_baseline") for ago in range(40, 50)]
    client.insert("scores_raw", line, column_names=LINE_COLUMNS)


def alert(store: str, step: str = "add_to_cart_to_order", *members: str) -> Any:
    kind = AlertKind.POOLED if members else AlertKind.CONVERSION
    return msgspec.structs.replace(
        ALERT,
        store_id=store,
        step=step,
        kind=kind,
        members=members,
        opened_at_ms=OPENED_MS,
        alert_id=f"{store}-{step}",
    )


async def test_an_order_is_worth_its_mean_amount_in_the_stores_own_currency(reader: FactsReader) -> None:
    store = (await reader.facts(alert("north"))).store
    assert store.currency == "EUR"
    assert worth_of_step("add_to_cart_to_order", store.worth.counts, store.worth.amounts) == pytest.approx(20)
    clicks = (await reader.facts(alert("north", "impression_to_click"))).store.worth
    assert worth_of_step("impression_to_click", clicks.counts, clicks.amounts) == pytest.approx(
        20 * 150 / 1500
    )


@pytest.mark.parametrize(("store", "amount"), [("young", 30.0), ("newborn", 12.0)])
async def test_an_alert_in_a_shop_s_first_hour_had_no_money(
    reader: FactsReader, store: str, amount: float
) -> None:
    """Orders of the alert's own hour count up to its minute; without any before it, those that came since."""
    mid_hour = msgspec.structs.replace(alert(store), opened_at_ms=MID_HOUR_MS)
    worth = (await reader.facts(mid_hour)).store.worth
    assert worth.amounts == {"order": pytest.approx(amount)}


async def test_the_pixels_share_of_orders_is_shown_with_its_usual_one(reader: FactsReader) -> None:
    health = (await reader.facts(alert("north"))).health
    assert health.pixel_share == pytest.approx(10 / 45)
    assert health.usual_pixel_share == 1.0
    assert health.pixel_is_losing
    assert health.age_s == pytest.approx(10 * 60 - 2, abs=0.01)
    assert (await reader.facts(alert("south"))).health.pixel_share is None


async def test_a_store_is_late_if_its_newest_minute_says_so(reader: FactsReader) -> None:
    assert not (await reader.facts(alert("north"))).health.is_late
    assert (await reader.facts(alert("south"))).health.is_late
    assert reader.is_late("south")
    assert not reader.is_late("yen")


async def test_a_pool_whose_stores_share_a_currency_is_shown_with_money(reader: FactsReader) -> None:
    pooled = alert("pool:platform=shopify", "add_to_cart_to_order", "north", "south")
    store = (await reader.facts(pooled)).store
    assert store.currency == "EUR"
    assert store.worth.amounts["order"] == pytest.approx((100 * 20 + 50 * 80) / 150)
    money = price(pooled, store.worth)
    assert money is not None
    assert money.low < money.lost < money.high
    assert await reader.lost_in_base(pooled) == pytest.approx(money.lost * (store.worth.base_rate or 0))


async def test_a_price_that_took_longer_than_a_card_waits_was_never_had_and_took_every_other_card_s_with_it(
    reader: FactsReader, clickhouse: Store, ready_database: str, tmp_path: Path
) -> None:
    settings = page_settings(clickhouse, tmp_path, clickhouse_database=ready_database)
    hasty = FactsReader(settings, load_config(tmp_path / "funnelwatch.yaml"), lambda: NOW_MS, patience_s=0)
    try:
        assert (await hasty.facts(alert("north"))).store.worth.amounts == {}
        async with asyncio.timeout(within(20)):
            while (
                await hasty.lost_in_base(alert("north"))
            ) is None:  # in the pause, since the clock is fixed
                await asyncio.sleep(0.01)
    finally:
        await hasty.close()
    assert await reader.lost_in_base(alert("north")) is not None


async def test_a_slow_price_took_the_whole_list_of_alerts_with_it(
    reader: FactsReader, clickhouse: Store, ready_database: str, tmp_path: Path
) -> None:
    database = Database(page_settings(clickhouse, tmp_path, clickhouse_database=ready_database))
    prices = AlertPrices(WorthReader(database.rows, load_config(tmp_path / "funnelwatch.yaml")), patience_s=0)
    asked = alert("north")
    try:
        assert await prices.of([asked]) == {asked.alert_id: None}
        async with asyncio.timeout(within(20)):
            while (found := await prices.of([asked]))[asked.alert_id] is None:
                await asyncio.sleep(0.01)
        estimate, cost = found[asked.alert_id], await reader.money_lost(asked)
        assert (estimate and estimate.currency, cost and cost.currency) == ("EUR", "EUR")
    finally:
        await database.close()


async def test_of_a_pool_it_was_never_known_whether_its_data_is_complete(reader: FactsReader) -> None:
    health = (
        await reader.facts(alert("pool:platform=shopify", "add_to_cart_to_order", "north", "south"))
    ).health
    assert health.age_s is not None
    assert health.age_s <= 10 * 60
    assert health.pixel_share is not None


async def test_a_pool_of_several_currencies_carries_no_money(reader: FactsReader) -> None:
    pooled = alert("pool:platform=shopify", "add_to_cart_to_order", "north", "yen")
    assert (await reader.facts(pooled)).store.worth.amounts == {}
    assert await reader.lost_in_base(pooled) is None


async def test_a_card_s_picture_begins_where_something_was_expected_and_adds_up_a_pool(
    reader: FactsReader,
) -> None:
    north, pool = alert("north", "order_to_payment"), alert("pool", "order_to_payment", "north", "south")
    points = await reader.curve(msgspec.structs.replace(north, window_minutes=5))
    assert len(points) == 30
    assert {(p.observed, p.expected, p.low, p.high) for p in points} == {(2.0, 9.0, 0.0, 18.0)}
    pooled = await reader.curve(msgspec.structs.replace(pool, window_minutes=5))
    assert {(p.observed, p.expected) for p in pooled} == {(4.0, 10.0)}
    assert pooled[0].high == pytest.approx(10 + (9**2 + 1) ** 0.5)
    assert await reader.curve(alert("north", "payment_to_fulfilment")) == ()

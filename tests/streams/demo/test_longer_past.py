"""The demo's longer past: laid into the tables, it gives a shop an evaluation with a health."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from scoring.evaluation.comparator import ComparatorKind
from scoring.evaluation.evaluating import evaluate_store
from scoring.evaluation.spans import SpanLength
from streams.clickhouse.clients import open_writer
from streams.clickhouse.event_days import changed_days, count_days
from streams.clickhouse.reader import Database
from streams.config.model import StoreConfig
from streams.demo.longer_past import draw_longer_past
from streams.demo.setting_up import has_longer_past, load_longer_past
from streams.demo.shops import demo_shops
from streams.evaluation.stored import stored_store
from streams.settings import load_settings

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.mark.slow
async def test_a_shop_of_the_demo_has_a_health_the_day_after_a_week_ended(
    clickhouse: Any, ready_database: str
) -> None:
    settings = load_settings(
        clickhouse_url=clickhouse.url,
        clickhouse_password=SecretStr(clickhouse.password),
        clickhouse_reader_password=SecretStr(clickhouse.reader_password),
        clickhouse_database=ready_database,
    )
    now_ms = round(NOW.timestamp() * 1000)
    shop = next(one for one in demo_shops(NOW) if one.id == "kominka")
    assert not has_longer_past(settings, now_ms)
    load_longer_past(settings, draw_longer_past([shop], now_ms, 7))
    assert has_longer_past(settings, now_ms)
    client = await open_writer(settings)
    try:
        days = date(2026, 7, 1), date(2026, 11, 30)
        await count_days(
            client, settings, shop.zone, await changed_days(client, settings, [shop.id], shop.zone, *days)
        )
    finally:
        await client.close()
    database = Database(settings, timeout_s=60)
    store = StoreConfig(id=shop.id, zone=shop.zone, ship_within_days=2, answer_within_hours=1)
    try:
        read = await stored_store(database, store, None, now_ms)
    finally:
        await database.close()
    assert read is not None
    assert read.length is SpanLength.WEEK
    evaluation = evaluate_store(read.figures)
    missing = {one.indicator.id for one in evaluation.indicators if one.figure is None}
    assert missing == {
        "price.featured_offer",
        "price.coupon_errors",
        "logistics.seller_cancellations",
        "returns.disputes",
    }
    health = evaluation.health[ComparatorKind.OWN]
    assert (health.coverage >= 0.6, health.score is not None) == (True, True)
    slow = evaluation.indicator("service.time_to_answer").scores[ComparatorKind.OWN]
    assert slow.high < 40

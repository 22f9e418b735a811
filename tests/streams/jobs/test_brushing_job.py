"""The brushing job over the real engine: marks by several signs, shown and counted, left out only where the setting says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from streams.clickhouse.clients import open_writer
from streams.clickhouse.recount import recount
from streams.config.model import CleaningConfig, Config
from streams.jobs.brushing import once
from streams.settings import Settings, load_settings

COLUMNS = [
    "store_id", "event_time", "type", "event_id", "received_at", "visitor", "buyer", "order_id", "source", "attributes", "version",
]  # fmt: skip
#: yesterday at noon: no order lies in a night
NOON = (datetime.now(UTC) - timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)
BRUSHED = {f"x{number}" for number in range(4)}


def event(
    kind: str, at: datetime, number: str, *, visitor: str = "", buyer: str = "", **attributes: str
) -> list[Any]:
    order = "" if kind == "click" else number
    return ["s1", at, kind, f"{kind}-{number}", at, visitor, buyer, order, "api", attributes, 1]


def honest(number: int) -> list[list[Any]]:
    at = NOON + timedelta(minutes=7 * number)
    name = f"v{number}"
    return [
        event("click", at - timedelta(minutes=20), name, visitor=name),
        event("order", at, f"h{number}", visitor=name, buyer=name, address_hash=f"a{number}"),
    ]


@pytest.fixture
async def settings(clickhouse: Any, ready_database: str) -> Settings:
    made = load_settings(
        clickhouse_url=clickhouse.url,
        clickhouse_password=SecretStr(clickhouse.password),
        clickhouse_database=ready_database,
    )
    rows = [row for number in range(30) for row in honest(number)]
    for number, order in enumerate(sorted(BRUSHED)):
        at = NOON + timedelta(minutes=30 * number)
        rows.append(event("order", at, order, visitor=f"w{number}", buyer="one", address_hash="a"))
        rows.append(event("review", at + timedelta(hours=2), order, rating="5"))
    client = clickhouse.client(ready_database)
    client.insert("events_raw", rows, column_names=COLUMNS)
    writer = await open_writer(made)
    minutes = {("s1", int(row[1].timestamp()) // 60 * 60_000) for row in rows}
    await recount(writer, made, Config().segments.dimensions, minutes, "all")
    await writer.close()
    return made


async def test_orders_with_several_signs_are_marked_shown_and_still_counted(
    settings: Settings, clickhouse: Any
) -> None:
    client = clickhouse.client(settings.clickhouse_database)
    assert await once(settings, Config()) == len(BRUSHED)
    marked = client.query("SELECT order_id, signs FROM brushing").result_rows
    assert {order for order, _ in marked} == BRUSHED
    assert {tuple(signs) for _, signs in marked} == {("instant_review", "no_visit", "repeat_buyer")}
    cleaned = "SELECT reason, count, is_counted FROM cleaned WHERE store_id = 's1'"
    assert client.query(cleaned).result_rows == [("brushing", len(BRUSHED), 1)]
    orders = "SELECT sum(count) FROM stage_counts WHERE stage = 'order'"
    assert client.query(orders).result_rows == [(34,)]
    assert await once(settings, Config()) == 0


async def test_the_setting_leaves_them_out_of_the_counts_and_taking_it_back_counts_them_again(
    settings: Settings, clickhouse: Any
) -> None:
    client = clickhouse.client(settings.clickhouse_database)
    out = Config(cleaning=CleaningConfig(leave_out_brushing=True))
    orders = "SELECT sum(count) FROM stage_counts WHERE stage = 'order'"
    apart = "SELECT count() FROM events WHERE set_apart = 'brushing' AND type = 'order'"
    left_out = "SELECT reason, count, is_counted FROM cleaned"
    assert await once(settings, out) == len(BRUSHED)
    assert (client.query(orders).result_rows, client.query(apart).result_rows) == ([(30,)], [(4,)])
    assert client.query(left_out).result_rows == [("brushing", 4, 0)]
    assert await once(settings, out) == 0
    assert await once(settings, Config()) == len(BRUSHED)
    assert (client.query(orders).result_rows, client.query(apart).result_rows) == ([(34,)], [(0,)])
    assert client.query(left_out).result_rows == [("brushing", 4, 1)]


async def test_a_mark_is_taken_back_when_the_signs_are_gone(settings: Settings, clickhouse: Any) -> None:
    client = clickhouse.client(settings.clickhouse_database)
    await once(settings, Config())
    seen = [event("click", NOON - timedelta(hours=1), f"w{n}", visitor=f"w{n}") for n in range(4)]
    client.command("ALTER TABLE events_raw DELETE WHERE type = 'review' SETTINGS mutations_sync = 2")
    client.insert("events_raw", seen, column_names=COLUMNS)
    assert await once(settings, Config()) == len(BRUSHED)
    assert client.query("SELECT count() FROM brushing").result_rows == [(0,)]

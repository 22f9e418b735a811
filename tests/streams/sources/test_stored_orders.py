"""What is stored of a store's orders by who said it, on the real engine: by a connection and span, by files, by pages, by reports."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from scoring.funnel.units import DAY_MS, HOUR_MS
from streams.clickhouse.reader import Database
from streams.settings import load_settings
from streams.sources.stored_orders import ClickHouseOrders
from tests.fakes.lying_server import connection
from tests.fakes.workbench import connection_from
from tests.fixtures.report_seed import COLUMNS, report_row

NOW_MS = 1_793_600_000_000
NAMES = [
    "store_id", "order_id", "source", "connection", "import_id", "as_of_ms", "told_at_ms", "placed_ms", "is_paid", "amount", "currency",
    "cod", "payment_method", "country", "buyer", "units", "test", "digest",
]  # fmt: skip
SHOP = connection_from(connection())
SG = {"stores": [{"id": one, "zone": "Asia/Shanghai", "currency": "CNY"} for one in ("cn", "sg")]}


def version(
    order: str, reported_ms: int, amount: str, *, of: str = "lying", file: str = "", **more: Any
) -> list[Any]:
    row = {
        "store_id": "cn", "order_id": order, "source": "json_api", "connection": of, "import_id": file, "as_of_ms": 0, "told_at_ms": reported_ms,
        "placed_ms": NOW_MS - 9 * HOUR_MS, "is_paid": None, "amount": amount, "currency": "CNY", "cod": None, "payment_method": "",
        "country": "", "buyer": "", "units": 1, "test": None, "digest": reported_ms, **more,
    }  # fmt: skip
    return [row[name] for name in NAMES]


@pytest.fixture
async def stored(clickhouse: Any, ready_database: str) -> AsyncIterator[tuple[ClickHouseOrders, Any]]:
    settings = load_settings(
        clickhouse_url=clickhouse.url,
        clickhouse_password=SecretStr(clickhouse.password),
        clickhouse_reader_password=SecretStr(clickhouse.reader_password),
        clickhouse_database=ready_database,
    )
    database = Database(settings)
    yield ClickHouseOrders(database), clickhouse.client(ready_database)
    await database.close()


async def test_an_order_is_what_was_said_of_it_in_the_span_and_not_before_or_by_others(stored: Any) -> None:
    orders, client = stored
    said = {
        "is_paid": True,
        "cod": False,
        "payment_method": "card",
        "country": "CN",
        "buyer": "~b",
        "units": 2,
    }
    rows = [
        version("a", NOW_MS - 8 * HOUR_MS, "10.00"),
        version("a", NOW_MS - HOUR_MS, "1000.00", **said),
        version("a", NOW_MS - HOUR_MS // 2, "", country="", units=0),
        version("b", NOW_MS - 8 * HOUR_MS, "20.00"),
        version("c", NOW_MS - HOUR_MS, "5.00", of="other"),
        version("d", NOW_MS - HOUR_MS, "6.00", test=True),
        version("e", NOW_MS - HOUR_MS, "7.00", of="", file="import-1"),
    ]
    client.insert("order_versions_raw", rows, column_names=NAMES)
    (recent,) = await orders.between(SHOP, NOW_MS - 6 * HOUR_MS, NOW_MS, 10)
    assert (recent.order_id, recent.amount, recent.reported_ms) == ("a", 1000.0, NOW_MS - HOUR_MS // 2)
    assert (recent.is_paid, recent.on_delivery, recent.method, recent.country) == (True, False, "card", "CN")
    assert (recent.has_buyer, recent.units, recent.placed_ms) == (True, 2, NOW_MS - 9 * HOUR_MS)
    assert recent.store == "cn"
    past = await orders.between(SHOP, 0, NOW_MS - 6 * HOUR_MS, 10)
    assert {one.order_id: one.amount for one in past} == {"a": 10.0, "b": 20.0}
    assert [one.order_id for one in await orders.between(SHOP, 0, NOW_MS, 1)] == ["a"]
    assert [(one.order_id, one.amount) for one in await orders.from_files(SHOP, 10)] == [("e", 7.0)]


async def test_orders_that_pages_saw_are_those_with_an_amount(stored: Any) -> None:
    orders, client = stored
    at = datetime.fromtimestamp(NOW_MS / 1000, UTC)
    names = [
        "store_id",
        "event_time",
        "type",
        "event_id",
        "received_at",
        "order_id",
        "amount",
        "currency",
        "source",
        "version",
    ]
    client.insert(
        "events_raw",
        [
            ["cn", at, "order", "1", at, "a", "12.50", "CNY", "pixel", 1],
            ["cn", at, "order", "2", at, "b", "", "CNY", "pixel", 1],
            ["cn", at, "payment", "3", at, "a", "12.50", "CNY", "pixel", 1],
            ["cn", at, "order", "4", at, "c", "9", "CNY", "poll", 1],
        ],
        column_names=names,
    )
    (seen,) = await orders.from_pixel(SHOP, NOW_MS - DAY_MS, 10)
    assert (seen.order_id, seen.amount, seen.currency, seen.reported_ms) == ("a", 12.5, "CNY", NOW_MS)
    assert seen.store == "cn"


async def test_a_report_is_compared_on_the_days_that_it_is_complete_of(stored: Any) -> None:
    orders, client = stored
    begin = NOW_MS - NOW_MS % DAY_MS - 3 * DAY_MS
    assert await orders.reported(SHOP, NOW_MS) is None
    client.insert(
        "order_versions_raw",
        [
            version("first", begin - DAY_MS, "1", placed_ms=begin - 2 * DAY_MS),
            version("a", begin + HOUR_MS, "400.00", placed_ms=begin + HOUR_MS),
            version("b", begin + HOUR_MS, "600.00", placed_ms=begin + DAY_MS - 1),
            version("c", begin + 3 * DAY_MS, "700.00", placed_ms=begin + 2 * DAY_MS),
        ],
        column_names=NAMES,
    )
    assert await orders.reported(SHOP, NOW_MS) is None
    day, ours = datetime.fromtimestamp(begin / 1000, UTC), {"source": "json_api", "store": "cn"}
    client.insert(
        "report_versions_raw",
        [
            report_row("orders", day, "2", **ours),
            report_row("revenue", day, "10", currency="CNY", **ours),
            report_row("orders", day, "900", dimensions={"traffic": "ads"}, **ours),
            report_row("orders", day, "901", source="ga4", store="cn"),
        ],
        column_names=COLUMNS,
    )
    found = await orders.reported(SHOP, NOW_MS)
    assert found is not None
    assert (found.orders, found.reported_orders) == (2, 2)
    assert (found.sales, found.reported_sales) == ({"CNY": 1000.0}, {"CNY": 10.0})


async def test_a_report_of_one_store_was_compared_with_the_orders_of_all(stored: Any) -> None:
    orders, client = stored
    begin = NOW_MS - NOW_MS % DAY_MS - 3 * DAY_MS
    both = connection_from(connection() | {"store": "", "stores": ["cn", "sg"]}, SG)
    client.insert(
        "order_versions_raw",
        [
            version("first", begin - DAY_MS, "1", placed_ms=begin - 2 * DAY_MS),
            *(
                version(
                    f"{store}{number}", begin + HOUR_MS, "5.00", placed_ms=begin + HOUR_MS, store_id=store
                )
                for store, count in (("cn", 2), ("sg", 30))
                for number in range(count)
            ),
        ],
        column_names=NAMES,
    )
    day = datetime.fromtimestamp(begin / 1000, UTC)
    rows = [
        report_row(
            measure, day, value, source="json_api", store="cn", currency="CNY" if measure == "revenue" else ""
        )
        for measure, value in (("orders", "2"), ("revenue", "10"))
    ]
    client.insert("report_versions_raw", rows, column_names=COLUMNS)
    found = await orders.reported(both, NOW_MS)
    assert found is not None
    assert (found.orders, found.reported_orders, found.sales) == (2, 2, {"CNY": 10.0})

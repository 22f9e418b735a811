"""What stores sold, on the real engine: with the orders that no page led to, which are in no step of the funnel."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scoring.funnel.stages import STAGES
from scoring.funnel.trade import Trade
from streams.config.model import Config
from streams.incidents.trade import TradeReader
from tests.fixtures.clickhouse import Store

FROM = datetime(2026, 3, 2, 8, tzinfo=UTC)
SPAN = {"from_s": int(FROM.timestamp()), "to_s": int(FROM.timestamp()) + 3600}
COLUMNS = (
    "store_id",
    "event_time",
    "received_at",
    "type",
    "event_id",
    "order_id",
    "amount",
    "currency",
    "source",
    "set_apart",
)
STORES = (
    {"id": "shop", "name": "Shop", "currency": "EUR"},
    {"id": "till", "name": "Till", "currency": "EUR"},
)


def order(number: int, store: str, set_apart: str, amount: str = "20.00", currency: str = "EUR") -> list[Any]:
    return [store, FROM, FROM, "order", f"e{number}", f"o{number}", amount, currency, "webhook", set_apart]


async def test_what_was_sold_without_a_page_is_sold_and_in_no_conversion(
    clickhouse: Store, ready_database: str, tmp_path: Path
) -> None:
    client = clickhouse.client(ready_database)
    orders = [order(n, "shop", "") for n in range(4)] + [
        order(n, "shop", "without_page") for n in range(4, 6)
    ]
    orders += [
        order(6, "shop", "excluded"),
        order(7, "shop", "without_page", "", ""),
        order(8, "till", "without_page", "50.00"),
    ]
    client.insert("events_raw", orders, column_names=COLUMNS)
    counts = [{"click": 100, "order": 4}.get(stage.value, 0) for stage in STAGES]
    client.insert(
        "minutes_raw",
        [
            ["shop", FROM, "", counts, 1],
            *(
                [store, FROM, "[no page]", [n * (stage.value == "order") for stage in STAGES], 1]
                for store, n in (("shop", 3), ("till", 1))
            ),
        ],
        column_names=["store_id", "minute", "segment", "counts", "version"],
    )

    async def rows(sql: str, **given: int) -> list[dict[str, Any]]:
        return list(client.query(sql, parameters=given).named_results())

    (sold,) = (await TradeReader(rows, Config(stores=STORES)).traded([SPAN])).spans
    assert sold == {
        "shop": Trade(visits=100, orders=7, sales=120.0, priced=6, pageless=3),
        "till": Trade(visits=0, orders=1, sales=50.0, priced=1, pageless=1),
    }

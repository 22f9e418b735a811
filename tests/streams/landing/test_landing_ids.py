"""What landing recognises an event by, asked of ClickHouse as well."""

from __future__ import annotations

import pytest

from scoring.events.identity import known_id
from streams.clickhouse.literals import literals
from streams.landing.duplicates import HASH_SQL, ORDER_HASH_SQL, hash_ids, id_key, order_key
from tests.fixtures.clickhouse import Store


@pytest.mark.parametrize("source", ["api", "pixel"])
@pytest.mark.parametrize(
    "event_id",
    ["e", "n-0123456789abcdef", "pixel:e", "订单–1 ü", "x" * 300, "0f8fad5b-d9cb-469f-a165-70867728950e"],
)
def test_clickhouse_gives_an_id_the_number_that_landing_gives_it(
    clickhouse: Store, event_id: str, source: str
) -> None:
    row = f"SELECT toLowCardinality('店-1') AS store_id, {literals([event_id])} AS event_id, '{source}' AS source"
    (number,) = clickhouse.client().query(f"SELECT {HASH_SQL} FROM ({row})").result_rows[0]
    assert hash_ids([id_key("店-1", known_id(event_id, source))]).tolist() == [number]


def test_clickhouse_gives_an_order_the_number_that_landing_gives_it(clickhouse: Store) -> None:
    row = "SELECT 's' AS store_id, toLowCardinality('order') AS type, 'A–1' AS order_id"
    (number,) = clickhouse.client().query(f"SELECT {ORDER_HASH_SQL} FROM ({row})").result_rows[0]
    assert hash_ids([order_key("s", "order", "A–1")]).tolist() == [number]

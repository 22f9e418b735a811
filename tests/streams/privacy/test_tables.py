"""A buyer's rows in the real tables: found, replaced, and gone from the files of the store."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from scoring.events.erasure import BuyerIds, Erasure
from streams.clickhouse.clients import open_writer
from streams.privacy import tables
from streams.settings import Settings, load_settings
from tests.fixtures.clickhouse import Store

pytestmark = pytest.mark.slow

AT = datetime(2026, 11, 30, 8, tzinfo=UTC)
PERSON, DEVICE = "annaannaannaanna", "phonephonephonep"


def events(buyer: str, device: str, order: str) -> list[dict[str, Any]]:
    common = {"store_id": "shop", "event_time": AT, "received_at": AT, "version": 1, "source": "api"}
    return [
        {**common, "type": "click", "event_id": f"{device}-c", "visitor": device, "attributes": {}},
        {
            **common, "type": "order", "event_id": f"o-{order}", "visitor": device, "buyer": buyer, "order_id": order,
            "attributes": {"memo": f"for {buyer}"},
        },
    ]  # fmt: skip


async def test_rows_are_replaced_in_every_table_and_the_views_count_the_same(
    clickhouse: Store, ready_database: str
) -> None:
    settings: Settings = load_settings(
        clickhouse_url=clickhouse.url,
        clickhouse_password=clickhouse.password,
        clickhouse_reader_password=clickhouse.reader_password,
        clickhouse_database=ready_database,
    )
    client = await open_writer(settings)
    names = ["store_id", "event_time", "received_at", "version", "source", "type", "event_id", "visitor", "buyer",
             "order_id", "attributes"]  # fmt: skip
    rows = events(PERSON, DEVICE, "7") + events("bertabertabertab", "laptoplaptoplapt", "8")
    rows.append({**rows[1], "store_id": "other-shop", "buyer": "", "visitor": "", "attributes": {}})
    values = [[row.get(name, "") for name in names] for row in rows]
    await client.insert("events_raw", values, column_names=names)
    await client.insert(
        "order_versions_raw",
        [["shop", "7", "shopify", PERSON, {}, {}, int(AT.timestamp() * 1000)]],
        column_names=["store_id", "order_id", "source", "buyer", "refunds", "refund_times", "told_at_ms"],
    )
    await client.insert(
        "dead_letters_raw",
        [
            [
                "l1",
                AT,
                "bad_value",
                "api",
                "shop",
                f'{{"buyer":"~{PERSON}","order_id":"7","event_id":"late-7"}}',
                "",
                1,
            ]
        ],
        column_names=[
            "letter_id",
            "received_at",
            "reason",
            "source",
            "store_id",
            "payload",
            "detail",
            "version",
        ],
    )
    before = await tables.totals(client, ready_database, "shop")
    assert before["events"] == 4

    ids = BuyerIds("shop", [PERSON])
    await tables.take_buyer(client, ready_database, ids)
    assert ids.all == {PERSON, DEVICE, "7", "o-7", "late-7", f"{DEVICE}-c"}

    erasure = Erasure({one: f"erased-{number}" for number, one in enumerate(sorted(ids.all))}, "shop")
    every = await tables.tables_with_texts(client, ready_database)
    (of_events,) = (table for table in every if table.table == "events_raw")
    first = await tables.rows_with(client, ready_database, of_events, erasure)
    again = [list(tables.replaced(row, erasure).values()) for _, row in first]
    await client.insert(
        "events_raw", again, column_names=list(of_events.columns)
    )  # and then it was interrupted

    changed = {
        table.table: count
        for table in await tables.tables_with_texts(client, ready_database)
        if (count := await tables.erase_rows(client, ready_database, table, erasure))
    }
    assert changed == {"dead_letters_raw": 1, "events_raw": 2, "order_versions_raw": 1}
    assert await tables.totals(client, ready_database, "shop") == before
    for table in await tables.tables_with_texts(client, ready_database):
        assert await tables.rows_with(client, ready_database, table, erasure) == []
    kept = (await client.query("SELECT order_id, buyer FROM events_raw WHERE type = 'order'")).result_rows
    assert {order for order, _ in kept} == {"8", "erased-0", "7"}
    elsewhere = (
        await client.query("SELECT order_id FROM events_raw WHERE store_id = 'other-shop'")
    ).result_rows
    assert elsewhere == [("7",)]
    assert await tables.tables_with_texts(client, ready_database)  # the marks' table is gone, and no other
    assert (await client.query("EXISTS TABLE privacy_marks")).result_rows == [(0,)]
    await client.close()

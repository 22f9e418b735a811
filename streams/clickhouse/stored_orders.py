"""Which facts of which orders are stored already: an import says how many of its events were there before."""

from __future__ import annotations

from collections.abc import Sequence

from clickhouse_connect.driver import Client

from streams.clickhouse.errors import mapped

_STORED = """
SELECT DISTINCT type, order_id FROM events
WHERE store_id = {store:String} AND order_id IN {ids:Array(String)}
"""


def stored_facts(client: Client, store_id: str, order_ids: Sequence[str]) -> set[tuple[str, str]]:
    """(event type, order id) of those orders that have events.

    Raises:
        ClickHouseError: it does not answer or rejects the query.
    """
    if not order_ids:
        return set()
    with mapped():
        rows = client.query(_STORED, parameters={"store": store_id, "ids": list(order_ids)}).result_rows
    return {(str(kind), str(order_id)) for kind, order_id in rows}

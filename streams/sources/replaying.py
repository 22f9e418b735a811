"""Raw deliveries put back into the log, to be translated again: those that could not be, or all since a moment.

They come from the store, which keeps them for two weeks. What was translated before has natural identities and counts once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from clickhouse_connect.driver import Client

from scoring.events.event import RejectReason
from scoring.records.raw_delivery import DeliveryDoor, RawDelivery
from streams.clickhouse.errors import mapped
from streams.sources.connection import Connection

_COLUMNS = (
    "delivery_id, source, connection, toUnixTimestamp64Milli(received_at) AS received_at_ms, topic, "
    "toString(door) AS door, body, headers"
)
_SINCE = "source = {source:String} AND connection = {connection:String} AND received_at >= fromUnixTimestamp64Milli({since_ms:Int64})"
_ALL = f"SELECT {_COLUMNS} FROM raw_deliveries WHERE {_SINCE} ORDER BY received_at, delivery_id LIMIT 1 BY delivery_id"
#: letters are named ``raw-DELIVERY`` or ``raw-DELIVERY-ROW``
_FAILED = f"""
SELECT {_COLUMNS} FROM raw_deliveries
WHERE {_SINCE} AND delivery_id IN
(
    SELECT splitByChar('-', letter_id)[2] FROM dead_letters
    WHERE reason = {{reason:String}} AND source = {{letters:String}}
      AND received_at >= fromUnixTimestamp64Milli({{since_ms:Int64}})
)
ORDER BY received_at, delivery_id
LIMIT 1 BY delivery_id
"""


def kept_deliveries(
    client: Client, connection: Connection, since: datetime, is_all: bool
) -> Iterator[RawDelivery]:
    """The deliveries of a connection since a moment, oldest first: all, or those that could not be translated.

    Raises:
        ClickHouseError: the query fails.
    """
    parameters: dict[str, Any] = {
        "source": connection.source,
        "connection": connection.name,
        "since_ms": int(since.timestamp() * 1000),
        "reason": RejectReason.UNTRANSLATABLE.value,
        "letters": connection.key,
    }
    with mapped():
        result = client.query(_ALL if is_all else _FAILED, parameters=parameters)
    for row in result.named_results():
        yield RawDelivery(**{**row, "door": DeliveryDoor(row["door"])})

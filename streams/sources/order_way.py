"""Reads the way back from an order: its versions, the raw deliveries they were made of, and the events of other doors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from scoring.events.event import Source
from scoring.funnel.units import DAY_MS
from scoring.records.order_facts import OrderFacts
from scoring.records.order_life import OrderLife, merge
from scoring.records.order_way import (
    Kept,
    OrderChange,
    OrderDoor,
    OrderReport,
    OrderWay,
    names_order,
    with_changes,
)
from scoring.records.raw_delivery import DeliveryDoor, RawDelivery
from streams.clickhouse.reader import Database
from streams.instance.typed_ids import TypedIds
from streams.sources.directory import ConnectionDirectory
from streams.sources.orders_known import StoredVersions
from streams.sources.registry import source_named

#: how long raw deliveries are kept (deploy/clickhouse/040_records.sql)
RAW_DAYS = 14
#: reports of one order that are shown, and characters of a raw delivery
MAX_REPORTS, _MAX_BODY = 200, 20_000
#: stores that are named to somebody whose order several have
_MOST_STORES = 20
#: days around an order in which events of it are looked for; of one without facts, days before now
_BEFORE_DAYS, _AFTER_DAYS, _RECENT_DAYS = 2, 180, 90

STORES = """
SELECT DISTINCT store_id, order_id FROM
(
    SELECT store_id, order_id FROM order_versions WHERE order_id IN {orders:Array(String)}
    UNION ALL
    SELECT store_id, order_id FROM events WHERE order_id IN {orders:Array(String)}
      AND event_time >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
)
ORDER BY store_id
LIMIT 1000
"""

DELIVERIES = """
SELECT source, connection, toUnixTimestamp64Milli(received_at) AS received_ms, delivery_id, topic, door, body, headers
FROM raw_deliveries
WHERE source IN {sources:Array(String)} AND connection IN {connections:Array(String)}
  AND received_at IN (SELECT fromUnixTimestamp64Milli(arrayJoin({times:Array(Int64)}), 'UTC'))
  AND position(body, {order:String}) > 0
ORDER BY received_at, delivery_id
LIMIT 1000
"""

EVENTS = """
SELECT toString(type) AS type_name, toString(source) AS source_name, is_repeat,
       toUnixTimestamp64Milli(toDateTime64(event_time, 3, 'UTC')) AS event_ms,
       toUnixTimestamp64Milli(toDateTime64(received_at, 3, 'UTC')) AS received_ms
FROM event_records
WHERE store_id = {store:String} AND order_id = {order:String}
  AND event_time >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AND event_time < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
ORDER BY received_ms, event_ms, type_name
LIMIT 200
"""

_OF_FACTS = (Source.WEBHOOK.value, Source.POLL.value)


class OrderWays:
    """Finds the way back from orders.

    Args:
        database: the store.
        directory: the connections, to see which of several deliveries of one moment is about an order; None where they are not known.
        ids: under which id an order is kept whose number somebody types.
    """

    def __init__(self, database: Database, directory: ConnectionDirectory | None, ids: TypedIds) -> None:
        self._database, self._directory, self._ids = database, directory, ids

    async def stores(self, typed: str, configured: Sequence[str], now_ms: int) -> list[str]:
        """The stores that have an order of this number, 20 at most.

        Args:
            typed: the number, as somebody types it.
            configured: the stores in which a number that holds personal data is looked for: each has a pseudonym of its own for it.
            now_ms: now.

        Raises:
            NoHashKeyError: the number holds personal data, and nobody knows what it is kept as.
        """
        kept = {store_id: self._ids.order(store_id, typed) for store_id in configured}
        orders = sorted({typed.strip(), *kept.values()})
        rows = await self._database.rows(STORES, orders=orders, from_ms=now_ms - _RECENT_DAYS * DAY_MS)
        # what is kept as it was typed is a plain number, or a pseudonym that a page shows
        wanted = [
            row["store_id"]
            for row in rows
            if row["order_id"] in (typed.strip(), kept.get(row["store_id"], typed.strip()))
        ]
        return list(dict.fromkeys(wanted))[:_MOST_STORES]

    async def way(self, store_id: str, typed: str, now_ms: int) -> OrderWay | None:
        """The way back from an order whose number somebody types; None if nothing is known of it.

        Raises:
            NoHashKeyError: as ``stores``.
        """
        order_id = self._ids.order(store_id, typed)
        versions = await StoredVersions(self._database).of(store_id, [order_id])
        reports = await self._of_facts(order_id, versions, now_ms)
        reports += await self._of_events(store_id, order_id, versions, now_ms)
        if not reports:
            return None
        reports.sort(key=lambda one: (one.received_ms, one.as_of_ms))
        return _whole(store_id, order_id, merge(versions), reports)

    async def _of_facts(
        self, order_id: str, versions: Sequence[OrderFacts], now_ms: int
    ) -> list[OrderReport]:
        raw = await self._deliveries(order_id, versions)
        return [_report(one, changes, raw, now_ms) for one, changes in with_changes(versions)]

    async def _deliveries(
        self, order_id: str, versions: Sequence[OrderFacts]
    ) -> dict[tuple[str, str, int], RawDelivery]:
        """The raw delivery of each version, by its way and moment."""
        asked = [one for one in versions if one.connection]
        if not asked:
            return {}
        rows = await self._database.rows(
            DELIVERIES,
            sources=sorted({one.source for one in asked}),
            connections=sorted({one.connection for one in asked}),
            times=sorted({one.told_at_ms for one in asked}),
            order=order_id,
        )
        found: dict[tuple[str, str, int], list[RawDelivery]] = defaultdict(list)
        for row in rows:
            delivery = _delivery(row)
            found[delivery.source, delivery.connection, delivery.received_at_ms].append(delivery)
        chosen = {key: self._about(order_id, some) for key, some in found.items()}
        return {key: one for key, one in chosen.items() if one is not None}

    def _about(self, order_id: str, deliveries: Sequence[RawDelivery]) -> RawDelivery | None:
        """Of the deliveries of one moment the one that is about this order."""
        named = [one for one in deliveries if names_order(one.body, order_id)]
        sure = (one for one in named if len(named) > 1 and self._is_about(order_id, one))
        return next(sure, named[0] if named else None)

    def _is_about(self, order_id: str, delivery: RawDelivery) -> bool:
        connection = self._directory.get(delivery.connection, delivery.source) if self._directory else None
        spec = source_named(delivery.source)
        if connection is None or spec is None or spec.translate is None:
            return False
        try:
            found = spec.translate(delivery, connection.terms(spec.terms(connection.config)))
        except Exception:  # whatever a mapping of this release makes of it, it is shown as it came
            return False
        return any(order.order_id == order_id for order in found.orders)

    async def _of_events(
        self, store_id: str, order_id: str, versions: Sequence[OrderFacts], now_ms: int
    ) -> list[OrderReport]:
        """What doors reported that send events; those that follow from facts are shown as these."""
        known = [one.placed_ms or one.told_at_ms for one in versions]
        from_ms = min(known) - _BEFORE_DAYS * DAY_MS if known else now_ms - _RECENT_DAYS * DAY_MS
        to_ms = max(known) + _AFTER_DAYS * DAY_MS if known else now_ms + DAY_MS
        rows = await self._database.rows(EVENTS, store=store_id, order=order_id, from_ms=from_ms, to_ms=to_ms)
        return [
            OrderReport(
                int(row["received_ms"]),
                int(row["event_ms"]),
                _DOORS.get(row["source_name"], OrderDoor.API),
                event=row["type_name"],
                is_repeat=bool(row["is_repeat"]),
            )
            for row in rows
            if not (versions and row["source_name"] in _OF_FACTS)
        ]


_DOORS = {
    **{source.value: OrderDoor(source.value) for source in Source if source.value in set(OrderDoor)},
    Source.WEBHOOK.value: OrderDoor.HOOK,
}


def _delivery(row: dict[str, Any]) -> RawDelivery:
    return RawDelivery(
        delivery_id=row["delivery_id"],
        source=row["source"],
        connection=row["connection"],
        received_at_ms=int(row["received_ms"]),
        topic=row["topic"],
        door=DeliveryDoor(row["door"]),
        body=row["body"],
        headers=row["headers"],
    )


def _report(
    version: OrderFacts,
    changes: tuple[OrderChange, ...],
    raw: dict[tuple[str, str, int], RawDelivery],
    now_ms: int,
) -> OrderReport:
    delivery = raw.get((version.source, version.connection, version.told_at_ms))
    if version.import_id:
        door, kept = OrderDoor.FILE, Kept.NEVER
    elif delivery is not None:
        door, kept = OrderDoor(delivery.door.value), Kept.YES
    else:
        door = OrderDoor.BACKFILL if version.history else OrderDoor.CONNECTION
        kept = Kept.EXPIRED if now_ms - version.told_at_ms >= RAW_DAYS * DAY_MS else Kept.MISSING
    body = delivery.body if delivery is not None else ""
    return OrderReport(
        version.told_at_ms,
        version.as_of_ms,
        door,
        source=version.source,
        connection=version.connection,
        import_id=version.import_id,
        topic=delivery.topic if delivery is not None else "",
        delivery_id=delivery.delivery_id if delivery is not None else "",
        kept=kept,
        body=body[:_MAX_BODY],
        cut=len(body) > _MAX_BODY,
        withdrawn=version.withdrawn,
        changes=changes,
    )


def _whole(store_id: str, order_id: str, life: OrderLife | None, reports: list[OrderReport]) -> OrderWay:
    return OrderWay(
        store_id,
        order_id,
        state=life.state.value if life else "",
        placed_ms=life.placed_ms if life else 0,
        amount=life.amount if life else "",
        currency=life.currency if life else "",
        left_out=life.left_out.value if life and life.left_out else "",
        truncated=len(reports) > MAX_REPORTS,
        reports=tuple(reports[:MAX_REPORTS]),
    )

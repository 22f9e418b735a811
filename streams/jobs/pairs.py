"""Attributed pairs out of ClickHouse: which upstream event a downstream event belongs to, for the delay kernels.

Orders, payments and fulfilments belong together by their order. Earlier stages belong together by visitor, and only where
there is no doubt: the visitor had exactly one upstream event in the two hours before. Whatever has too few pairs gets its
kernel from the counts (``scoring/baselines/kernel.py``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from clickhouse_connect.driver import Client

from scoring.baselines.baseline import Kernel
from scoring.baselines.kernel import LAGS, kernel_from_pairs
from scoring.baselines.slow import Pairs
from streams.clickhouse.errors import mapped

#: pairs read of a store and step, at most, and what a kernel of a fast step takes
MOST_PAIRS, LEAST_PAIRS = 5000, 1000
#: events of one kind that visitors' pairs are looked for in, about, at most
_SAMPLE = 500_000
#: days of events that fast steps are looked for in
FAST_DAYS = 7

_BY_ORDER = """
SELECT store_id, intDiv(toUnixTimestamp(begun), 60) AS up, intDiv(toUnixTimestamp(ended), 60) AS down
FROM
(
    SELECT
        store_id, order_id,
        if(countIf(type = {up:String}) > 0, minIf(event_time, type = {up:String}), minIf(event_time, type = {instead:String}))
            AS begun,
        minIf(event_time, type = {down:String}) AS ended
    FROM events
    WHERE type IN ({up:String}, {instead:String}, {down:String}) AND order_id != ''
        AND event_time >= fromUnixTimestamp({first:Int64}) AND event_time < fromUnixTimestamp({last:Int64})
    GROUP BY store_id, order_id
    HAVING countIf(type IN ({up:String}, {instead:String})) > 0 AND countIf(type = {down:String}) > 0
)
WHERE ended >= begun
ORDER BY cityHash64(order_id)
LIMIT {most:UInt32} BY store_id
"""

_BY_VISITOR = """
WITH greatest(1, intDiv((
    SELECT count() FROM events
    WHERE type = {up:String} AND event_time >= fromUnixTimestamp({first:Int64}) AND event_time < fromUnixTimestamp({last:Int64})
), {sample:UInt64})) AS thinned
SELECT store_id, max(began) AS up, down
FROM
(
    SELECT
        ups.store_id AS store_id, ups.visitor AS visitor, downs.event_id AS event_id,
        intDiv(toUnixTimestamp(ups.event_time), 60) AS began, intDiv(toUnixTimestamp(downs.event_time), 60) AS down
    FROM
    (
        SELECT store_id, visitor, event_id, event_time FROM events
        WHERE type = {down:String} AND visitor != '' AND cityHash64(visitor) % thinned = 0
            AND event_time >= fromUnixTimestamp({first:Int64}) AND event_time < fromUnixTimestamp({last:Int64})
    ) AS downs
    INNER JOIN
    (
        SELECT store_id, visitor, event_time FROM events
        WHERE type = {up:String} AND visitor != '' AND cityHash64(visitor) % thinned = 0
            AND event_time >= fromUnixTimestamp({first:Int64}) AND event_time < fromUnixTimestamp({last:Int64})
    ) AS ups ON ups.store_id = downs.store_id AND ups.visitor = downs.visitor
    WHERE ups.event_time <= downs.event_time AND ups.event_time > downs.event_time - INTERVAL 2 HOUR
)
GROUP BY store_id, visitor, event_id, down
HAVING count() = 1
ORDER BY cityHash64(event_id)
LIMIT {most:UInt32} BY store_id
"""

#: step, upstream and downstream, of steps whose pairs share a visitor
_VISITOR_STEPS = (
    ("impression_to_click", "impression", "click"),
    ("click_to_add_to_cart", "click", "add_to_cart"),
    ("add_to_cart_to_order", "add_to_cart", "order"),
)


def read_slow_pairs(client: Client, first: int, last: int) -> dict[str, Pairs]:
    """Pairs of payment (order, where there is no payment) and fulfilment by store, of orders begun within two UTC minutes.

    Raises:
        ClickHouseError: the store is away or refuses.
    """
    values = {"up": "payment", "instead": "order", "down": "fulfilment"}
    return {store: Pairs(*both) for store, both in _read(client, _BY_ORDER, first, last, values).items()}


def read_fast_kernels(client: Client, first: int, last: int) -> dict[tuple[str, str], Kernel]:
    """Kernels of fast steps by (store, step), where there are pairs enough between two UTC minutes.

    Raises:
        ClickHouseError: the store is away or refuses.
    """
    first = max(first, last - FAST_DAYS * 1440)
    found: dict[tuple[str, str], Kernel] = {}
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("order_to_payment", _BY_ORDER, {"up": "order", "instead": "order", "down": "payment"})
    ]
    for step, up, down in _VISITOR_STEPS:
        asked.append((step, _BY_VISITOR, {"up": up, "down": down, "sample": _SAMPLE}))
    for step, query, values in asked:
        for store, (up_minutes, down_minutes) in _read(client, query, first, last, values).items():
            if len(up_minutes) >= LEAST_PAIRS:
                found[store, step] = kernel_from_pairs(
                    down_minutes - up_minutes, last - up_minutes, most=LAGS
                )
    return found


def _read(
    client: Client, query: str, first: int, last: int, values: dict[str, Any]
) -> dict[str, tuple[np.ndarray[Any, np.dtype[np.int64]], np.ndarray[Any, np.dtype[np.int64]]]]:
    with mapped():
        rows = client.query(
            query, parameters={**values, "first": first * 60, "last": last * 60, "most": MOST_PAIRS}
        ).result_rows
    by_store: dict[str, list[tuple[int, int]]] = {}
    for store, up, down in rows:
        by_store.setdefault(store, []).append((int(up), int(down)))
    arrays = {store: np.array(pairs, dtype=np.int64) for store, pairs in by_store.items()}
    return {store: (pairs[:, 0], pairs[:, 1]) for store, pairs in arrays.items()}

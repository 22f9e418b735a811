"""Pairs of paid and fulfilled orders out of ClickHouse, for the delay kernels of slow steps.

They belong together by their order (fast steps: ``streams/jobs/pairs.py``). A store with too few pairs gets its kernel
from the counts (``scoring/baselines/slow.py``).
"""

from __future__ import annotations

import numpy as np
from clickhouse_connect.driver import Client

from scoring.baselines.slow import AttributedPairs
from scoring.funnel.segment_names import takes_part_sql
from scoring.funnel.stages import Stage
from streams.clickhouse.errors import mapped

#: pairs read of a store, at most
MAX_PAIRS = 5000

_BEGUN, _ENDED = f"'{Stage.ORDER}', '{Stage.PAYMENT}'", f"'{Stage.FULFILMENT}'"
_BY_ORDER = f"""
SELECT store_id, intDiv(toUnixTimestamp(begun), 60) AS up, intDiv(toUnixTimestamp(ended), 60) AS down
FROM
(
    SELECT
        store_id, order_id,
        if(countIf(type = '{Stage.PAYMENT}') > 0, minIf(event_time, type = '{Stage.PAYMENT}'), minIf(event_time, type = '{Stage.ORDER}')) AS begun,
        minIf(event_time, type = {_ENDED}) AS ended
    FROM events
    WHERE type IN ({_BEGUN}, {_ENDED}) AND order_id != '' AND {takes_part_sql(Stage.ORDER)}
        AND event_time >= fromUnixTimestamp({{first:Int64}}) AND event_time < fromUnixTimestamp({{last:Int64}})
    GROUP BY store_id, order_id
    HAVING countIf(type IN ({_BEGUN})) > 0 AND countIf(type = {_ENDED}) > 0
)
WHERE ended >= begun
ORDER BY cityHash64(order_id)
LIMIT {{most:UInt32}} BY store_id
"""


def read_slow_pairs(client: Client, first: int, last: int) -> dict[str, AttributedPairs]:
    """Pairs of payment (order, where there is no payment) and fulfilment by store, of orders begun within two UTC minutes.

    Raises:
        ClickHouseError: the store is unreachable or rejects the query.
    """
    values = {"first": first * 60, "last": last * 60, "most": MAX_PAIRS}
    with mapped():
        rows = client.query(_BY_ORDER, parameters=values).result_rows
    by_store: dict[str, list[tuple[int, int]]] = {}
    for store, up, down in rows:
        by_store.setdefault(store, []).append((int(up), int(down)))
    arrays = {store: np.array(pairs, dtype=np.int64) for store, pairs in by_store.items()}
    return {store: AttributedPairs(pairs[:, 0], pairs[:, 1]) for store, pairs in arrays.items()}

"""Reads attributed pairs out of ClickHouse: how long after its upstream event each conversion came.

An order and its payment share an order id; other stages are joined by product within a session (a visitor where there is
no session), carts and orders by session alone, each downstream event to the last upstream event before it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from clickhouse_connect.driver import Client

from scoring.baselines.baseline import Kernel
from scoring.baselines.pairs import DelayPairs, kernel_of
from scoring.funnel.segment_names import takes_part_sql
from scoring.funnel.stages import Stage, Step, steps_of
from streams.clickhouse.errors import mapped

#: days of pairs that are read, and about how many downstream events a store and step
_DAYS, _SAMPLE = 7, 20_000
_WHO = "if(session != '', session, visitor)"
_KEYS = {
    (Stage.IMPRESSION, Stage.CLICK): f"if({_WHO} = '', '', concat({_WHO}, ' ', product))",
    (Stage.CLICK, Stage.ADD_TO_CART): f"if({_WHO} = '', '', concat({_WHO}, ' ', product))",
    (Stage.ORDER, Stage.PAYMENT): "order_id",
}
_QUERY = """
WITH
    toDateTime64({{since:Int64}}, 3, 'UTC') AS since,
    toDateTime64({{until:Int64}}, 3, 'UTC') AS until,
    sampled AS
    (
        SELECT store_id, greatest(1, intDiv(count(), {sample})) AS every
        FROM events WHERE type = {{down:String}} AND event_time >= since AND event_time < until AND {judged} GROUP BY store_id
    ),
    downs AS
    (
        SELECT store_id, {key} AS key, event_time, intDiv(toUnixTimestamp(event_time), 60) AS minute
        FROM events INNER JOIN sampled USING store_id
        WHERE type = {{down:String}} AND event_time >= since AND event_time < until AND {judged} AND cityHash64(key) % every = 0
    ),
    ups AS
    (
        SELECT store_id, {key} AS key, event_time, intDiv(toUnixTimestamp(event_time), 60) AS minute
        FROM events WHERE type = {{up:String}} AND event_time >= since AND event_time < until AND key != '' AND {judged}
    )
SELECT
    downs.store_id, toInt64(downs.minute - ups.minute) AS delay,
    toInt64({{until:Int64}} / 60 - 1 - ups.minute) AS possible, toInt64(count()), toBool(ups.key != '') AS is_paired
FROM downs ASOF LEFT JOIN ups
    ON downs.store_id = ups.store_id AND downs.key = ups.key AND downs.event_time >= ups.event_time
GROUP BY 1, 2, 3, 5
"""


def read_kernels(
    client: Client, until: int, supplied: Mapping[str, Collection[Stage]]
) -> dict[tuple[str, str], Kernel]:
    """Kernels by (store_id, step) of the stores whose events can be paired, from the week before minute ``until``.

    Args:
        client: the store.
        until: minutes since 1970 UTC.
        supplied: the stages of each store: which steps it has.

    Raises:
        ClickHouseError: the store is unreachable or rejects the query.
    """
    steps: dict[Step, set[str]] = {}
    for store, own in supplied.items():
        for step in steps_of(own):
            if step.is_fast:
                steps.setdefault(step, set()).add(store)
    return {
        (store, step.id): kernel
        for step, wanted in steps.items()
        for store, pairs in _read_pairs(client, until, step.upstream, step.downstream).items()
        if store in wanted and (kernel := kernel_of(pairs)) is not None
    }


def _read_pairs(client: Client, until: int, up: Stage, down: Stage) -> dict[str, DelayPairs]:
    judged = f"{takes_part_sql(up)} AND device_class != 'bot'"  # what is set apart is not learned from
    query = _QUERY.format(key=_KEYS.get((up, down), _WHO), sample=_SAMPLE, judged=judged)
    with mapped():
        rows = client.query(
            query,
            parameters={
                "since": (until - _DAYS * 1440) * 60,
                "until": until * 60,
                "up": up.value,
                "down": down.value,
            },
        ).result_rows
    by_store: dict[str, list[tuple[int, int, int, bool]]] = {}
    for store, *row in rows:
        by_store.setdefault(store, []).append(tuple(row))
    found = {}
    for store, groups in by_store.items():
        paired = np.array([group[:3] for group in groups if group[3]], dtype=np.int64).reshape(-1, 3)
        total = sum(group[2] for group in groups)
        found[store] = DelayPairs(paired[:, 0], paired[:, 1], paired[:, 2], total)
    return found

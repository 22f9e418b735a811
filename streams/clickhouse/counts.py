"""Counts of a store per stage over any stretch of minutes, out of ``stage_counts``."""

from __future__ import annotations

from clickhouse_connect.driver import Client

from scoring.funnel.stages import STAGES
from streams.clickhouse.errors import mapped

_TOTALS = """
SELECT stage, sum(count) FROM stage_counts
WHERE store_id = {store:String}
    AND minute >= toStartOfMinute(fromUnixTimestamp64Milli({first:Int64}, 'UTC'))
    AND minute <= fromUnixTimestamp64Milli({last:Int64}, 'UTC')
GROUP BY stage ORDER BY indexOf({stages:Array(String)}, stage)
"""


def stage_totals(client: Client, store_id: str, first_ms: int, last_ms: int) -> list[tuple[str, int]]:
    """(stage, count) of a store from the minute of ``first_ms`` to ``last_ms``, in the order of the funnel.

    Raises:
        ClickHouseError: it does not answer or rejects the query.
    """
    stages = [stage.value for stage in STAGES]
    parameters = {"store": store_id, "first": first_ms, "last": last_ms, "stages": stages}
    with mapped():
        rows = client.query(_TOTALS, parameters=parameters).result_rows
    return [(str(stage), int(count)) for stage, count in rows]

"""What evaluations were made of, as one number a store, and the rows that they came to.

Used by ``streams/jobs/evaluations.py``. The number changes whenever something that lies before the end of the newest complete period
comes, is restated or is taken back; what happens now does not touch it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from clickhouse_connect.driver import AsyncClient

from scoring.funnel.stages import ORDER_STAGES
from scoring.records.signal import SignalKind
from streams.clickhouse.clients import table
from streams.clickhouse.errors import mapped
from streams.clickhouse.literals import literals
from streams.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

#: types of events that orders and prices are read from
_TYPES = literals((*ORDER_STAGES, "delivered", "cancel", "refund", "price"))
#: kinds of signals that an evaluation reads
_KINDS = literals((SignalKind.DISPUTE, SignalKind.SHOP_CLOSED, SignalKind.RELEASE, SignalKind.PROMOTION))


async def inputs_before(
    client: AsyncClient, settings: Settings, stores: Sequence[str], end_ms: int, end_day: date
) -> dict[str, int]:
    """Of each store a number of all that its evaluations are made of.

    Args:
        client: a writer.
        settings: names the database.
        stores: ids.
        end_ms, end_day: the end of the newest complete period, as a moment and as the day that begins there.
    """
    which, end_s = f"store_id IN ({literals(stores)})", end_ms // 1000
    parts = (
        ("order_versions_raw", "max(told_at_ms), sum(digest)", f"placed_ms < {end_ms}"),
        ("report_versions_raw", "max(told_at), sum(digest)", f"period_start < toDateTime({end_s}, 'UTC')"),
        ("signal_versions_raw", "max(told_at), sum(digest)", f"kind IN ({_KINDS})"),
        ("event_days_raw", "sum(digest)", f"fact = 'bots' AND day < '{end_day}'"),
        ("minutes_raw", "max(landed_at)", f"minute < toDateTime({end_s}, 'UTC')"),
        ("events_raw", "max(received_at)", f"type IN ({_TYPES}) AND event_time < toDateTime({end_s}, 'UTC')"),
    )
    queries = " UNION ALL ".join(
        f"SELECT store_id, cityHash64('{name}', count(), {of}) AS number FROM {table(settings, name)} FINAL WHERE {which} AND {until} GROUP BY store_id"
        for name, of, until in parts
    )
    with mapped():
        rows = (
            await client.query(
                f"SELECT store_id, sum(number) FROM ({queries}) GROUP BY store_id",
                settings={"do_not_merge_across_partitions_select_final": 1},
            )
        ).result_rows
    return {str(store): int(number) for store, number in rows}


async def marks_of(client: AsyncClient, settings: Settings, stores: Sequence[str]) -> dict[str, str]:
    """What the evaluations of each store that are written were made of."""
    with mapped():
        rows = (
            await client.query(
                f"SELECT store_id, fingerprint FROM {table(settings, 'evaluation_marks_raw')} FINAL WHERE store_id IN ({literals(stores)})"
            )
        ).result_rows
    return {str(store): str(mark) for store, mark in rows}


async def write_evaluations(
    client: AsyncClient,
    settings: Settings,
    tables: Iterable[tuple[str, pa.Table]],
    marks: Mapping[str, str],
    at_ms: int,
) -> None:
    """Write rows, and then what they were made of: a run that ends between the two is made good by the next."""
    import pyarrow as pa  # starts a thread, which the process from which roles are forked must not have

    noted = pa.table(
        {
            "store_id": pa.array(list(marks), pa.string()),
            "fingerprint": pa.array(list(marks.values()), pa.string()),
            "evaluated_at": pa.array([at_ms] * len(marks), pa.timestamp("ms", "UTC")),
        }
    )
    with mapped():
        for name, rows in (*tables, ("evaluation_marks_raw", noted)):
            await client.insert_arrow(table(settings, name), rows)

"""Recounts minutes from the raw events, which are the truth, and writes them over what the stream counted.

Used by ``streams/landing`` for minutes that late or repeated events touch, and by ``reconcile``. The rules are those of
``scoring/counting/partition.py``: an event id once, from orders on once per order id (the first one received by a trusted door,
else the first that a page reported), segments
named as ``scoring/counting/segments.py`` names them, but without the cap: what the stream called ``other`` gets its own name, and
the rows under names that are no more become zero, so the sum over segments is that of the minute.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import uuid4

import msgspec
from clickhouse_connect.driver import AsyncClient

from scoring.events.event import DeviceClass
from scoring.events.identity import ONCE_PER_ORDER, PUBLIC_SOURCE
from scoring.funnel.segment_names import BOTS, JOINT, MARKED, MISSING, PAGELESS_MARKS
from scoring.funnel.stages import STAGES
from streams.clickhouse.clients import table
from streams.clickhouse.errors import mapped
from streams.settings import Settings

#: which report of an order counts: the smallest
ORDER_RANK = f"(source = '{PUBLIC_SOURCE}', received_at, log_offset, event_id)"
#: bits of a minute row's version below its rank
RANK_SHIFT = 56
_STAGE_LIST = ", ".join(f"'{stage}'" for stage in STAGES)
#: what counts once per order id, as literals
ONCE_LIST = ", ".join(f"'{kind.value}'" for kind in ONCE_PER_ORDER)

#: (store, start of the minute in ms)
Minute = tuple[str, int]
#: the UTC second in which an event's minute begins
MINUTE_SECOND = "toUnixTimestamp(toStartOfMinute(toDateTime(event_time, 'UTC')))"
_MINUTES_AT_ONCE = 5000


def segment_expression(dimensions: Sequence[str]) -> str:
    """The SQL expression of an event's segment name; the empty text for what is not set apart, without dimensions."""
    name = "''"
    if dimensions:
        name = _joined(dimensions)
    pageless = ", ".join(f"set_apart = '{mark}', '{segment}'" for mark, segment in PAGELESS_MARKS.items())
    return f"multiIf({pageless}, set_apart != '', '{MARKED}', device_class = '{DeviceClass.BOT.value}', '{BOTS}', {name})"


def _joined(dimensions: Sequence[str]) -> str:
    values = ", ".join(f"if({name} = '', '{MISSING}', toString({name}))" for name in dimensions)
    return f"arrayStringConcat([{values}], '{JOINT}')"


def fresh_counts(settings: Settings, dimensions: Sequence[str], where: str) -> str:
    """A query for (store_id, minute, segment, counts) of the raw events under the condition ``where``."""
    events = table(settings, "events_raw")
    final = "SETTINGS do_not_merge_across_partitions_select_final = 1"
    counts = ", ".join(f"countIf(type = '{stage}')" for stage in STAGES)
    first_of_order = f"""SELECT store_id, type, order_id, argMin(event_id, {ORDER_RANK}) AS event_id
        FROM {events} FINAL
        WHERE type IN ({ONCE_LIST}) AND (store_id, order_id) IN (
            SELECT store_id, order_id FROM {events} WHERE type IN ({ONCE_LIST}) AND order_id != '' AND ({where}))
        GROUP BY store_id, type, order_id {final}"""
    return f"""SELECT store_id, minute, segment, counts FROM (
        SELECT store_id, toStartOfMinute(toDateTime(event_time, 'UTC')) AS minute,
            {segment_expression(dimensions)} AS segment, [{counts}] AS counts
        FROM {events} FINAL
        WHERE ({where}) AND type IN ({_STAGE_LIST}) AND (type NOT IN ({ONCE_LIST}) OR order_id = ''
            OR (store_id, type, order_id, event_id) IN ({first_of_order}))
        GROUP BY store_id, minute, segment {final})"""


async def recount_all(
    client: AsyncClient, settings: Settings, dimensions: Sequence[str], minutes: Collection[Minute], why: str
) -> None:
    """Recount any number of minutes, some at a time; ``why`` names the batches."""
    found = sorted(minutes)
    for start in range(0, len(found), _MINUTES_AT_ONCE):
        some = found[start : start + _MINUTES_AT_ONCE]
        await recount(client, settings, dimensions, some, f"{why}-{uuid4().hex}")


async def recount(
    client: AsyncClient,
    settings: Settings,
    dimensions: Sequence[str],
    minutes: Collection[Minute],
    batch: str,
) -> None:
    """Count ``minutes`` from the raw events and write them with rank 1, over every row of the stream.

    Args:
        client: a writer.
        settings: names the database.
        dimensions: the configured segment dimensions.
        minutes: (store, start of the minute in ms) each.
        batch: a name of this recount, the same when it is tried again.
    """
    if not minutes:
        return
    noted = table(settings, "recounts_raw")
    lines = b"\n".join(
        msgspec.json.encode({"store_id": store, "minute": start_ms // 1000, "batch": batch})
        for store, start_ms in sorted(minutes)
    )
    low = min(start_ms for _, start_ms in minutes) // 1000
    high = max(start_ms for _, start_ms in minutes) // 1000
    minute_range = f"minute BETWEEN toDateTime({low}, 'UTC') AND toDateTime({high}, 'UTC')"
    touched = f"SELECT store_id, minute FROM {noted} WHERE {minute_range} AND batch = '{batch}'"
    hours = f"SELECT store_id, toStartOfHour(minute) FROM {noted} WHERE {minute_range} AND batch = '{batch}'"
    where = f"""event_time >= toDateTime64({low}, 3, 'UTC') AND event_time < toDateTime64({high + 60}, 3, 'UTC')
        AND (store_id, toStartOfHour(event_time)) IN ({hours})
        AND (store_id, toStartOfMinute(toDateTime(event_time, 'UTC'))) IN ({touched})"""
    target = table(settings, "minutes_raw")
    zeros = f"[{', '.join('0' for _ in STAGES)}]"
    statement = f"""INSERT INTO {target} (store_id, minute, segment, counts, version)
        SELECT store_id, minute, segment, sumForEach(counts) AS counts,
            bitShiftLeft(toUInt64(1), {RANK_SHIFT}) + toUnixTimestamp64Milli(now64(3)) AS version
        FROM ({fresh_counts(settings, dimensions, where)}
            UNION ALL SELECT store_id, minute, segment, CAST({zeros}, 'Array(UInt64)') AS counts FROM {target}
            WHERE {minute_range} AND (store_id, minute) IN ({touched}))
        GROUP BY store_id, minute, segment
        SETTINGS max_partitions_per_insert_block = 0"""
    unlimited: dict[str, Any] = {"max_partitions_per_insert_block": 0}
    with mapped():
        await client.raw_insert(
            noted, ["store_id", "minute", "batch"], insert_block=lines, settings=unlimited, fmt="JSONEachRow"
        )
        await client.command(statement)

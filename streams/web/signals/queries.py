"""Reads a store's signals of some hours, by kind."""

from __future__ import annotations

from collections.abc import Sequence

from scoring.records.signal import SIGNAL_NAMES, SignalKind
from scoring.records.signal_steps import FELT_AT, step_of_signal
from scoring.wording.text import Language
from streams.clickhouse.literals import literal, literals
from streams.clickhouse.reader import Database
from streams.web.signals.answers import StoreSignal, StoreSignals

#: objects that are named of each kind
_MOST_NAMED = 5
_KINDS = literals(tuple(kind.value for kind in FELT_AT))
_WITHIN = "store_id = {store} AND kind IN ({kinds}) AND since < fromUnixTimestamp64Milli({to_ms}, 'UTC') AND (until IS NULL OR until >= fromUnixTimestamp64Milli({from_ms}, 'UTC'))"
SIGNALS = f"""
SELECT kind_name, sum(hits) AS times, count() AS objects, countIf(lasts) AS lasting, min(begun) AS first, max(newest) AS last,
       arraySlice(arraySort(one -> (-one.2, one.1), groupArray((object, hits))), 1, {_MOST_NAMED}) AS most,
       arraySort(arrayDistinct(groupArrayArray(names))) AS sources
FROM
(
    SELECT toString(kind) AS kind_name, toString(object) AS object, count() AS hits, countIf(until IS NULL) > 0 AS lasts,
           toUnixTimestamp64Milli(min(toDateTime64(since, 3, 'UTC'))) AS begun, toUnixTimestamp64Milli(max(toDateTime64(since, 3, 'UTC'))) AS newest,
           groupUniqArray(toString(source)) AS names
    FROM signals
    WHERE {_WITHIN.format(store="{store:String}", kinds=_KINDS, to_ms="{to_ms:Int64}", from_ms="{from_ms:Int64}")}
    GROUP BY kind_name, object
)
GROUP BY kind_name
ORDER BY kind_name
"""


async def read_signals(
    database: Database, store: str, steps: Sequence[str], from_ms: int, to_ms: int, language: Language
) -> StoreSignals:
    """A store's signals in [from_ms, to_ms), in the order of the funnel.

    Args:
        database: the tables.
        store: its id.
        steps: ids of the steps that it has.
        from_ms, to_ms: the span.
        language: of the names.

    Raises:
        ClickHouseUnreachableError: ClickHouse is unreachable or rejects the query.
    """
    rows = await database.rows(SIGNALS, store=store, from_ms=from_ms, to_ms=to_ms)
    order = {kind.value: place for place, kind in enumerate(FELT_AT)}
    found = [
        StoreSignal(
            row["kind_name"],
            SIGNAL_NAMES[SignalKind(row["kind_name"])](language),
            step_of_signal(row["kind_name"], steps),
            int(row["times"]),
            int(row["objects"]),
            int(row["lasting"]),
            int(row["first"]),
            int(row["last"]),
            tuple((str(name), int(hits)) for name, hits in row["most"]),
            tuple(row["sources"]),
        )
        for row in sorted(rows, key=lambda row: order[row["kind_name"]])
    ]
    condition = _WITHIN.format(store=literal(store), kinds=_KINDS, to_ms=to_ms, from_ms=from_ms)
    sql = f"SELECT *\nFROM signals\nWHERE {condition}\nORDER BY since DESC\nLIMIT 1000"
    return StoreSignals(store, from_ms, to_ms, tuple(found), sql)

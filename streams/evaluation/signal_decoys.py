"""What signals say of a period besides its numbers: how long the shop was closed, and what was released. With the rows."""

from __future__ import annotations

from collections.abc import Sequence

from scoring.evaluation.evaluating import EvaluationSpan
from scoring.evaluation.figure import SourceRows
from scoring.evaluation.findings import DecoyEvidence
from scoring.evaluation.rules import DecoyKind
from scoring.records.signal import SignalKind
from streams.clickhouse.literals import literal
from streams.clickhouse.reader import Database, Row

_CLOSED, _RELEASE = SignalKind.SHOP_CLOSED.value, SignalKind.RELEASE.value
#: an end of 0 is none yet; many releases of a period are one evidence
_SEEN = f"""
SELECT store_id, toString(kind) AS kind_name, toString(object) AS about, toUnixTimestamp64Milli(toDateTime64(since, 3, 'UTC')) AS since_ms,
       ifNull(toUnixTimestamp64Milli(toDateTime64(until, 3, 'UTC')), 0) AS until_ms
FROM signals
WHERE store_id IN {{stores:Array(String)}} AND kind IN ('{_CLOSED}', '{_RELEASE}')
  AND since < toDateTime({{last_s:Int64}}, 'UTC') AND (until IS NULL OR until >= toDateTime({{first_s:Int64}}, 'UTC'))
ORDER BY store_id, kind_name, since_ms, about
LIMIT 1000 BY store_id
"""


async def read_signal_rows(
    database: Database, stores: Sequence[str], spans: Sequence[EvaluationSpan]
) -> dict[str, list[Row]]:
    """The signals of each store that matter in any of the periods, the newest period first."""
    rows = await database.rows(
        _SEEN, stores=list(stores), first_s=spans[-1].start_ms // 1000, last_s=spans[0].end_ms // 1000
    )
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["store_id"], []).append(row)
    return found


def signal_decoys(rows: Sequence[Row], store: str, span: EvaluationSpan) -> tuple[DecoyEvidence, ...]:
    """What a store's signals say of a period.

    Args:
        rows: of ``read_signal_rows``.
        store: its id.
        span: the period.
    """
    whole = span.end_ms - span.start_ms
    within = [
        (
            row["kind_name"],
            row["about"],
            max(int(row["since_ms"]), span.start_ms),
            int(row["until_ms"]) or span.end_ms,
        )
        for row in rows
        if int(row["since_ms"]) < span.end_ms and (int(row["until_ms"]) or span.end_ms) >= span.start_ms
    ]
    closed = [(begin, min(end, span.end_ms)) for kind, _, begin, end in within if kind == _CLOSED]
    released = [(begin, name) for kind, name, begin, _ in within if kind == _RELEASE]
    found = []
    if closed and (share := _covered(closed) / whole):
        found.append(
            _evidence(DecoyKind.SHOP_CLOSED, _CLOSED, share, closed[0][0], "", len(closed), store, span)
        )
    if released:
        first = released[0][0]
        names = ", ".join(dict.fromkeys(name for _, name in released[:3]))
        share = (span.end_ms - first) / whole
        found.append(_evidence(DecoyKind.RELEASE, _RELEASE, share, first, names, len(released), store, span))
    return tuple(found)


def _covered(parts: Sequence[tuple[int, int]]) -> int:
    """How much time parts cover together, whatever they share; they begin in order."""
    covered, until = 0, 0
    for begin, end in parts:
        covered += max(0, end - max(begin, until))
        until = max(until, end)
    return covered


def _evidence(
    kind: DecoyKind,
    signal: str,
    share: float,
    since_ms: int,
    detail: str,
    count: int,
    store: str,
    span: EvaluationSpan,
) -> DecoyEvidence:
    condition = (
        f"store_id = {literal(store)} AND kind = '{signal}' AND since < fromUnixTimestamp64Milli({span.end_ms}, 'UTC')"
        f" AND (until IS NULL OR until >= fromUnixTimestamp64Milli({span.start_ms}, 'UTC'))"
    )
    rows = (SourceRows("signals", condition, count),)
    return DecoyEvidence(kind, min(share, 1.0), since_ms, span.end_ms, detail, rows)

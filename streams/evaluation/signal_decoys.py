"""What signals say of a period besides its numbers: how long the shop was closed, what was released, which promotions ran. With the rows."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scoring.evaluation.evaluating import EvaluationSpan
from scoring.evaluation.figure import SourceRows
from scoring.evaluation.findings import DecoyEvidence
from scoring.evaluation.rules import DecoyKind
from scoring.records.signal import SignalKind
from streams.clickhouse.literals import literal
from streams.clickhouse.reader import Database, Row

_CLOSED, _RELEASE, _PROMOTION = (
    kind.value for kind in (SignalKind.SHOP_CLOSED, SignalKind.RELEASE, SignalKind.PROMOTION)
)
#: an end of 0 is none yet; many releases of a period are one evidence
_SEEN = f"""
SELECT store_id, toString(kind) AS kind_name, toString(object) AS about, toUnixTimestamp64Milli(toDateTime64(since, 3, 'UTC')) AS since_ms,
       ifNull(toUnixTimestamp64Milli(toDateTime64(until, 3, 'UTC')), 0) AS until_ms
FROM signals
WHERE store_id IN {{stores:Array(String)}} AND kind IN ('{_CLOSED}', '{_RELEASE}', '{_PROMOTION}')
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


def signal_decoys(
    rows: Sequence[Row], store: str, span: EvaluationSpan, past: Sequence[EvaluationSpan] = ()
) -> tuple[DecoyEvidence, ...]:
    """What a store's signals say of a period.

    Args:
        rows: of ``read_signal_rows``.
        store: its id.
        span: the period.
        past: those that it is compared with: promotions that always run explain nothing.
    """
    whole = span.end_ms - span.start_ms
    closed, promoted = (_parts(rows, kind, span) for kind in (_CLOSED, _PROMOTION))
    released = [(begin, name) for begin, _, name in _parts(rows, _RELEASE, span)]
    found = []
    usual = [_share(rows, _PROMOTION, one) for one in past]
    more = _share(rows, _PROMOTION, span) - (math.fsum(usual) / len(usual) if usual else 0.0)
    if promoted and more > 0:
        first, names = promoted[0][0], ", ".join(dict.fromkeys(name for *_, name in promoted[:3]))
        found.append(
            _evidence(DecoyKind.CALENDAR, _PROMOTION, more, first, names, len(promoted), store, span)
        )
    if closed and (share := _share(rows, _CLOSED, span)):
        found.append(
            _evidence(DecoyKind.SHOP_CLOSED, _CLOSED, share, closed[0][0], "", len(closed), store, span)
        )
    if released:
        first = released[0][0]
        names = ", ".join(dict.fromkeys(name for _, name in released[:3]))
        share = (span.end_ms - first) / whole
        found.append(_evidence(DecoyKind.RELEASE, _RELEASE, share, first, names, len(released), store, span))
    return tuple(found)


def closed_share(rows: Sequence[Row], span: EvaluationSpan) -> float:
    """The part of a period during which the shop was closed."""
    return _share(rows, _CLOSED, span)


def _share(rows: Sequence[Row], kind: str, span: EvaluationSpan) -> float:
    return _covered(_parts(rows, kind, span)) / (span.end_ms - span.start_ms)


def _parts(rows: Sequence[Row], kind: str, span: EvaluationSpan) -> list[tuple[int, int, str]]:
    """From when to when states of a kind held in a period, and what they are about."""
    ends = [(row, int(row["since_ms"]), int(row["until_ms"]) or span.end_ms) for row in rows]
    return [
        (max(begin, span.start_ms), min(end, span.end_ms), row["about"])
        for row, begin, end in ends
        if row["kind_name"] == kind and begin < span.end_ms and end >= span.start_ms
    ]


def _covered(parts: Sequence[tuple[int, int, str]]) -> int:
    """How much time parts cover together, whatever they share; they begin in order."""
    covered, until = 0, 0
    for begin, end, _ in parts:
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

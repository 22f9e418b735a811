"""What came and what was expected around an alert, for the small picture of a card (``streams/channels/picture.py``)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from scoring.alerts.alert import AlertKind, AlertTransition
from scoring.funnel.scores import SQUARED_ABOVE_SQL, SQUARED_BELOW_SQL, no_expectation_sql
from scoring.funnel.stages import is_fast
from scoring.funnel.units import HOUR_MS, MINUTE_MS
from scoring.wording.card import CurvePoint

#: a picture shows what came before as well: five times the window that the alert fired on
_WINDOWS = 5
_SHORTEST_MS, _LONGEST_MS = HOUR_MS, 24 * HOUR_MS
#: most points of a picture that a phone can show
_MOST_POINTS = 60
_BUCKETS_MINUTES = (1, 2, 5, 10, 15, 30, 60)
#: kinds that are not about minutes of events
WITHOUT_MINUTES = (AlertKind.SOURCE, AlertKind.DRIFT, AlertKind.AD_SPEND)

CURVE = f"""
SELECT intDiv(toUnixTimestamp(minute), {{bucket_s:Int64}}) * {{bucket_s:Int64}} AS at_s, sum(observed) AS came,
       countIf({no_expectation_sql()}) AS without, sum(expected) AS due,
       sqrt({SQUARED_BELOW_SQL}) AS below,
       sqrt({SQUARED_ABOVE_SQL}) AS above
FROM scores
WHERE store_id IN {{stores:Array(String)}} AND step = {{step:String}} AND segment = {{segment:String}}
  AND minute >= toDateTime({{from_s:Int64}}, 'UTC') AND minute < toDateTime({{to_s:Int64}}, 'UTC')
GROUP BY at_s
ORDER BY at_s
LIMIT 200
"""


def curve_question(alert: AlertTransition, now_ms: int) -> dict[str, Any] | None:
    """The parameters of ``CURVE`` for an alert; None where it has no such line."""
    if alert.kind in WITHOUT_MINUTES or not is_fast(alert.step):
        return None
    end_ms = min(now_ms, alert.resolved_at_ms + 10 * MINUTE_MS) if alert.resolved_at_ms else now_ms
    reach_ms = (end_ms - alert.opened_at_ms) + _WINDOWS * alert.window_minutes * MINUTE_MS
    span_ms = min(max(reach_ms, _SHORTEST_MS), _LONGEST_MS)
    minutes = next(
        (m for m in _BUCKETS_MINUTES if span_ms <= _MOST_POINTS * m * MINUTE_MS), _BUCKETS_MINUTES[-1]
    )
    bucket_ms = minutes * MINUTE_MS
    to_ms = end_ms // bucket_ms * bucket_ms
    return {
        "stores": list(alert.members or (alert.store_id,)),
        "step": alert.step,
        "segment": alert.segment,
        "from_s": (to_ms - span_ms) // bucket_ms * bucket_ms // 1000,
        "to_s": to_ms // 1000,
        "bucket_s": bucket_ms // 1000,
    }


def curve_of(rows: Sequence[Sequence[Any]]) -> tuple[CurvePoint, ...]:
    """The points of the rows that ``CURVE`` gave, from the first that has an expectation on."""
    points = (
        CurvePoint(
            at_ms=int(at_s) * 1000,
            observed=float(came),
            expected=None if without else float(due),
            low=max(0.0, float(due) - float(below)),
            high=float(due) + float(above),
        )
        for at_s, came, without, due, below, above in rows
    )
    return tuple(itertools.dropwhile(lambda point: point.expected is None, points))

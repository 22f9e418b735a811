"""How things are now where alerts fire: what came in the last minutes and what was expected, from the scores.

An alert itself says what held at its newest transition, which may be hours ago. Asked for many at once; used by pages, API and cards.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from scoring.alerts.alert import AlertKind, AlertState, AlertTransition
from scoring.funnel.scores import SQUARED_ABOVE_SQL, SQUARED_BELOW_SQL, no_expectation_sql
from scoring.funnel.stages import is_fast
from scoring.funnel.units import MINUTE_MS
from streams.clock import monotonic

#: kinds whose figures are those of the scores of a step
_SCORED = (AlertKind.CONVERSION, AlertKind.POOLED)
#: the window is the alert's own within these bounds, and never longer than it has lasted
_NARROWEST, _WIDEST = 5, 60
#: a newest minute older than this says nothing of the present
_FRESH_MS = 10 * MINUTE_MS
#: what was found of an alert is given to all who ask within this: the parts of one page, and pages opened together
_SHARED_S = 2.0

_PRESENT = f"""
SELECT ask, toUnixTimestamp(max(minute)) AS newest_s, toUInt32(uniqExact(minute)) AS minutes, sum(observed) AS came,
       sum(expected) AS due, sqrt({SQUARED_BELOW_SQL}) AS below, sqrt({SQUARED_ABOVE_SQL}) AS above,
       countIf({no_expectation_sql()}) AS without
FROM
(
    SELECT asked.ask AS ask, asked.window AS window, scores.minute AS minute, scores.observed AS observed,
           scores.expected AS expected, scores.low AS low, scores.high AS high, scores.state AS state,
           max(scores.minute) OVER (PARTITION BY asked.ask) AS newest
    FROM
    (
        SELECT one.1 AS ask, one.2 AS store_id, one.3 AS step, one.4 AS segment, one.5 AS window
        FROM (SELECT arrayJoin(arrayZip({{asks:Array(String)}}, {{stores:Array(String)}}, {{steps:Array(String)}},
                                        {{segments:Array(String)}}, {{windows:Array(Int64)}})) AS one)
    ) AS asked
    INNER JOIN
    (
        SELECT store_id, step, segment, minute, observed, expected, low, high, state
        FROM scores
        WHERE store_id IN {{stores:Array(String)}} AND step IN {{steps:Array(String)}} AND segment IN {{segments:Array(String)}}
          AND minute >= toDateTime({{from_s:Int64}}, 'UTC') AND minute < toDateTime({{to_s:Int64}}, 'UTC')
    ) AS scores ON scores.store_id = asked.store_id AND scores.step = asked.step AND scores.segment = asked.segment
)
WHERE minute > newest - toIntervalMinute(window)
GROUP BY ask
"""


class PresentFigures(msgspec.Struct, frozen=True):
    """Arrivals of the ``window_minutes`` that end with the minute ``minute_ms``, what was expected, and its 99 % range (combined minute by minute)."""

    observed: float
    expected: float
    low: float
    high: float
    window_minutes: int
    minute_ms: int


def window_of(alert: AlertTransition, at_ms: int) -> int:
    """How many minutes back the present of an alert is looked at: none from before it opened would belong to it."""
    lasted = max(1, (at_ms - alert.opened_at_ms) // MINUTE_MS)
    return int(min(max(alert.window_minutes, _NARROWEST), _WIDEST, lasted))


async def present_figures(
    rows: Callable[..., Awaitable[Sequence[Mapping[str, Any]]]], alerts: Iterable[AlertTransition], at_ms: int
) -> dict[str, PresentFigures]:
    """How things are at ``at_ms``, by alert; those that are over, have no such figures, or whose data is late are left out.

    Args:
        rows: asks ClickHouse: ``rows(sql, **parameters)`` gives rows by column name; its errors pass through.
        alerts: any.
        at_ms: the moment.
    """
    chosen = [
        alert
        for alert in alerts
        if alert.state is AlertState.FIRING and alert.kind in _SCORED and is_fast(alert.step)
    ]
    asked = [
        (alert.alert_id, store, alert.step, alert.segment, window_of(alert, at_ms))
        for alert in chosen
        for store in alert.members or (alert.store_id,)
    ]
    if not asked:
        return {}
    asks, stores, steps, segments, windows = map(list, zip(*asked, strict=True))
    found = await rows(
        _PRESENT,
        asks=asks,
        stores=stores,
        steps=steps,
        segments=segments,
        windows=windows,
        from_s=(at_ms - _FRESH_MS - max(windows) * MINUTE_MS) // 1000,
        to_s=at_ms // 1000,
    )
    return {row["ask"]: _figures(row) for row in found if _is_fresh(row, at_ms) and not row["without"]}


class PresentReader:
    """Asks for the present of alerts, of each once in two seconds whoever asks, so that all parts of a page say the same of it."""

    def __init__(self, rows: Callable[..., Awaitable[Sequence[Mapping[str, Any]]]]) -> None:
        self._rows = rows
        #: by alert, window and newest minute that may be looked at: until when, and the figures
        self._known: dict[tuple[str, int, int], tuple[float, PresentFigures | None]] = {}

    async def of(self, alerts: Iterable[AlertTransition], at_ms: int) -> dict[str, PresentFigures]:
        """As ``present_figures``, by one question for those that are not remembered."""
        now, last_minute = monotonic(), (at_ms // 1000 - 1) // 60
        self._known = {key: known for key, known in self._known.items() if known[0] > now}
        keys = {
            (alert.alert_id, window_of(alert, at_ms), last_minute): alert
            for alert in alerts
            if alert.state is AlertState.FIRING
        }
        answers = {key: self._known[key][1] for key in keys if key in self._known}
        unknown = {key: alert for key, alert in keys.items() if key not in answers}
        found = await present_figures(self._rows, unknown.values(), at_ms)
        for key in unknown:
            answers[key] = found.get(key[0])
            self._known[key] = (now + _SHARED_S, answers[key])
        return {key[0]: figures for key, figures in answers.items() if figures is not None}


def _is_fresh(row: Mapping[str, Any], at_ms: int) -> bool:
    return bool(at_ms - int(row["newest_s"]) * 1000 <= _FRESH_MS)


def _figures(row: Mapping[str, Any]) -> PresentFigures:
    due = float(row["due"])
    return PresentFigures(
        float(row["came"]),
        due,
        max(0.0, due - float(row["below"])),
        due + float(row["above"]),
        int(row["minutes"]),
        int(row["newest_s"]) * 1000,
    )

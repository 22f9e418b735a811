"""What the platforms said of a shop while an alert was open: declined payments, stock, listings, promotions. Never called its cause."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.funnel.units import DAY_MS, HOUR_MS
from scoring.records.signal import SIGNAL_NAMES, SignalKind
from scoring.wording.text import Language
from streams.clickhouse.reader import Database
from streams.web.alerts.answers import Alert, SignalMeanwhile

#: how long before an alert opened a signal may have begun: what breaks a step shows there first
_BEFORE_MS = HOUR_MS
#: a state without an end that began longer ago than this explains nothing new
_LASTING_MS = 30 * DAY_MS
_MOST = 12
#: details that people recognise, the others are in the view ``signals``
_SHOWN = ("gateway", "method", "wallet", "status", "reason", "left", "violation", "metric")
#: a moment has the same beginning and end; many of one kind and object are one line
_SIGNALS = f"""
SELECT store_id, toString(kind) AS kind_name, object AS about, count() AS times,
       toUnixTimestamp64Milli(min(since)) AS first_ms, toUnixTimestamp64Milli(max(ifNull(until, since))) AS last_ms,
       max(isNull(until)) AS lasts, argMax(source, since) AS reported_by, argMax(details, since) AS known
FROM signals
WHERE store_id IN {{stores:Array(String)}}
  AND since < fromUnixTimestamp64Milli({{until_ms:Int64}}, 'UTC')
  AND since >= fromUnixTimestamp64Milli({{lasting_ms:Int64}}, 'UTC')
  AND (isNull(until) OR until >= fromUnixTimestamp64Milli({{from_ms:Int64}}, 'UTC'))
GROUP BY store_id, kind, object
ORDER BY lasts, last_ms DESC, times DESC, store_id, kind_name, about
LIMIT {_MOST}
"""


async def signals_meanwhile(
    database: Database, alert: Alert, at_ms: int, language: Language
) -> tuple[SignalMeanwhile, ...]:
    """The signals of the alert's shops from an hour before it opened to its end, moments first, the newest first."""
    from_ms = alert.opened_at_ms - _BEFORE_MS
    rows = await database.rows(
        _SIGNALS,
        stores=list(alert.members or (alert.store_id,)),
        from_ms=from_ms,
        until_ms=(alert.resolved_at_ms or at_ms) + 1,
        lasting_ms=from_ms - _LASTING_MS,
    )
    return tuple(
        SignalMeanwhile(
            store_id=row["store_id"],
            kind=row["kind_name"],
            kind_name=_name(row["kind_name"], language),
            object=row["about"],
            times=int(row["times"]),
            first_ms=int(row["first_ms"]),
            last_ms=None if row["lasts"] else int(row["last_ms"]),
            source=row["reported_by"],
            details=_shown(row["known"], row["about"]),
        )
        for row in rows
    )


def _name(kind: str, language: Language) -> str:
    """The kind in words; one of another release as it is called there."""
    return SIGNAL_NAMES[SignalKind(kind)](language) if kind in set(SignalKind) else kind


def _shown(details: Mapping[str, str], about: str) -> dict[str, str]:
    return {name: details[name] for name in _SHOWN if details.get(name) and details[name] != about}

"""The queries of dead letters: rejected records by reason, and one by one."""

from __future__ import annotations

from scoring.funnel.units import HOUR_MS
from streams.clickhouse.reader import Database
from streams.web.dead_letters.answers import DeadLetterRow, DeadLetters, DeadLetterSummary, ReasonCount

REASONS = """
SELECT toString(reason) AS reason_name, count() AS letters,
       max(toUnixTimestamp64Milli(toDateTime64(received_at, 3, 'UTC'))) AS last_ms
FROM dead_letters
WHERE received_at > toDateTime({from_s:Int64}, 'UTC') AND received_at <= toDateTime({to_s:Int64}, 'UTC')
GROUP BY reason_name
ORDER BY letters DESC
"""

LETTERS = """
SELECT letter_id, toUnixTimestamp64Milli(toDateTime64(received_at, 3, 'UTC')) AS received_ms,
       toString(reason) AS reason_name, toString(source) AS source_name, store_id, detail,
       substringUTF8(payload, 1, 2000) AS payload_text
FROM dead_letters
WHERE received_at > toDateTime({from_s:Int64}, 'UTC') AND received_at <= toDateTime({to_s:Int64}, 'UTC')
  AND ({reason:String} = '' OR reason = {reason:String}) AND ({store:String} = '' OR store_id = {store:String})
ORDER BY received_at DESC, letter_id
LIMIT {most:Int64}
"""


class DeadLetterQueries:
    """The queries of dead letters."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def summary(self, hours: float, at_ms: int) -> DeadLetterSummary:
        """Rejected records of the last ``hours`` by reason."""
        from_ms = at_ms - int(hours * HOUR_MS)
        rows = await self._database.rows(REASONS, from_s=from_ms // 1000, to_s=at_ms // 1000 + 1)
        reasons = tuple(ReasonCount(r["reason_name"], int(r["letters"]), int(r["last_ms"])) for r in rows)
        return DeadLetterSummary(from_ms, at_ms, sum(r.count for r in reasons), reasons)

    async def letters(self, reason: str, store_id: str, hours: float, most: int, at_ms: int) -> DeadLetters:
        """Rejected records, newest first."""
        rows = await self._database.rows(
            LETTERS,
            reason=reason,
            store=store_id,
            most=most,
            from_s=(at_ms - int(hours * HOUR_MS)) // 1000,
            to_s=at_ms // 1000 + 1,
        )
        return DeadLetters(
            tuple(
                DeadLetterRow(
                    letter_id=row["letter_id"],
                    received_at_ms=int(row["received_ms"]),
                    reason=row["reason_name"],
                    source=row["source_name"],
                    store_id=row["store_id"],
                    detail=row["detail"],
                    payload=row["payload_text"],
                )
                for row in rows
            )
        )

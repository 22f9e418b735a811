"""What page and API ask of alerts, dead letters and the health of data."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec

from scoring.alerts.actions import HumanAction
from scoring.alerts.alert import AlertLabel
from scoring.funnel.stages import STAGES, STEP_BY_ID
from scoring.funnel.units import DAY_MS, HOUR_MS, MINUTE_MS
from streams.clickhouse.errors import ClickHouseUnreachableError
from streams.clickhouse.reader import Database, Row
from streams.clock import now_ms
from streams.config.model import Config
from streams.instance.files import read_states, state_of
from streams.web.answers import (
    Alert,
    Alerts,
    DeadLetters,
    DeadLetterSummary,
    Letter,
    PartHealth,
    ReasonCount,
    Responses,
    Share,
    Status,
    StoreWindow,
    Transition,
    Windows,
)
from streams.web.funnel_reads import FunnelReads
from streams.web.people import Deeds

ALERT_DAYS = 90
#: the newest scored minute is normally at most this old (the minute itself, the grace, a flush, an insert)
NORMAL_SCORE_AGE_MS = 150_000

_MS = "toUnixTimestamp64Milli(toDateTime64({0}, 3, 'UTC'))"
ALERT_COLUMNS = f"""
       alert_id, store_id, step, segment, toString(kind) AS kind_name, toString(level) AS level_name,
       toString(state) AS state_name, {_MS.format("opened_at")} AS opened_ms,
       {_MS.format("fired_at")} AS fired_ms, {_MS.format("resolved_at")} AS resolved_ms,
       surprise, observed, expected, low, high, toUInt32(window_minutes) AS minutes, sample,
       lost, lost_low, lost_high, toString(label) AS label_name, contributions, members
"""

ALERTS = f"""
SELECT {ALERT_COLUMNS}
FROM alerts
WHERE opened_at > toDateTime({{from_s:Int64}}, 'UTC')
  AND ({{state:String}} = '' OR state = {{state:String}}) AND ({{store:String}} = '' OR store_id = {{store:String}})
  AND ({{step:String}} = '' OR step = {{step:String}})
ORDER BY state = 'firing' DESC, state = 'pending' DESC, opened_at DESC, alert_id
LIMIT {{most:Int64}}
"""

ALERT = f"""
SELECT {ALERT_COLUMNS}
FROM alerts
WHERE alert_id = {{alert:String}}
LIMIT 1
"""

TRANSITIONS = """
SELECT toUnixTimestamp64Milli(toDateTime64(at, 3, 'UTC')) AS at_ms, toString(state) AS state_name,
       toString(level) AS level_name, surprise, observed, expected, lost
FROM alert_transitions
WHERE alert_id = {alert:String}
ORDER BY sequence
LIMIT 200
"""

RESPONSES = """
SELECT count() AS fired, countIf(isNotNull(acknowledged_at)) AS acknowledged, countIf(isNotNull(ended_at)) AS resolved,
       quantileExactIf(0.5)(ifNull(minutes_to_acknowledge, 0), isNotNull(minutes_to_acknowledge)) AS to_acknowledge,
       quantileExactIf(0.5)(ifNull(minutes_to_resolve, 0), isNotNull(minutes_to_resolve)) AS to_resolve,
       sumMap(map(ifNull(closed_as, ''), toUInt64(1))) AS closed
FROM alert_responses
WHERE opened_at > toDateTime({from_s:Int64}, 'UTC')
  AND ({state:String} = '' OR state = {state:String}) AND ({store:String} = '' OR store_id = {store:String})
  AND ({step:String} = '' OR step = {step:String})
"""

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

WINDOW_COUNTS = """
SELECT store_id, toUInt32(window_minutes) AS minutes, toUnixTimestamp(max(minute)) AS minute_s,
       groupArray((stage, toInt64(count))) AS counts
FROM store_windows
WHERE {store:String} = '' OR store_id = {store:String}
GROUP BY store_id, minutes
ORDER BY store_id, minutes
LIMIT 10000
"""

PULSE = """
SELECT (SELECT toUnixTimestamp(max(minute)) FROM scores WHERE minute > toDateTime({from_s:Int64}, 'UTC')
          AND minute <= toDateTime({to_s:Int64}, 'UTC')) AS scored_s,
       (SELECT count() FROM dead_letters WHERE received_at > toDateTime({hour_s:Int64}, 'UTC')) AS letters,
       (SELECT count() FROM alerts WHERE state = 'firing' AND opened_at > toDateTime({alerts_s:Int64}, 'UTC')) AS firing
"""


class AlertReads(FunnelReads):
    """Every question of page and API."""

    def __init__(self, database: Database, config: Config) -> None:
        super().__init__(database, config)
        self.deeds = Deeds(database)

    async def alerts(
        self, state: str, store_id: str, most: int, at_ms: int, *, step: str = "", days: float = ALERT_DAYS
    ) -> Alerts:
        """Alerts of the last ``days``, open ones first, then the newest."""
        from_ms = at_ms - int(days * DAY_MS)
        rows = await self.database.rows(
            ALERTS, state=state, store=store_id, step=step, most=most, from_s=from_ms // 1000
        )
        alerts = [await self._alert(row) for row in rows]
        actions = await self.deeds.of((a.alert_id for a in alerts), from_ms)
        return Alerts(at_ms, tuple(self._with_people(a, actions[a.alert_id], at_ms) for a in alerts))

    async def alert(self, alert_id: str) -> Alert | None:
        """One alert as it stands, None if there is none of that id."""
        found = await self.alert_and_actions(alert_id)
        return found[0] if found else None

    async def alert_and_actions(self, alert_id: str) -> tuple[Alert, list[HumanAction]] | None:
        """One alert and what people did about it, None if there is none of that id."""
        rows = await self.database.rows(ALERT, alert=alert_id)
        if not rows:
            return None
        alert = await self._alert(rows[0])
        actions = (await self.deeds.of([alert_id], alert.opened_at_ms - DAY_MS))[alert_id]
        return self._with_people(alert, actions, now_ms()), actions

    def _with_people(self, alert: Alert, actions: list[HumanAction], at_ms: int) -> Alert:
        return msgspec.structs.replace(alert, people=self.deeds.people(alert, actions, at_ms))

    async def responses(self, state: str, store_id: str, step: str, days: float, at_ms: int) -> Responses:
        """How fast people and the shop were over the alerts that fired."""
        (row,) = await self.database.rows(
            RESPONSES,
            state=state,
            store=store_id,
            step=step,
            from_s=(at_ms - int(days * DAY_MS)) // 1000,
        )
        return Responses(
            alerts=int(row["fired"]),
            acknowledged=int(row["acknowledged"]),
            resolved=int(row["resolved"]),
            median_to_acknowledge=float(row["to_acknowledge"]) if row["acknowledged"] else None,
            median_to_resolve=float(row["to_resolve"]) if row["resolved"] else None,
            closed_as={key: int(n) for key, n in dict(row["closed"]).items() if key and n},
        )

    async def transitions(self, alert_id: str) -> tuple[Transition, ...]:
        """The alert's life so far."""
        rows = await self.database.rows(TRANSITIONS, alert=alert_id)
        return tuple(
            Transition(
                at_ms=int(row["at_ms"]),
                state=row["state_name"],
                level=row["level_name"],
                surprise=row["surprise"],
                observed=row["observed"],
                expected=row["expected"],
                lost=row["lost"],
            )
            for row in rows
        )

    async def _alert(self, row: Row) -> Alert:
        opened_ms = int(row["opened_ms"])
        money = await self.money(
            row["store_id"], row["step"], row["lost"], row["lost_low"], row["lost_high"], opened_ms
        )
        return Alert(
            alert_id=row["alert_id"],
            store_id=row["store_id"],
            step=row["step"],
            segment=row["segment"],
            kind=row["kind_name"],
            level=row["level_name"],
            state=row["state_name"],
            opened_at_ms=opened_ms,
            fired_at_ms=_moment(row["fired_ms"]),
            resolved_at_ms=_moment(row["resolved_ms"]),
            surprise=row["surprise"],
            observed=row["observed"],
            expected=row["expected"],
            low=row["low"],
            high=row["high"],
            window_minutes=int(row["minutes"]),
            sample=row["sample"],
            lost=row["lost"],
            lost_low=row["lost_low"],
            lost_high=row["lost_high"],
            label=row["label_name"] or AlertLabel.UNKNOWN.value,
            contributions=_shares(row["contributions"]),
            members=tuple(row["members"]),
            money=money,
        )

    async def dead_letter_summary(self, hours: float, at_ms: int) -> DeadLetterSummary:
        """Refused records of the last ``hours`` by reason."""
        from_ms = at_ms - int(hours * HOUR_MS)
        rows = await self.database.rows(REASONS, from_s=from_ms // 1000, to_s=at_ms // 1000 + 1)
        reasons = tuple(ReasonCount(r["reason_name"], int(r["letters"]), int(r["last_ms"])) for r in rows)
        return DeadLetterSummary(from_ms, at_ms, sum(r.count for r in reasons), reasons)

    async def dead_letters(
        self, reason: str, store_id: str, hours: float, most: int, at_ms: int
    ) -> DeadLetters:
        """Refused records, newest first."""
        rows = await self.database.rows(
            LETTERS,
            reason=reason,
            store=store_id,
            most=most,
            from_s=(at_ms - int(hours * HOUR_MS)) // 1000,
            to_s=at_ms // 1000 + 1,
        )
        return DeadLetters(
            tuple(
                Letter(
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

    async def windows(self, store_id: str) -> Windows:
        """The rolling stage counts the monitor last published, of one store or of all."""
        rows = await self.database.rows(WINDOW_COUNTS, store=store_id)
        return Windows(
            tuple(
                StoreWindow(r["store_id"], int(r["minutes"]), int(r["minute_s"]) * 1000, dict(r["counts"]))
                for r in rows
            )
        )

    async def status(self, data: Path, at_ms: int) -> Status:
        """Ages of the data and state of the parts. Never raises: ClickHouse being away is an answer."""
        parts = tuple(
            PartHealth(
                part.name,
                state_of(part, now_ms()),
                part.detail,
                part.updated_at_ms,
            )
            for part in await asyncio.to_thread(read_states, data)
        )
        try:
            sources, pulse = await asyncio.gather(
                self.sources(at_ms),
                self.database.rows(
                    PULSE,
                    from_s=(at_ms - DAY_MS) // 1000,
                    to_s=at_ms // 1000,
                    hour_s=(at_ms - HOUR_MS) // 1000,
                    alerts_s=(at_ms - ALERT_DAYS * DAY_MS) // 1000,
                ),
            )
        except ClickHouseUnreachableError as error:
            answered = self.database.answered_at_ms
            return Status(at_ms, False, str(error), answered, None, None, None, None, None, None, parts, ())
        scored_s = int(pulse[0]["scored_s"] or 0)
        scored_until = scored_s * 1000 + MINUTE_MS if scored_s else None
        late = (
            None if scored_until is None else max(0, at_ms - scored_until + MINUTE_MS - NORMAL_SCORE_AGE_MS)
        )
        return Status(
            at_ms=at_ms,
            ready=True,
            detail="",
            answered_at_ms=self.database.answered_at_ms,
            newest_event_ms=max((s.last_event_ms for s in sources), default=None),
            newest_received_ms=max((s.last_received_ms for s in sources), default=None),
            scored_until_ms=scored_until,
            late_by_ms=late,
            dead_letters_hour=int(pulse[0]["letters"]),
            firing=int(pulse[0]["firing"]),
            parts=parts,
            sources=sources,
        )


def rows_span(alert: Alert, at_ms: int) -> tuple[tuple[str, ...], int, int]:
    """Which raw events stand behind an alert: both stages of its step, from a window before it opened to its end."""
    step = STEP_BY_ID.get(alert.step)
    types = (step.upstream.value, step.downstream.value) if step else tuple(stage.value for stage in STAGES)
    end = alert.resolved_at_ms or at_ms
    return types, alert.opened_at_ms - alert.window_minutes * MINUTE_MS, end + MINUTE_MS


def _moment(value: Any) -> int | None:
    return int(value) if value is not None and int(value) > 0 else None


def _shares(value: Any) -> tuple[Share, ...]:
    """Contributions as they come from ClickHouse: pairs (segment, share), or rows with these names."""
    shares = []
    for item in value or ():
        segment, share = (item["segment"], item["share"]) if isinstance(item, dict) else item
        shares.append(Share(segment, float(share)))
    return tuple(sorted(shares, key=lambda s: -s.share))

"""The queries of alerts: lists, one alert and its life, response times."""

from __future__ import annotations

from typing import Any

import msgspec

from scoring.alerts.actions import HumanAction
from scoring.alerts.alert import AlertLabel
from scoring.funnel.stages import STAGES, STEP_BY_ID
from scoring.funnel.units import DAY_MS, MINUTE_MS
from streams.clickhouse.reader import Database, Row
from streams.clock import now_ms
from streams.web.alerts.action_queries import ActionQueries
from streams.web.alerts.answers import Alert, Alerts, Responses, Share, Transition
from streams.web.grid.money import OrderValues

ALERT_DAYS = 90

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


class AlertQueries:
    """The queries of alerts."""

    def __init__(self, database: Database, values: OrderValues, actions: ActionQueries) -> None:
        self._database, self._values, self._actions = database, values, actions

    async def alerts(
        self, state: str, store_id: str, most: int, at_ms: int, *, step: str = "", days: float = ALERT_DAYS
    ) -> Alerts:
        """Alerts of the last ``days``, open ones first, then the newest."""
        from_ms = at_ms - int(days * DAY_MS)
        rows = await self._database.rows(
            ALERTS, state=state, store=store_id, step=step, most=most, from_s=from_ms // 1000
        )
        alerts = [await self._alert(row) for row in rows]
        actions = await self._actions.about((a.alert_id for a in alerts), from_ms)
        return Alerts(at_ms, tuple(self._with_actions(a, actions[a.alert_id], at_ms) for a in alerts))

    async def alert(self, alert_id: str) -> Alert | None:
        """One alert as it stands, None if there is none of that id."""
        found = await self.alert_and_actions(alert_id)
        return found[0] if found else None

    async def alert_and_actions(self, alert_id: str) -> tuple[Alert, list[HumanAction]] | None:
        """One alert and what people did about it, None if there is none of that id."""
        rows = await self._database.rows(ALERT, alert=alert_id)
        if not rows:
            return None
        alert = await self._alert(rows[0])
        actions = (await self._actions.about([alert_id], alert.opened_at_ms - DAY_MS))[alert_id]
        return self._with_actions(alert, actions, now_ms()), actions

    def _with_actions(self, alert: Alert, actions: list[HumanAction], at_ms: int) -> Alert:
        return msgspec.structs.replace(alert, people=self._actions.summary(alert, actions, at_ms))

    async def responses(self, state: str, store_id: str, step: str, days: float, at_ms: int) -> Responses:
        """How fast people and the shop were over the alerts that fired."""
        (row,) = await self._database.rows(
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
        rows = await self._database.rows(TRANSITIONS, alert=alert_id)
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
        money = await self._values.money(
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


def rows_span(alert: Alert, at_ms: int) -> tuple[tuple[str, ...], int, int]:
    """Which raw events are behind an alert: both stages of its step, from a window before it opened to its end."""
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

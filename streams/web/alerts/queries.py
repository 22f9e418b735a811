"""The queries of alerts: lists, one alert and its life, response times."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from scoring.alerts.actions import HumanAction
from scoring.alerts.alert import AlertRecord, AlertTransition
from scoring.funnel.stages import STAGES, STEP_BY_ID
from scoring.funnel.units import DAY_MS, MINUTE_MS
from streams.clickhouse.reader import Database, Row
from streams.clock import now_ms
from streams.incidents.alert_rows import ALERT_COLUMNS, ALERT_DAYS, alert_of, alerts_then
from streams.incidents.present import PresentFigures, PresentReader
from streams.web.alerts.action_queries import ActionQueries
from streams.web.alerts.answers import Alert, Alerts, Responses, Transition
from streams.web.frame.parts import unless_late
from streams.web.grid.answers import MoneyEstimate
from streams.web.grid.money import AlertPrices

ALERTS = f"""
SELECT {ALERT_COLUMNS}
FROM alerts
WHERE opened_at > toDateTime({{from_s:Int64}}, 'UTC')
  AND ({{state:String}} = '' OR state = {{state:String}}) AND ({{store:String}} = '' OR store_id = {{store:String}})
  AND ({{step:String}} = '' OR step = {{step:String}})
ORDER BY state = 'firing' DESC, state = 'pending' DESC, opened_at DESC, alerts.alert_id
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
       toString(level) AS level_name, surprise, ifNull(end_observed, alert_transitions.observed) AS observed_then,
       ifNull(end_expected, alert_transitions.expected) AS expected_then, lost, toString(label) AS label_name
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

    def __init__(
        self, database: Database, prices: AlertPrices, actions: ActionQueries, present: PresentReader
    ) -> None:
        self._database, self._prices, self._actions, self._present = database, prices, actions, present

    async def alerts(
        self,
        state: str,
        store_id: str,
        most: int,
        at_ms: int,
        *,
        step: str = "",
        days: float = ALERT_DAYS,
        live: bool = True,
        late: dict[str, str] | None = None,
    ) -> Alerts:
        """Alerts of the last ``days``, open ones first, then the newest.

        At a past moment (``live`` is false) each is as it was then, and so is what had been done about it. With ``late``, what
        of them could not be read (how they are now, what was done) is left out and noted there.
        """
        from_ms = at_ms - int(days * DAY_MS)
        sql, then = (ALERTS, {}) if live else (alerts_then(ALERTS), {"at_ms": at_ms})
        rows = await self._database.rows(
            sql, state=state, store=store_id, step=step, most=most, from_s=from_ms // 1000, **then
        )
        alerts = await self._alerts_of(rows, at_ms, late)
        asked = self._actions.about((a.alert_id for a in alerts), from_ms)
        actions = await (asked if late is None else unless_late(late, "people", asked))
        if actions is None:
            return Alerts(at_ms, tuple(alerts))
        if not live:
            actions = {key: [a for a in found if a.at_ms <= at_ms] for key, found in actions.items()}
        return Alerts(at_ms, tuple(self._with_actions(a, actions[a.alert_id], at_ms) for a in alerts))

    async def alert(self, alert_id: str) -> Alert | None:
        """One alert as it is now, None if there is none of that id."""
        found = await self.alert_and_actions(alert_id)
        return found[0] if found else None

    async def alert_and_actions(
        self, alert_id: str, late: dict[str, str] | None = None
    ) -> tuple[Alert, list[HumanAction]] | None:
        """One alert and what people did about it, None if there is none of that id.

        With ``late``, how it is now is left out where that could not be read, and noted there.
        """
        rows = await self._database.rows(ALERT, alert=alert_id)
        if not rows:
            return None
        (alert,) = await self._alerts_of(rows, now_ms(), late)
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
                observed=row["observed_then"],
                expected=row["expected_then"],
                lost=row["lost"],
                label=row["label_name"],
            )
            for row in rows
        )

    async def _alerts_of(
        self, rows: Sequence[Row], at_ms: int, late: dict[str, str] | None = None
    ) -> list[Alert]:
        """The alerts of rows, with their money and how they are at ``at_ms``, by one question each for all."""
        found = [alert_of(row) for row in rows]
        asked = self._present.of(found, at_ms)
        prices, present = await asyncio.gather(
            self._prices.of(found), asked if late is None else unless_late(late, "late_present", asked)
        )
        return [
            _answer(row, a, prices[a.alert_id], (present or {}).get(a.alert_id))
            for row, a in zip(rows, found, strict=True)
        ]


def rows_span(alert: Alert, at_ms: int) -> tuple[tuple[str, ...], int, int]:
    """Which raw events are behind an alert: both stages of its step, from a window before it opened to its end."""
    step = STEP_BY_ID.get(alert.step)
    types = (step.upstream.value, step.downstream.value) if step else tuple(stage.value for stage in STAGES)
    end = alert.resolved_at_ms or at_ms
    return types, alert.opened_at_ms - alert.window_minutes * MINUTE_MS, end + MINUTE_MS


def _answer(
    row: Row, alert: AlertTransition, money: MoneyEstimate | None, now: PresentFigures | None
) -> Alert:
    """The API's form; kind, level and label of another release are passed on as they are."""
    known: dict[str, Any] = {name: getattr(alert, name) for name in AlertRecord.__struct_fields__}
    known["contributions"] = tuple(sorted(alert.contributions, key=lambda part: -part.share))
    return Alert(
        **known,
        kind=row["alert_kind"],
        level=row["alert_level"],
        state=alert.state.value,
        label=row["alert_label"] or alert.label.value,
        note=alert.note,
        money=money,
        at_ms=alert.at_ms,
        now=now,
    )

"""What a card says in addition to the alert: the store, the worth of an order, the age and completeness of its data.

An alert of a pool is worth what its stores' orders bring on average, where all of them sell in one currency.
CardFacts come from the configuration and from ClickHouse, at most a minute old. ClickHouse unreachable costs a card its money and
its data line, never the card itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from babel.core import get_global
from clickhouse_connect.driver import AsyncClient
from clickhouse_connect.driver.query import QueryResult

from scoring.alerts.alert import AlertTransition, WindowFigures
from scoring.calendar.effects import OwnEntry
from scoring.calendar.entries import calendar_between
from scoring.funnel.money import UNKNOWN_WORTH, MoneyLost, price
from scoring.funnel.period_steps import PERIOD_STEP_BY_ID
from scoring.wording.card import CardStore, CurvePoint, Health
from scoring.wording.text import Language
from streams.clickhouse.clients import open_reader
from streams.config.core import day_rules
from streams.config.model import Config
from streams.incidents.curve import CURVE, curve_of, curve_question
from streams.incidents.present import present_figures
from streams.incidents.report_course import report_course
from streams.incidents.worth import Priced, WorthReader
from streams.settings import Settings

_log = structlog.get_logger()

FRESH_MS = 60_000
PATIENCE_S = 3.0
#: how long ClickHouse is left alone after it did not answer: many stores must not wait for it one after the other
PAUSE_MS = 30_000
#: for so long what an alert fired on is the present
_STILL_NEW_MS = 3 * 60_000
#: the pixel's orders of a day, to distinguish a pixel that fell silent from a store that has none
_FRESHNESS = """
SELECT
    toUnixTimestamp64Milli(max(received_at)) AS newest_ms,
    uniqIf(order_id, type = 'order' AND source = 'pixel' AND event_time > toDateTime64({hour_s:Int64}, 3, 'UTC')) AS pixel_orders,
    uniqIf(order_id, type = 'order' AND source != 'pixel' AND event_time > toDateTime64({hour_s:Int64}, 3, 'UTC')) AS server_orders,
    countIf(type = 'order' AND source = 'pixel') AS pixel_day
FROM event_records
WHERE store_id IN {stores:Array(String)}
  AND event_time > toDateTime64({from_s:Int64}, 3, 'UTC') AND event_time <= toDateTime64({to_s:Int64}, 3, 'UTC')
"""

#: the monitor's own judgement of the newest minute: late or not
_LATE = """
SELECT max(toUnixTimestamp(minute)) AS newest_s, maxIf(toUnixTimestamp(minute), state = 'data_late') AS late_s
FROM scores
WHERE store_id IN {stores:Array(String)} AND segment = '' AND minute > toDateTime({from_s:Int64}, 'UTC')
"""

_USUAL_PIXEL = """
SELECT
    uniqIf(order_id, source = 'pixel') AS pixel_orders,
    uniqIf(order_id, source != 'pixel') AS server_orders
FROM event_records
WHERE store_id IN {stores:Array(String)} AND type = 'order'
  AND event_time > toDateTime64({from_s:Int64}, 3, 'UTC') AND event_time <= toDateTime64({to_s:Int64}, 3, 'UTC')
"""

#: fewer server orders than this say nothing of the pixel's completeness
FEWEST_ORDERS = 30


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What is known of one store at one moment."""

    store: CardStore
    health: Health
    country: str = ""
    own_days: tuple[OwnEntry, ...] = ()

    def calendar(self, alert: AlertTransition, language: Language) -> tuple[str, ...] | None:
        """What is on the store's calendar while the alert lasts; None if nothing is known, for want of a country."""
        zone = ZoneInfo(self.store.zone)
        begins_ms = alert.opened_at_ms - alert.window_minutes * 60_000
        begins, ends = (
            datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone).replace(tzinfo=None)
            for ms in (begins_ms, max(alert.at_ms, alert.opened_at_ms))
        )
        names = [
            day.name
            for day in self.own_days
            if day.is_for(alert.store_id, self.country) and day.first <= ends and day.last > begins
        ]
        if self.country:
            entries = calendar_between([self.country], begins.date(), ends.date())
            names += [entry.name(language) for entry in entries]
        elif not names:
            return None
        return tuple(dict.fromkeys(names))


def pixel_share(pixel: int, server: int) -> float | None:
    """Pixel orders over server orders, at most 1; None where too few server orders say nothing."""
    return min(pixel / server, 1.0) if server >= FEWEST_ORDERS else None


def pixel_share_sql(pixel: str, server: str) -> str:
    """The same in SQL."""
    return f"if({server} >= {FEWEST_ORDERS}, least(1, {pixel} / {server}), NULL)"


def country_of(zone: str) -> str:
    """The country whose clock a zone is (Asia/Shanghai is CN); empty for UTC and the like."""
    country = str(get_global("zone_territories").get(zone, ""))
    return country if len(country) == 2 else ""


class FactsReader:
    """Reads facts of stores, with a memory of a minute and a patience of some seconds."""

    def __init__(
        self,
        settings: Settings,
        config: Config,
        now_ms: Callable[[], int],
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._settings, self._config, self._now_ms = settings, config, now_ms
        self._patience_s = patience_s
        self._client: AsyncClient | None = None
        self._known: dict[str, tuple[int, CardFacts]] = {}
        self._curves: dict[str, tuple[int, tuple[CurvePoint, ...]]] = {}
        self._worth = WorthReader(self._named, config)
        self._not_before_ms = 0

    async def facts(self, alert: AlertTransition) -> CardFacts:
        """The facts of the alert's store, and what its events were worth before it. Never raises for what is missing."""
        now_ms = self._now_ms()
        await self.look_up_prices([alert])
        worth = self._worth.remembered(alert.alert_id) or UNKNOWN_WORTH
        known = self._known.get(alert.store_id)
        if known is None or now_ms - known[0] >= FRESH_MS:
            facts = await self._renewed(alert, known[1] if known else None, now_ms)
            self._known[alert.store_id] = known = (now_ms, facts)
        facts = known[1]
        return replace(
            facts, store=replace(facts.store, currency=worth.currency or facts.store.currency, worth=worth)
        )

    async def look_up_prices(self, alerts: Sequence[AlertTransition]) -> None:
        """Ask what the alerts' events were worth, by one question for all; what takes too long is there later. Never raises."""
        now_ms = self._now_ms()
        if not alerts or now_ms < self._not_before_ms:
            return
        try:
            found = await self._worth.within(map(Priced.of, alerts), self._patience_s)
            if any(alert.alert_id not in found for alert in alerts):
                raise TimeoutError(f"no price within {self._patience_s:g} s")
        except Exception as error:  # any trouble of the store costs the price, not the message
            await self._leave_alone(alerts[0], error, now_ms)

    async def money_lost(self, alert: AlertTransition) -> MoneyLost | None:
        """What the alert has cost so far; None where it is not known."""
        return price(alert, (await self.facts(alert)).store.worth)

    async def lost_in_base(self, alert: AlertTransition) -> float | None:
        """The same in the base currency; None where it is not known."""
        money = await self.money_lost(alert)
        return money.base if money else None

    async def curve(self, alert: AlertTransition) -> tuple[CurvePoint, ...]:
        """What came and what was expected around the alert; nothing where it has no such line or it cannot be had now."""
        now_ms = self._now_ms()
        self._curves = {key: had for key, had in self._curves.items() if now_ms - had[0] < FRESH_MS}
        if now_ms < self._not_before_ms or alert.alert_id in self._curves:
            return self._curves.get(alert.alert_id, (0, ()))[1]
        try:
            async with asyncio.timeout(self._patience_s):
                points = await self._points(alert, now_ms)
        except Exception as error:  # any trouble of the store costs the picture, not the message
            await self._leave_alone(alert, error, now_ms)
            return ()
        self._curves[alert.alert_id] = (now_ms, points)
        return points

    async def _points(self, alert: AlertTransition, now_ms: int) -> tuple[CurvePoint, ...]:
        if alert.step in PERIOD_STEP_BY_ID:
            return await report_course(self._named, self._config, alert)
        asked = curve_question(alert, now_ms)
        return curve_of(await self._rows(CURVE, asked)) if asked is not None else ()

    async def present(self, alert: AlertTransition) -> WindowFigures | None:
        """How it is now, of an alert that fires for some minutes already; None where that cannot be known. Never raises."""
        now_ms = self._now_ms()
        if now_ms - (alert.fired_at_ms or now_ms) < _STILL_NEW_MS or now_ms < self._not_before_ms:
            return None
        try:
            async with asyncio.timeout(self._patience_s):
                found = (await present_figures(self._named, [alert], now_ms)).get(alert.alert_id)
        except Exception as error:  # any trouble of the store costs the figure, not the message
            await self._leave_alone(alert, error, now_ms)
            return None
        if found is None:
            return None
        return WindowFigures(found.observed, found.expected, found.low, found.high, found.window_minutes, 0.0)

    def is_late(self, store_id: str) -> bool:
        """Whether the store's data was late when it was last looked at."""
        known = self._known.get(store_id)
        return known is not None and known[1].health.is_late

    async def _renewed(self, alert: AlertTransition, before: CardFacts | None, now_ms: int) -> CardFacts:
        plain = replace(before, health=Health()) if before else self._plain(alert)
        if now_ms < self._not_before_ms:
            return plain
        try:
            async with asyncio.timeout(self._patience_s):
                return await self._measured(alert, plain, now_ms)
        except Exception as error:  # any trouble of the store costs the facts, not the message
            await self._leave_alone(alert, error, now_ms)
            return plain

    async def _leave_alone(self, alert: AlertTransition, error: Exception, now_ms: int) -> None:
        _log.warning("facts_unavailable", store=alert.store_id, error=str(error)[:200])
        self._not_before_ms = now_ms + PAUSE_MS
        if not self._worth.is_asking:
            await self._drop_client()

    def _plain(self, alert: AlertTransition) -> CardFacts:
        """What the configuration says of a store."""
        store_id, store = alert.store_id, self._config.store(alert.store_id)
        currency = self._worth.currency(alert.members or (store_id,))
        zone = store.zone if store else "UTC"
        return CardFacts(
            CardStore(
                name=store.called("en") if store else store_id,
                zone=zone,
                currency=currency,
            ),
            Health(),
            country=(store.country if store else "") or country_of(zone),
            own_days=day_rules(self._config).own,
        )

    async def _measured(self, alert: AlertTransition, facts: CardFacts, now_ms: int) -> CardFacts:
        now_s = now_ms // 1000
        # no store has a pool's id: what is known of its data is known of its stores
        span = {"stores": list(alert.members or (alert.store_id,)), "to_s": now_s + 3600}
        day = {**span, "from_s": now_s - 86_400, "hour_s": now_s - 3600}
        ((newest_ms, pixel, server, pixel_day),) = await self._rows(_FRESHNESS, day)
        ((newest_s, late_s),) = await self._rows(_LATE, {**span, "from_s": now_s - 3600})
        week = {**span, "from_s": now_s - 7 * 86_400, "to_s": now_s - 3600}
        ((usual_pixel, usual_server),) = await self._rows(_USUAL_PIXEL, week)
        has_pixel = usual_pixel > 0 or pixel_day > 0
        return replace(
            facts,
            health=Health(
                age_s=max(0.0, (now_ms - newest_ms) / 1000) if newest_ms else None,
                pixel_share=pixel_share(pixel, server) if has_pixel else None,
                usual_pixel_share=pixel_share(usual_pixel, usual_server) if usual_pixel > 0 else None,
                is_late=bool(newest_s) and newest_s == late_s and not alert.members,
            ),
        )

    async def _rows(self, sql: str, parameters: dict[str, Any]) -> Sequence[Sequence[Any]]:
        return (await self._asked(sql, parameters)).result_rows

    async def _named(self, sql: str, **parameters: Any) -> list[dict[str, Any]]:
        return list((await self._asked(sql, parameters)).named_results())

    async def _asked(self, sql: str, parameters: dict[str, Any]) -> QueryResult:
        if self._client is None:
            self._client = await open_reader(self._settings)
        return await self._client.query(sql, parameters=parameters)

    async def _drop_client(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def close(self) -> None:
        """Close the connection."""
        self._worth.close()
        await self._drop_client()

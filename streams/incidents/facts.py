"""What a card says beside the alert: the store, the worth of an order, the age and completeness of its data.

An alert of a pool is worth what its stores' orders bring on average, where all of them sell in one currency.
Facts come from the configuration and from ClickHouse, at most a minute old. ClickHouse away costs a card its money and
its data line, never the card itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from babel.core import get_global
from clickhouse_connect.driver import AsyncClient
from currency_converter import CurrencyConverter, RateNotFoundError

from scoring.alerts.alert import AlertTransition
from scoring.calendar.effects import OwnEntry
from scoring.calendar.entries import calendar_between
from scoring.funnel.money import worth_of_step
from scoring.wording.cards import Health, StoreFacts, money_at_stake
from scoring.wording.text import Language
from streams.clickhouse.clients import open_reader
from streams.config.core import day_rules
from streams.config.model import Config
from streams.settings import Settings

log = structlog.get_logger()

FRESH_MS = 60_000
PATIENCE_S = 3.0
#: how long ClickHouse is left alone after it did not answer: many stores must not wait for it one after the other
PAUSE_MS = 30_000
#: days over which the average worth of an order is taken
WORTH_DAYS = 14

_WORTH = """
SELECT toString(type) AS event_type, avg(toFloat64(amount)) AS worth
FROM events
WHERE store_id IN {stores:Array(String)} AND type IN ('order', 'payment') AND amount > 0 AND currency = {currency:String}
  AND event_time > toDateTime64({from_s:Int64}, 3, 'UTC') AND event_time <= toDateTime64({to_s:Int64}, 3, 'UTC')
GROUP BY event_type
"""

_COUNTS = """
SELECT toString(stage) AS stage_name, toFloat64(sum(count)) AS total
FROM stage_counts
WHERE store_id IN {stores:Array(String)} AND minute > toDateTime({from_s:Int64}, 'UTC') AND minute <= toDateTime({to_s:Int64}, 'UTC')
GROUP BY stage_name
"""

#: the pixel's orders of a day, to tell a pixel that fell silent from a store that has none
_FRESHNESS = """
SELECT
    toUnixTimestamp64Milli(max(received_at)) AS newest_ms,
    uniqIf(order_id, type = 'order' AND source = 'pixel' AND event_time > toDateTime64({hour_s:Int64}, 3, 'UTC')) AS pixel_orders,
    uniqIf(order_id, type = 'order' AND source != 'pixel' AND event_time > toDateTime64({hour_s:Int64}, 3, 'UTC')) AS server_orders,
    countIf(type = 'order' AND source = 'pixel') AS pixel_day
FROM events
WHERE store_id = {store:String}
  AND event_time > toDateTime64({from_s:Int64}, 3, 'UTC') AND event_time <= toDateTime64({to_s:Int64}, 3, 'UTC')
"""

#: the monitor's own judgement of the newest minute: late or not
_LATE = """
SELECT max(toUnixTimestamp(minute)) AS newest_s, maxIf(toUnixTimestamp(minute), state = 'data_late') AS late_s
FROM scores
WHERE store_id = {store:String} AND segment = '' AND minute > toDateTime({from_s:Int64}, 'UTC')
"""

_USUAL_PIXEL = """
SELECT
    uniqIf(order_id, source = 'pixel') AS pixel_orders,
    uniqIf(order_id, source != 'pixel') AS server_orders
FROM events
WHERE store_id = {store:String} AND type = 'order'
  AND event_time > toDateTime64({from_s:Int64}, 3, 'UTC') AND event_time <= toDateTime64({to_s:Int64}, 3, 'UTC')
"""

#: fewer server orders than this say nothing of the pixel's completeness
FEWEST_ORDERS = 30


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one store at one moment. ``counts`` and ``worth`` are those of ``scoring.funnel.money``."""

    store: StoreFacts
    health: Health
    country: str = ""
    counts: Mapping[str, float] = field(default_factory=dict)
    worth: Mapping[str, float] = field(default_factory=dict)
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


def country_of(zone: str) -> str:
    """The country whose clock a zone is (Asia/Shanghai is CN); empty for UTC and the like."""
    country = str(get_global("zone_territories").get(zone, ""))
    return country if len(country) == 2 else ""


@lru_cache(maxsize=1)
def _converter() -> CurrencyConverter:
    """The bundled rates; reading them takes most of a second."""
    return CurrencyConverter(fallback_on_missing_rate=True)


def base_rate(currency: str, base: str) -> float | None:
    """How much of ``base`` one unit of ``currency`` is, by the last bundled rates of the ECB; None if it has none."""
    if currency == base:
        return 1.0
    try:
        return float(_converter().convert(1.0, currency, base))
    except (RateNotFoundError, ValueError):
        return None


class FactsReader:
    """Reads facts of stores, with a memory of a minute and a patience of some seconds."""

    def __init__(self, settings: Settings, config: Config, now_ms: Callable[[], int]) -> None:
        self._settings, self._config, self._now_ms = settings, config, now_ms
        self._client: AsyncClient | None = None
        self._known: dict[str, tuple[int, Facts]] = {}
        self._rates: dict[str, float | None] = {}
        self._not_before_ms = 0

    async def facts(self, alert: AlertTransition) -> Facts:
        """The facts of the alert's store, with the worth of an event of its step. Never raises for what is not there."""
        now_ms = self._now_ms()
        known = self._known.get(alert.store_id)
        if known is None or now_ms - known[0] >= FRESH_MS:
            facts = await self._renewed(alert, known[1] if known else None, now_ms)
            self._known[alert.store_id] = known = (now_ms, facts)
        facts = known[1]
        each = worth_of_step(alert.step, facts.counts, facts.worth)
        return replace(facts, store=replace(facts.store, money_per_event=each))

    async def lost_in_base(self, alert: AlertTransition) -> float | None:
        """The money at stake in the base currency; None where it is not known."""
        money = money_at_stake(alert, (await self.facts(alert)).store)
        return money.base if money else None

    def is_late(self, store_id: str) -> bool:
        """Whether the store's data was late when it was last looked at."""
        known = self._known.get(store_id)
        return known is not None and known[1].health.is_late

    async def _renewed(self, alert: AlertTransition, before: Facts | None, now_ms: int) -> Facts:
        plain = replace(before, health=Health()) if before else await self._plain(alert)
        if now_ms < self._not_before_ms:
            return plain
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._measured(alert, plain, now_ms)
        except Exception as error:  # any trouble of the store costs the facts, not the message
            log.warning("cards go without their facts", store=alert.store_id, error=str(error)[:200])
            self._not_before_ms = now_ms + PAUSE_MS
            await self._drop_client()
            return plain

    def _currency(self, alert: AlertTransition) -> str:
        """What the alert's stores sell in; empty if they do not share a currency."""
        stores = [self._config.store(store_id) for store_id in alert.members or (alert.store_id,)]
        base = self._config.alerting.base_currency
        found = {store.currency if store else base for store in stores}
        return found.pop() if len(found) == 1 else ""

    async def _plain(self, alert: AlertTransition) -> Facts:
        """What the configuration says of a store."""
        store_id, base = alert.store_id, self._config.alerting.base_currency
        store, currency = self._config.store(store_id), self._currency(alert)
        if currency not in self._rates:
            self._rates[currency] = await asyncio.to_thread(base_rate, currency, base)
        zone = store.zone if store else "UTC"
        return Facts(
            StoreFacts(
                name=(store.name if store else "") or store_id,
                zone=zone,
                currency=currency,
                base_rate=self._rates[currency],
                base_currency=base,
            ),
            Health(),
            country=(store.country if store else "") or country_of(zone),
            own_days=day_rules(self._config).own,
        )

    async def _measured(self, alert: AlertTransition, facts: Facts, now_ms: int) -> Facts:
        now_s, stores = now_ms // 1000, list(alert.members or (alert.store_id,))
        span = {
            "store": alert.store_id,
            "stores": stores,
            "from_s": now_s - WORTH_DAYS * 86_400,
            "to_s": now_s + 3600,
        }
        currency = facts.store.currency
        worth = await self._rows(_WORTH, {**span, "currency": currency}) if currency else []
        counts = await self._rows(_COUNTS, span)
        day = {**span, "from_s": now_s - 86_400, "hour_s": now_s - 3600}
        ((newest_ms, pixel, server, pixel_day),) = await self._rows(_FRESHNESS, day)
        ((newest_s, late_s),) = await self._rows(_LATE, {**span, "from_s": now_s - 3600})
        week = {**span, "from_s": now_s - 7 * 86_400, "to_s": now_s - 3600}
        ((usual_pixel, usual_server),) = await self._rows(_USUAL_PIXEL, week)
        has_pixel = usual_pixel > 0 or pixel_day > 0
        return replace(
            facts,
            counts={str(stage): float(total) for stage, total in counts},
            worth={str(name): float(mean) for name, mean in worth},
            health=Health(
                age_s=max(0.0, (now_ms - newest_ms) / 1000) if newest_ms else None,
                pixel_share=pixel_share(pixel, server) if has_pixel else None,
                usual_pixel_share=pixel_share(usual_pixel, usual_server) if usual_pixel > 0 else None,
                is_late=bool(newest_s) and newest_s == late_s,
            ),
        )

    async def _rows(self, sql: str, parameters: dict[str, Any]) -> Sequence[Sequence[Any]]:
        if self._client is None:
            self._client = await open_reader(self._settings)
        return (await self._client.query(sql, parameters=parameters)).result_rows

    async def _drop_client(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def close(self) -> None:
        """Close the connection."""
        await self._drop_client()

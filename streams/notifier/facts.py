"""What a card says beside the alert: the store, the worth of an order, the age and completeness of its data.

Facts come from the configuration and from ClickHouse, at most a minute old. ClickHouse away costs a card its money and
its data line, never the card itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import structlog
from clickhouse_connect.driver import AsyncClient
from currency_converter import CurrencyConverter, RateNotFoundError

from scoring.alerts import AlertTransition
from scoring.cards import Health, StoreFacts
from streams.clickhouse.clients import open_reader
from streams.config import Config
from streams.settings import Settings

log = structlog.get_logger()

FRESH_MS = 60_000
PATIENCE_S = 3.0
#: days over which the average worth of an order is taken
WORTH_DAYS = 14
#: data older than this is called late
LATE_S = 300.0

_WORTH = """
SELECT avg(amount) AS worth
FROM events
WHERE store_id = {store:String} AND type IN ('order', 'payment') AND amount > 0 AND currency = {currency:String}
  AND event_time > toDateTime64({from_s:Int64}, 3, 'UTC') AND event_time <= toDateTime64({to_s:Int64}, 3, 'UTC')
"""

_FRESHNESS = """
SELECT
    toUnixTimestamp64Milli(max(received_at)) AS newest_ms,
    uniqIf(order_id, type = 'order' AND source = 'pixel') AS pixel_orders,
    uniqIf(order_id, type = 'order' AND source != 'pixel') AS server_orders
FROM events
WHERE store_id = {store:String}
  AND event_time > toDateTime64({from_s:Int64}, 3, 'UTC') AND event_time <= toDateTime64({to_s:Int64}, 3, 'UTC')
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
_FEWEST_ORDERS = 30


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one store at one moment; ``base_rate`` turns its currency into the base currency."""

    store: StoreFacts
    health: Health
    base_rate: float | None


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

    async def facts(self, alert: AlertTransition) -> Facts:
        """The facts of the alert's store. Never raises for a store or a ClickHouse that is not there."""
        now_ms = self._now_ms()
        known = self._known.get(alert.store_id)
        if known is not None and now_ms - known[0] < FRESH_MS:
            return known[1]
        store = self._config.store(alert.store_id)
        currency = store.currency if store else self._config.alerting.base_currency
        plain = StoreFacts(
            name=(store.name if store else "") or alert.store_id,
            zone=store.zone if store else "UTC",
            currency=currency,
        )
        if currency not in self._rates:
            self._rates[currency] = await asyncio.to_thread(
                base_rate, currency, self._config.alerting.base_currency
            )
        facts = Facts(plain, Health(), self._rates[currency])
        try:
            async with asyncio.timeout(PATIENCE_S):
                facts = await self._measured(alert.store_id, facts, now_ms)
        except Exception as error:  # any trouble of the store costs the facts, not the message
            log.warning("a card goes without its facts", store=alert.store_id, error=str(error)[:200])
            await self._drop_client()
        self._known[alert.store_id] = (now_ms, facts)
        return facts

    async def _measured(self, store_id: str, facts: Facts, now_ms: int) -> Facts:
        now_s = now_ms // 1000
        worth = await self._first(
            _WORTH,
            {
                "store": store_id,
                "currency": facts.store.currency,
                "from_s": now_s - WORTH_DAYS * 86_400,
                "to_s": now_s + 3600,
            },
        )
        newest_ms, pixel, server = await self._first(
            _FRESHNESS, {"store": store_id, "from_s": now_s - 3600, "to_s": now_s + 3600}
        )
        usual_pixel, usual_server = await self._first(
            _USUAL_PIXEL, {"store": store_id, "from_s": now_s - 7 * 86_400, "to_s": now_s - 3600}
        )
        has_pixel = usual_pixel > 0 or pixel > 0
        age_s = max(0.0, (now_ms - newest_ms) / 1000) if newest_ms else None
        return replace(
            facts,
            store=replace(facts.store, money_per_event=float(worth[0]) if worth[0] else None),
            health=Health(
                age_s=age_s,
                pixel_share=min(pixel / server, 1.0) if server >= _FEWEST_ORDERS and has_pixel else None,
                usual_pixel_share=min(usual_pixel / usual_server, 1.0)
                if usual_server >= _FEWEST_ORDERS and usual_pixel
                else None,
                is_late=age_s is not None and age_s > LATE_S,
            ),
        )

    async def _first(self, sql: str, parameters: dict[str, Any]) -> Sequence[Any]:
        if self._client is None:
            self._client = await open_reader(self._settings)
        return (await self._client.query(sql, parameters=parameters)).first_row or ()

    async def _drop_client(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def close(self) -> None:
        """Close the connection."""
        await self._drop_client()

"""What lost orders or payments are worth, in the store's own currency."""

from __future__ import annotations

from scoring.funnel.stages import STEP_BY_ID, Stage
from scoring.funnel.units import DAY_MS
from streams.clickhouse.reader import Database
from streams.config.model import Config, StoreConfig
from streams.web.frame.queries import span_back, store_or_bare
from streams.web.grid.answers import MoneyEstimate

ORDER_VALUE = """
SELECT store_id, type AS event_type, avg(toFloat64(amount)) AS value
FROM events
WHERE type IN ('order', 'payment') AND isNotNull(amount) AND currency = {currency:String}
  AND store_id = {store:String}
  AND event_time > toDateTime({from_s:Int64}, 'UTC') AND event_time <= toDateTime({to_s:Int64}, 'UTC')
GROUP BY store_id, event_type
"""


class OrderValues:
    """The worth of a store's orders and payments."""

    def __init__(self, database: Database, config: Config) -> None:
        self._database, self._config = database, config

    async def order_value(self, store: StoreConfig, at_ms: int) -> dict[str, float]:
        """Mean amount of an order and of a payment in the store's own currency over seven days."""
        rows = await self._database.shared(
            ("order_value", store.id, at_ms // DAY_MS),
            600,
            lambda: self._database.rows(
                ORDER_VALUE, store=store.id, currency=store.currency, **span_back(at_ms, 7 * DAY_MS)
            ),
        )
        return {row["event_type"]: float(row["value"]) for row in rows if row["value"]}

    async def money(
        self, store_id: str, step: str, lost: float, low: float, high: float, at_ms: int
    ) -> MoneyEstimate | None:
        """Lost orders or payments in money. None for steps that do not end in one, or where no amounts are known."""
        known = STEP_BY_ID.get(step)
        if known is None or known.downstream not in (Stage.ORDER, Stage.PAYMENT) or lost <= 0:
            return None
        downstream = known.downstream.value
        store = store_or_bare(self._config, store_id)
        values = await self.order_value(store, at_ms)
        value = values.get(downstream) or values.get("order") or values.get("payment")
        if not value:
            return None
        return MoneyEstimate(lost * value, max(0.0, low) * value, high * value, store.currency)

"""What alerts cost, for the grid and the alerts' pages: the shared price (``scoring/funnel/money.py``) as the API gives it."""

from __future__ import annotations

from collections.abc import Iterable

from scoring.alerts.alert import AlertTransition
from scoring.funnel.money import MoneyLost, price
from streams.clickhouse.reader import Database
from streams.config.model import Config
from streams.incidents.worth import Priced, WorthReader
from streams.web.grid.answers import MoneyEstimate


def _estimate(money: MoneyLost) -> MoneyEstimate:
    return MoneyEstimate(
        money.lost,
        money.low,
        money.high,
        money.currency,
        base=money.base,
        base_currency=money.base_currency if money.base is not None else "",
        base_day=money.base_day.isoformat() if money.base_day else "",
    )


class AlertPrices:
    """The prices of alerts, by one query for all that are asked about together."""

    def __init__(self, database: Database, config: Config) -> None:
        self._worth = WorthReader(database.rows, config)

    async def of(self, alerts: Iterable[AlertTransition]) -> dict[str, MoneyEstimate | None]:
        """What each alert cost, by its id; None where that is not known."""
        known = {alert.alert_id: alert for alert in alerts}
        worths = await self._worth.of(Priced.of(alert) for alert in known.values())
        prices = {alert_id: price(alert, worths[alert_id]) for alert_id, alert in known.items()}
        return {alert_id: _estimate(found) if found else None for alert_id, found in prices.items()}

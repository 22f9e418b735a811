"""What alerts cost, for the grid and the alerts' pages: the shared price (``scoring/funnel/money.py``) as the API gives it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from scoring.alerts.alert import AlertTransition
from scoring.funnel.money import UNKNOWN_WORTH, MoneyLost, price
from streams.clickhouse.errors import ClickHouseUnreachableError
from streams.incidents.facts import PATIENCE_S
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
    """The prices of alerts, by one query for all that are asked about together and that ``worth`` does not remember."""

    def __init__(self, worth: WorthReader, patience_s: float = PATIENCE_S) -> None:
        self._worth, self._patience_s = worth, patience_s

    async def of(self, alerts: Iterable[AlertTransition]) -> dict[str, MoneyEstimate | None]:
        """What each alert cost, by its id; None where that is not known."""
        known = {alert.alert_id: alert for alert in alerts}
        # an alert without its price is better than none
        with contextlib.suppress(ClickHouseUnreachableError):
            await self._worth.within(map(Priced.of, known.values()), self._patience_s)
        prices = {
            alert_id: price(alert, self._worth.remembered(alert_id) or UNKNOWN_WORTH)
            for alert_id, alert in known.items()
        }
        return {alert_id: _estimate(found) if found else None for alert_id, found in prices.items()}

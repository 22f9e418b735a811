"""What the stores of alerts were worth before them: the one query behind every price (``scoring/funnel/money.py``).

Asked for many alerts at once, so that a grid of stores costs one question. An answer depends on the alert alone, not on the moment
of asking, and is remembered for ``FRESH_S``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scoring.alerts.alert import AlertContribution, AlertTransition
from scoring.funnel.money import WORTH_DAYS, Worth, worth_of_pool
from scoring.funnel.period_steps import PERIOD_STEP_BY_ID
from scoring.funnel.segment_names import takes_part_sql
from scoring.funnel.stages import STAGES, Stage
from scoring.funnel.units import DAY_MS, MINUTE_MS
from streams.clock import monotonic
from streams.config.model import Config
from streams.incidents.rates import ExchangeRate, ExchangeRates

#: late events may still change what was counted before an alert
FRESH_S = 600.0
_PRICED = f"('{Stage.ORDER.value}', '{Stage.PAYMENT.value}')"
_SPAN_S = WORTH_DAYS * DAY_MS // 1000
#: a shop without any order before its alert is priced by those of this long after it
_SINCE_S = DAY_MS // 1000
#: the alerts asked about, as parameters
_ASKED = """
    SELECT one.1 AS ask, one.2 AS stores, one.3 AS currency, one.4 AS until_s
    FROM (SELECT arrayJoin(arrayZip({asks:Array(String)}, {stores:Array(Array(String))}, {currencies:Array(String)},
                                    {untils:Array(Int64)})) AS one)
"""


def _slot(asked: str) -> str:
    """The hour of an event; of those in which an alert opened, the minute."""
    at = "toDateTime(event_time, 'UTC')"
    hours = f"(SELECT toDateTime(until_s - until_s % 3600, 'UTC') FROM ({asked}))"
    return f"if(toStartOfHour({at}) IN {hours}, toStartOfMinute({at}), toStartOfHour({at}))"


def _mean(stage: Stage, side: str) -> str:
    """The mean amount of a stage's events on one side of the minute in which the alert opened; NULL without any."""
    chosen = f"kind = '{stage.value}' AND slot {side} toDateTime(asked.until_s, 'UTC')"
    return f"sumIf(total, {chosen}) / nullIf(sumIf(n, {chosen}), 0)"


def worth_sql(asked: str, first_s: str, last_s: str) -> str:
    """A query for the counts (``Array(Float64)`` by stage, of orders those that a page led to) and mean amounts of each alert asked about.

    Args:
        asked: a subquery with the columns ``ask`` (String), ``stores`` (Array(String)), ``currency`` and ``until_s`` (the minute in
            which the alert opened, in Unix seconds). Counts are those of the whole hours before it, amounts those until that minute.
        first_s, last_s: expressions, no later than the first span's begin and no earlier than the last one's end.
    """
    opened_hour = "asked.until_s - asked.until_s % 3600"
    first = f"toDateTime({opened_hour} - {_SPAN_S}, 'UTC')"
    span = f"hour >= {first} AND hour < toDateTime({opened_hour}, 'UTC')"
    each = f"SELECT ask, currency, until_s, arrayJoin(stores) AS store_id FROM ({asked})"
    return f"""
SELECT ask, currency, counts, order_amount, payment_amount
FROM
(
    SELECT ask, any(currency) AS currency, sumForEach(arrayMap(n -> toFloat64(n), counted.counts)) AS counts
    FROM ({each}) AS asked
    INNER JOIN
    (
        SELECT store_id, toStartOfHour(at) AS hour,
               arrayMap((whole, apart) -> whole - apart, sumForEach(counts), sumForEach(pageless)) AS counts
        FROM count_sums(first = {first_s}, last = {last_s})
        WHERE store_id IN (SELECT store_id FROM ({each}))
        GROUP BY store_id, hour
    ) AS counted ON counted.store_id = asked.store_id
    WHERE {span}
    GROUP BY ask
) AS numbers
FULL JOIN
(
    SELECT ask, coalesce({_mean(Stage.ORDER, "<")}, {_mean(Stage.ORDER, ">=")}) AS order_amount,
           coalesce({_mean(Stage.PAYMENT, "<")}, {_mean(Stage.PAYMENT, ">=")}) AS payment_amount
    FROM ({each}) AS asked
    INNER JOIN
    (
        SELECT store_id, {_slot(asked)} AS slot,
               toString(currency) AS money, toString(type) AS kind, sum(toFloat64(amount)) AS total, count() AS n
        FROM events
        WHERE type IN {_PRICED} AND amount > 0 AND {takes_part_sql(Stage.ORDER)} AND store_id IN (SELECT store_id FROM ({each}))
          AND event_time >= toDateTime({first_s}, 'UTC') AND event_time < toDateTime({last_s} + {_SINCE_S}, 'UTC')
        GROUP BY store_id, slot, money, kind
    ) AS paid ON paid.store_id = asked.store_id AND paid.money = asked.currency
    WHERE slot >= {first} AND slot < toDateTime(asked.until_s + {_SINCE_S}, 'UTC')
    GROUP BY ask
) AS amounts USING (ask)
"""


_WORTH = worth_sql(_ASKED, "{first_s:Int64}", "{last_s:Int64}")


def report_worth_sql(asked: str) -> str:
    """What one of what a report counts brings, by that report's own revenue: of alerts on reports (``scoring/funnel/period_steps.py``).

    Args:
        asked: a query that gives tuples ``one`` of alert, store, source, measure and until when, in seconds.
    """
    return f"""
SELECT ask, any(money) AS currency, sum(revenue) / nullIf(sum(counted), 0) AS each
FROM
(
    SELECT one.1 AS ask, row.period_start, anyIf(row.currency, row.measure = 'revenue') AS money,
           toFloat64(sumIf(row.value, row.measure = 'revenue')) AS revenue, toFloat64(sumIf(row.value, row.measure = one.4)) AS counted
    FROM ({asked}) AS asked
    INNER JOIN report_rows AS row ON row.store_id = one.2 AND row.source = one.3
    WHERE row.period = 'day' AND empty(row.dimensions) AND row.complete AND row.measure IN ('revenue', one.4)
      AND row.period_start >= toDateTime(one.5 - {_SPAN_S}, 'UTC') AND row.period_start < toDateTime(one.5, 'UTC')
    GROUP BY ask, row.period_start
    HAVING countIf(row.measure = 'revenue') = 1 AND countIf(row.measure = one.4) = 1
)
GROUP BY ask
HAVING uniqExact(money) = 1
"""


_REPORT_WORTH = report_worth_sql(
    "SELECT arrayJoin(arrayZip({asks:Array(String)}, {stores:Array(String)}, {sources:Array(String)}, "
    "{measures:Array(String)}, {untils:Array(Int64)})) AS one"
)


@dataclass(frozen=True, slots=True)
class Priced:
    """An alert whose worth is asked for; ``members`` are a pool's stores and ``shares`` their parts of its loss."""

    alert_id: str
    store_id: str
    opened_at_ms: int
    members: tuple[str, ...] = ()
    step: str = ""
    shares: tuple[AlertContribution, ...] = ()

    @classmethod
    def of(cls, alert: AlertTransition) -> Priced:
        """What is asked of an alert."""
        shares = alert.contributions if alert.members else ()
        return cls(alert.alert_id, alert.store_id, alert.opened_at_ms, alert.members, alert.step, shares)

    @property
    def stores(self) -> tuple[str, ...]:
        """The stores whose events are meant."""
        return self.members or (self.store_id,)


class WorthReader:
    """Reads what alerts' stores were worth.

    Args:
        rows: asks ClickHouse: ``rows(sql, **parameters)`` gives rows by column name; its errors pass through.
        config: whose stores and base currency.
    """

    def __init__(self, rows: Callable[..., Awaitable[Sequence[Mapping[str, Any]]]], config: Config) -> None:
        self._rows, self._config = rows, config
        self._known: dict[str, tuple[float, Worth]] = {}
        self._under_way: dict[str, asyncio.Task[dict[str, Worth]]] = {}
        named = config.alerting.exchange_rates
        self._rates = ExchangeRates(Path(named) if named else None)

    def currency(self, stores: Iterable[str]) -> str:
        """What the stores sell in; empty if they share no currency, or one of them is not configured."""
        found = {store.currency if store else "" for store in map(self._config.store, stores)}
        return found.pop() if len(found) == 1 else ""

    async def rate(self, currency: str) -> ExchangeRate | None:
        """How much of the base currency one unit is worth, and on which day; None if there is no rate."""
        if not currency:
            return None
        return await asyncio.to_thread(self._rates.rate, currency, self._config.alerting.base_currency)

    async def _in_base(self, currency: str) -> dict[str, Any]:
        """The fields of ``Worth`` about the base currency."""
        rate = await self.rate(currency)
        return {
            "base_rate": rate.value if rate else None,
            "base_day": rate.day if rate else None,
            "base_currency": self._config.alerting.base_currency,
        }

    async def of(self, alerts: Iterable[Priced]) -> dict[str, Worth]:
        """The worth behind each alert, by its id. One question for all that are not remembered."""
        wanted = {alert.alert_id: alert for alert in alerts}
        now = monotonic()
        if len(self._known) > 5000:
            self._known = {key: value for key, value in self._known.items() if value[0] > now}
        unknown = [a for a in wanted.values() if self._known.get(a.alert_id, (0.0,))[0] <= now]
        if unknown:
            answers = await self._ask(unknown)
            answers |= await self._of_mixed(unknown)
            for alert in unknown:
                self._known[alert.alert_id] = (now + FRESH_S, answers[alert.alert_id])
        return {alert_id: self._known[alert_id][1] for alert_id in wanted}

    def remembered(self, alert_id: str) -> Worth | None:
        """What was found of an alert, however long ago: what its store was worth before it does not change."""
        known = self._known.get(alert_id)
        return known[1] if known else None

    async def within(self, alerts: Iterable[Priced], patience_s: float) -> dict[str, Worth]:
        """The same, of those that are known by then: a question that takes longer goes on, and who asks next has its answer."""
        wanted, now = {alert.alert_id: alert for alert in alerts}, monotonic()
        fresh = {alert_id for alert_id in wanted if self._known.get(alert_id, (0.0,))[0] > now}
        new = [one for name, one in wanted.items() if name not in fresh and name not in self._under_way]
        if new:
            asking = asyncio.create_task(self.of(new))
            self._under_way |= {alert.alert_id: asking for alert in new}
            asking.add_done_callback(self._answered)
        waited = {self._under_way[name] for name in wanted if name in self._under_way}
        if waited:
            done, _ = await asyncio.wait(waited, timeout=patience_s)
            for asking in done:
                asking.result()
        return {name: worth for name in wanted if (worth := self.remembered(name)) is not None}

    def _answered(self, asking: asyncio.Task[dict[str, Worth]]) -> None:
        self._under_way = {name: task for name, task in self._under_way.items() if task is not asking}
        if not asking.cancelled():
            asking.exception()  # whoever waits for it hears of it; nobody may

    @property
    def is_asking(self) -> bool:
        """Whether a question is under way."""
        return bool(self._under_way)

    def close(self) -> None:
        """End the questions under way."""
        for asking in set(self._under_way.values()):
            asking.cancel()

    async def _of_mixed(self, alerts: Sequence[Priced]) -> dict[str, Worth]:
        """The worth behind alerts of pools whose stores sell in several currencies: in the base currency, store by store."""
        mixed = [alert for alert in alerts if alert.shares and not self.currency(alert.stores)]
        if not mixed:
            return {}
        parts = {
            (alert.alert_id, part.segment): Priced(
                f"{alert.alert_id} {part.segment}", part.segment, alert.opened_at_ms, step=alert.step
            )
            for alert in mixed
            for part in alert.shares
        }
        answers = await self._ask(list(parts.values()))
        made = {
            alert.alert_id: worth_of_pool(
                alert.step,
                [(p.share, answers[parts[alert.alert_id, p.segment].alert_id]) for p in alert.shares],
            )
            for alert in mixed
        }
        return {alert_id: worth for alert_id, worth in made.items() if worth is not None}

    async def _ask(self, alerts: Sequence[Priced]) -> dict[str, Worth]:
        answers: dict[str, Worth] = {}
        for together in _of_one_span(alerts):
            answers |= await self._ask_together(together)
        return answers | await self._by_report(alerts, answers)

    async def _ask_together(self, alerts: Sequence[Priced]) -> dict[str, Worth]:
        untils = [alert.opened_at_ms // MINUTE_MS * MINUTE_MS // 1000 for alert in alerts]
        currencies = [self.currency(alert.stores) for alert in alerts]
        rows = await self._rows(
            _WORTH,
            asks=[alert.alert_id for alert in alerts],
            stores=[list(alert.stores) for alert in alerts],
            currencies=currencies,
            untils=untils,
            first_s=min(untils) // 3600 * 3600 - _SPAN_S,
            last_s=max(untils) - 1,
        )
        found = {row["ask"]: row for row in rows}
        answers = {}
        for alert, currency in zip(alerts, currencies, strict=True):
            row = found.get(alert.alert_id)
            amounts = {
                Stage.ORDER.value: row["order_amount"] if row else None,
                Stage.PAYMENT.value: row["payment_amount"] if row else None,
            }
            counts = dict(zip((stage.value for stage in STAGES), row["counts"] if row else (), strict=False))
            answers[alert.alert_id] = Worth(
                counts=counts,
                amounts={name: float(mean) for name, mean in amounts.items() if mean and currency},
                currency=currency,
                **await self._in_base(currency),
            )
        return answers

    async def _by_report(self, alerts: Sequence[Priced], answers: Mapping[str, Worth]) -> dict[str, Worth]:
        """The worth behind alerts on reports, where the report has a revenue."""
        asked = [(alert, step) for alert in alerts if (step := PERIOD_STEP_BY_ID.get(alert.step)) is not None]
        if not asked:
            return {}
        rows = await self._rows(
            _REPORT_WORTH,
            asks=[alert.alert_id for alert, _ in asked],
            stores=[alert.store_id for alert, _ in asked],
            sources=[step.source for _, step in asked],
            measures=[step.downstream for _, step in asked],
            untils=[alert.opened_at_ms // 1000 for alert, _ in asked],
        )
        found = {row["ask"]: row for row in rows if row["each"]}
        return {
            alert.alert_id: replace(
                answers[alert.alert_id],
                amounts={step.downstream: float(found[alert.alert_id]["each"])},
                currency=found[alert.alert_id]["currency"],
                **await self._in_base(found[alert.alert_id]["currency"]),
            )
            for alert, step in asked
            if alert.alert_id in found
        }


def _of_one_span(alerts: Iterable[Priced]) -> list[list[Priced]]:
    """The alerts, those together whose spans overlap: what lies between two spans, months perhaps, is then not read."""
    groups: list[list[Priced]] = []
    for alert in sorted(alerts, key=lambda one: one.opened_at_ms):
        if groups and alert.opened_at_ms - groups[-1][-1].opened_at_ms <= 1000 * (_SPAN_S + _SINCE_S):
            groups[-1].append(alert)
        else:
            groups.append([alert])
    return groups

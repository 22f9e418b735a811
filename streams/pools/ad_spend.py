"""The guard of ad spend in the process that leads the pools: reads spend, open alerts and signals, publishes what follows.

What it remembers of an alert is the alert itself: ``funnel.alerts.v1`` is read again on taking over, after the former writer was fenced
(``streams/kafka/sole_writer.py``). While ClickHouse is unreachable nothing opens and nothing ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import structlog

from scoring.alerts.ad_spend import (
    EMPTY_SHARE,
    SpendCause,
    SpendGuard,
    SpendRate,
    SpendRow,
    broken_by,
    guarded,
    spend_rate,
    worst,
)
from scoring.alerts.alert import AlertKind, AlertState, AlertTransition
from scoring.alerts.spend_note import SpendInto
from scoring.detection.tracked_alert import ClosedAlerts
from scoring.errors import UNDECODABLE
from scoring.funnel.units import DAY_MS
from scoring.records.signal import SignalKind
from streams import metrics
from streams.clickhouse.errors import ClickHouseError
from streams.clickhouse.reader import Database, Row
from streams.clock import now_ms
from streams.config.model import Config, StoreConfig
from streams.incidents.rates import ExchangeRates
from streams.kafka import topics
from streams.kafka.followers import TopicFollower
from streams.kafka.servers import servers_of
from streams.kafka.sole_writer import SoleWriter
from streams.kafka.topics import Rename
from streams.settings import Settings

_log = structlog.get_logger()
#: seconds between looks
LOOK_S = 60.0
#: alerts are open for some weeks at most
_SINCE_MS = 60 * DAY_MS

SIGNALS = f"""
SELECT store_id, toString(kind) AS kind_name, arraySort(groupUniqArray(object)) AS objects, toUnixTimestamp(max(since)) AS since_s
FROM signals
WHERE kind IN ('{SignalKind.STOCK_OUT}', '{SignalKind.SHOP_CLOSED}', '{SignalKind.AD_BUDGET_SPENT}')
  AND since <= toDateTime({{at_s:Int64}}, 'UTC') AND (until IS NULL OR until > toDateTime({{at_s:Int64}}, 'UTC'))
GROUP BY store_id, kind_name
"""
SPEND = """
SELECT store_id, toString(source) AS source_name, period = 'hour' AS is_hour, toUnixTimestamp(period_start) AS start_s,
       toUnixTimestamp(period_end) AS end_s, toString(currency) AS money, arraySort(mapKeys(dimensions)) AS parts, toFloat64(sum(value)) AS spent
FROM report_rows
WHERE measure = 'spend' AND store_id IN {stores:Array(String)} AND period_end <= toDateTime({at_s:Int64}, 'UTC')
  AND period_start > toDateTime({at_s:Int64} - 5 * 86400, 'UTC') AND (period = 'hour' OR (period = 'day' AND complete))
GROUP BY store_id, source_name, is_hour, start_s, end_s, money, parts
"""
#: part of the product views of two weeks that led to products that are out of stock now
EMPTY = """
SELECT store_id, countIf(has({empty:Array(String)}, concat(store_id, '\\n', product))) / count() AS share
FROM events
WHERE store_id IN {stores:Array(String)} AND type = 'click' AND product != ''
  AND event_time > toDateTime({at_s:Int64} - 14 * 86400, 'UTC')
GROUP BY store_id
"""


@dataclass(slots=True)
class _Signals:
    """What signals say of one store now: products out of stock, whether it is closed, whether its ad budget is used up."""

    sold_out: Sequence[str] = ()
    sold_out_since_ms: int = 0
    closed_since_ms: int = 0
    is_budget_spent: bool = False


@dataclass(slots=True)
class _Known:
    """The newest transition of each alert that fires, and what is kept of each store."""

    firing: dict[str, AlertTransition] = field(default_factory=dict)
    guards: dict[str, SpendGuard] = field(default_factory=dict)

    def take(self, alert: AlertTransition) -> None:
        """Take one transition, the oldest first."""
        if alert.kind is AlertKind.AD_SPEND:
            newest = alert if alert.state is AlertState.FIRING else None
            before = self.guards.get(alert.store_id, SpendGuard())
            ended_ms = max(before.ended_ms, 0 if newest is not None else alert.at_ms)
            self.guards[alert.store_id] = msgspec.structs.replace(before, newest=newest, ended_ms=ended_ms)
        elif alert.state is AlertState.FIRING:
            self.firing[alert.alert_id] = alert
        else:
            self.firing.pop(alert.alert_id, None)


class SpendTurns:
    """Follows ``funnel.alerts.v1`` and looks once a minute at the stores whose ads may burn.

    Args:
        settings: names broker and tables.
        config: the stores.
        closed: alerts that people have closed.
        rename: of topics.
    """

    def __init__(
        self, settings: Settings, config: Config, closed: ClosedAlerts, rename: Rename = str
    ) -> None:
        self._settings, self._config, self._closed = settings, config, closed
        self._alerts = rename(topics.ALERTS)
        self._writer = SoleWriter(
            servers_of(settings), rename(f"{settings.group_prefix}-ad-spend"), "the guard of ad spend"
        )
        rates = config.alerting.exchange_rates
        self._rates = ExchangeRates(Path(rates) if rates else None)
        self._database = Database(settings)
        self._follower: TopicFollower | None = None
        self._decode = msgspec.json.Decoder(AlertTransition).decode
        self._known = _Known()
        self._is_caught_up = False

    async def open(self) -> None:
        """Fence the former writer, and go to where open alerts begin."""
        await self._writer.take_over()
        self._follower = TopicFollower(
            servers_of(self._settings), (self._alerts,), since_ms=now_ms() - _SINCE_MS, past_open=True
        )
        await self._follower.open()

    async def run(self) -> None:
        """Look again and again until cancelled.

        Raises:
            LogFencedError: another process leads now.
        """
        while True:
            try:
                await self.look(now_ms())
            except ClickHouseError as error:
                said = " ".join(str(error).split())[:300]
                _log.warning("clickhouse_unreachable", job="ad_spend", error=said, retry_in_s=LOOK_S)
            await asyncio.sleep(LOOK_S)

    async def look(self, at_ms: int) -> list[AlertTransition]:
        """Take what has come, look at the stores concerned at ``at_ms``, and publish what follows."""
        await self._follow()
        if not self._is_caught_up:
            return []
        signals = _by_store(await self._database.rows(SIGNALS, at_s=at_ms // 1000))
        stores = [store for store in self._config.stores if self._concerns(store.id, signals)]
        if not stores:
            return []
        found = await self._judged(stores, signals, at_ms)
        if found:
            await self._writer.write(
                [(self._alerts, one.store_id.encode(), msgspec.json.encode(one), None) for one in found]
            )
        for one in found:
            metrics.POOLS_TRANSITIONS.labels(one.state).inc()
            _log.info(
                "alert_changed",
                state=one.state,
                store=one.store_id,
                step=one.step,
                level=one.level,
                surprise=0.0,
            )
        return found

    async def _follow(self) -> None:
        assert self._follower is not None
        while True:
            records = await self._follower.take(0)
            for record in records:
                if record.value is None:
                    continue
                try:
                    self._known.take(self._decode(record.value))
                except UNDECODABLE as error:
                    _log.warning("record_skipped", topic=self._alerts, error=str(error)[:200])
            if not records or self._is_caught_up:
                break
        if not self._is_caught_up:
            self._is_caught_up = not await self._follower.is_behind()

    def _concerns(self, store: str, signals: Mapping[str, _Signals]) -> bool:
        guard = self._known.guards.get(store, SpendGuard())
        mine = signals.get(store, _Signals())
        return bool(
            guard.newest is not None
            or guard.burning_since_ms
            or mine.sold_out
            or mine.closed_since_ms
            or self._broken(store) is not None
        )

    def _broken(self, store: str) -> SpendCause | None:
        firing = self._known.firing.values()
        return worst(broken_by(alert, store) for alert in firing if alert.alert_id not in self._closed)

    async def _judged(
        self, stores: Sequence[StoreConfig], signals: Mapping[str, _Signals], at_ms: int
    ) -> list[AlertTransition]:
        ids, at_s = [store.id for store in stores], at_ms // 1000
        spent: dict[str, list[Row]] = {}
        for row in await self._database.rows(SPEND, stores=ids, at_s=at_s):
            spent.setdefault(row["store_id"], []).append(row)
        shelves = [
            store.id for store in stores if store.id in spent and signals.get(store.id, _Signals()).sold_out
        ]
        empty = [f"{store}\n{product}" for store in shelves for product in signals[store].sold_out]
        rows = await self._database.rows(EMPTY, stores=shelves, empty=empty, at_s=at_s) if shelves else []
        shares = {row["store_id"]: float(row["share"]) for row in rows}
        found = []
        for store in stores:
            mine = signals.get(store.id, _Signals())
            cause = worst((self._broken(store.id), _shelf(mine, shares.get(store.id, 0.0)), _shut(mine)))
            rate = (
                SpendRate(0.0, False)
                if mine.is_budget_spent
                else self._rate(store, spent.get(store.id, ()), at_ms)
            )
            before = self._known.guards.get(store.id, SpendGuard())
            least = self._least(store)
            after, transition = guarded(before, store.id, store.currency, cause, rate, least, at_ms)
            self._known.guards[store.id] = after
            found += [transition] if transition is not None else []
        return found

    def _rate(self, store: StoreConfig, rows: Sequence[Row], at_ms: int) -> SpendRate | None:
        """What an hour costs in the store's currency; what is paid in one without a rate is left out."""
        given = []
        for row in rows:
            rate = self._rates.rate(row["money"] or store.currency, store.currency)
            if rate is not None:
                times = (int(row["start_s"]) * 1000, int(row["end_s"]) * 1000)
                parts, value = tuple(row["parts"]), float(row["spent"]) * rate.value
                given.append(SpendRow(row["source_name"], bool(row["is_hour"]), *times, parts, value))
        return spend_rate(given, at_ms)

    def _least(self, store: StoreConfig) -> float:
        alerting = self._config.alerting
        rate = self._rates.rate(alerting.base_currency, store.currency)
        return alerting.ad_spend_per_hour * (rate.value if rate is not None else 1.0)

    async def close(self) -> None:
        """Give the connections back."""
        if self._follower is not None:
            await self._follower.close()
        await self._writer.close()
        await self._database.close()


def _by_store(rows: Sequence[Row]) -> dict[str, _Signals]:
    found: dict[str, _Signals] = {}
    for row in rows:
        mine = found.setdefault(row["store_id"], _Signals())
        since_ms = int(row["since_s"]) * 1000
        if row["kind_name"] == SignalKind.STOCK_OUT:
            mine.sold_out, mine.sold_out_since_ms = [one for one in row["objects"] if one], since_ms
        elif row["kind_name"] == SignalKind.SHOP_CLOSED:
            mine.closed_since_ms = since_ms
        else:
            mine.is_budget_spent = True
    return found


def _shelf(signals: _Signals, share: float) -> SpendCause | None:
    if share < EMPTY_SHARE:
        return None
    count = str(len(signals.sold_out))
    return SpendCause(SpendInto.STOCK_OUT, count, "", signals.sold_out_since_ms, share, share, share)


def _shut(signals: _Signals) -> SpendCause | None:
    since = signals.closed_since_ms
    return SpendCause(SpendInto.CLOSED, "", "", since, 1.0, 1.0, 1.0) if since else None

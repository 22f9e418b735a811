"""What a digest asks of ClickHouse: sums of a period per store and step, lines, alerts, actions, rejected records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec
import structlog

from scoring.alerts.actions import UNHANDLED, ActionBook, HumanAction
from scoring.alerts.alert import AlertState
from scoring.alerts.routing import RoutingError
from scoring.digest.schedule import DigestForm, Occurrence, days_before
from scoring.digest.values import AlertFacts, Bucket, DigestFacts, DigestFigure, DigestStore, StepSums
from scoring.errors import UNDECODABLE
from scoring.funnel.scores import FULL_COVERAGE, SUPPLY_DAYS, no_expectation_sql
from scoring.funnel.segment_names import PAGELESS
from scoring.funnel.stages import is_fast
from scoring.funnel.trade import TradeFigures
from scoring.funnel.units import DAY_MS
from streams.clickhouse.reader import Database, Row
from streams.config.model import Config, StoreConfig
from streams.config.subscribers import SubscriberConfig
from streams.evaluation.stored_health import read_health
from streams.incidents.alert_rows import ALERT_COLUMNS, ALERT_DAYS, alert_of, alerts_then
from streams.incidents.facts import country_of
from streams.incidents.trade import Traded, TradeReader
from streams.incidents.worth import Priced, WorthReader

_log = structlog.get_logger()
Member = TypeVar("Member", bound=StrEnum)

BUCKET_S = {DigestForm.DAILY: 3600, DigestForm.WEEKLY: 6 * 3600}

_KNOWN = f"NOT {no_expectation_sql()}"
_SPAN = "minute >= toDateTime({from_s:Int64}, 'UTC') AND minute < toDateTime({to_s:Int64}, 'UTC')"
_MINE = "({every:UInt8} OR store_id IN {stores:Array(String)})"

STEP_SUMS = f"""
SELECT store_id, step, count() AS minutes, sumIf(observed, {_KNOWN}) AS observed_sum, sumIf(expected, {_KNOWN}) AS expected_sum,
       sumIf(expected, state IN ('normal', 'breach')) AS judged_sum, countIf(state = 'breach') AS breaches
FROM scores
WHERE segment = '' AND {_SPAN} AND {_MINE}
GROUP BY store_id, step
"""

LINES = f"""
SELECT store_id, step, intDiv(toInt64(toUnixTimestamp(minute)) - {{from_s:Int64}}, {{bucket_s:Int64}}) AS bucket,
       sum(observed) AS observed_sum, sum(expected) AS expected_sum, countIf({_KNOWN}) AS known
FROM scores
WHERE segment = '' AND {_SPAN} AND {_MINE}
GROUP BY store_id, step, bucket
ORDER BY store_id, step, bucket
"""

SCORED = f"""
SELECT store_id, uniqExact(minute) AS scored, uniqExactIf(minute, state = 'data_late') AS late,
       toUnixTimestamp(max(minute)) AS until_s
FROM scores
WHERE segment = '' AND {_SPAN} AND {_MINE}
GROUP BY store_id
"""

COUNTS = f"""
SELECT store_id, stage, toInt64(sum(count)) AS total, toInt64(sumIf(count, segment IN {PAGELESS})) AS pageless
FROM stage_counts
WHERE {_SPAN} AND {_MINE}
GROUP BY store_id, stage
"""

LAST_SEEN = f"""
SELECT store_id, toUnixTimestamp(max(minute)) AS last_s
FROM stage_counts
WHERE {_SPAN} AND store_id IN {{stores:Array(String)}}
GROUP BY store_id
"""

#: hours without any event in which a week before there were many: nobody stays away by chance then
SILENT_HOURS = """
SELECT store_id, countIf(now = 0 AND before >= {plenty:Int64}) AS silent
FROM
(
    SELECT store_id, hour_s, sum(came * is_now) AS now, sum(came * (1 - is_now)) AS before
    FROM
    (
        SELECT store_id, toUnixTimestamp(toStartOfHour(at)) AS hour_s, toInt64(arraySum(counts)) AS came, 1 AS is_now
        FROM count_sums(first = {from_s:Int64}, last = {to_s:Int64} - 60)
        UNION ALL
        SELECT store_id, toUnixTimestamp(toStartOfHour(at)) + {week_s:Int64} AS hour_s, toInt64(arraySum(counts)) AS came, 0 AS is_now
        FROM count_sums(first = {from_s:Int64} - {week_s:Int64}, last = {to_s:Int64} - {week_s:Int64} - 60)
    )
    WHERE ({every:UInt8} OR store_id IN {stores:Array(String)})
    GROUP BY store_id, hour_s
)
GROUP BY store_id
HAVING silent > 0
LIMIT 10000
"""
#: events of an hour that do not stay away by chance: none of 20 comes once in half a billion hours
PLENTY = 20

ALERTS = f"""
SELECT {ALERT_COLUMNS}
FROM alerts
WHERE ({{every:UInt8}} OR store_id IN {{stores:Array(String)}} OR hasAny(members, {{stores:Array(String)}}))
  AND opened_at > toDateTime({{alerts_s:Int64}}, 'UTC')
  AND (state = 'firing' OR (state = 'resolved' AND fired_at IS NOT NULL AND opened_at < toDateTime({{to_s:Int64}}, 'UTC')
       AND resolved_at >= toDateTime({{from_s:Int64}}, 'UTC')))
ORDER BY state = 'firing' DESC, opened_at DESC
LIMIT 5000
"""

ACTIONS = """
SELECT action FROM actions
WHERE at > toDateTime({alerts_s:Int64}, 'UTC') AND at <= fromUnixTimestamp64Milli({at_ms:Int64}, 'UTC')
ORDER BY at LIMIT 200000
"""

REJECTED = f"""
SELECT toString(reason) AS reason_name, count() AS letters
FROM dead_letters
WHERE received_at >= toDateTime({{from_s:Int64}}, 'UTC') AND received_at < toDateTime({{to_s:Int64}}, 'UTC') AND {_MINE}
GROUP BY reason_name
"""


#: how many days before the digest's last day a figure may be: platforms need up to three
REPORT_BACK_MS = 7 * DAY_MS
REPORTS = f"""
SELECT store_id, toString(source) AS source_name, toString(measure) AS measure_name, toString(value) AS value_text, currency,
       toUnixTimestamp(period_start) AS start_s, toString(zone) AS zone_name, restated
FROM report_rows
WHERE period = 'day' AND empty(dimensions) AND complete AND {_MINE}
  AND period_start >= toDateTime({{from_s:Int64}}, 'UTC') AND period_start < toDateTime({{to_s:Int64}}, 'UTC')
ORDER BY store_id, source, measure, period_start
LIMIT 50000
"""


@dataclass(frozen=True, slots=True)
class _Answers:
    sums: Sequence[Row]
    before: Sequence[Row]
    lines: Sequence[Row]
    scored: Sequence[Row]
    counts: Sequence[Row]
    alerts: Sequence[Row]
    actions: Sequence[Row]
    rejected: Sequence[Row]
    silent: Sequence[Row]
    reports: Sequence[Row]


class DigestQueries:
    """Reads the facts of one subscriber's period."""

    def __init__(self, database: Database, config: Config) -> None:
        self._database, self._config = database, config
        self._worth = WorthReader(database.rows, config)
        self._trade = TradeReader(database.rows, config)

    async def facts(self, subscriber: SubscriberConfig, when: Occurrence, made_ms: int) -> DigestFacts:
        """The facts of a period.

        Raises:
            ClickHouseUnreachableError: ClickHouse is unreachable or rejects the query.
        """
        configured = [store for store in self._config.stores if subscriber.wants(store.id)]
        every = not subscriber.stores
        answers = await self._ask(
            when, made_ms, subscriber.form, {"every": int(every), "stores": [s.id for s in configured]}
        )
        known = {store.id: store for store in configured}
        for row in (*answers.counts, *answers.scored):
            known.setdefault(row["store_id"], StoreConfig.model_construct(id=row["store_id"]))
        with_counts = {row["store_id"] for row in answers.counts}
        last_seen = await self._last_seen([s for s in known if s not in with_counts], when.from_ms)
        traded = (await self._trade.traded(_spans(subscriber, when))).of(known)
        total = await self._trade.together(traded)
        by_store = _Folded(answers, traded, when, subscriber)
        return DigestFacts(
            from_ms=when.from_ms,
            to_ms=when.to_ms,
            made_ms=made_ms,
            stores=tuple(by_store.store(store, last_seen.get(store.id)) for store in known.values()),
            alerts=await self._priced(_alerts(answers.alerts, answers.actions)),
            rejected={row["reason_name"]: int(row["letters"]) for row in answers.rejected},
            reports=_figures(answers.reports, when.last_day),
            trade=total.figures if traded.spans[0] else None,
            trade_currency=total.currency,
            without_rate=total.without_rate,
            health=await read_health(self._database, list(known), every, made_ms),
        )

    async def _priced(self, alerts: tuple[AlertFacts, ...]) -> tuple[AlertFacts, ...]:
        asked = (Priced.of(a.alert) for a in alerts)
        worths = await self._worth.of(asked)
        return tuple(replace(facts, worth=worths[facts.alert.alert_id]) for facts in alerts)

    async def _ask(
        self, when: Occurrence, made_ms: int, form: DigestForm, mine: dict[str, object]
    ) -> _Answers:
        rows = self._database.rows
        from_s, to_s = when.from_ms // 1000, when.to_ms // 1000
        span = {**mine, "from_s": from_s, "to_s": to_s}
        week_s = 7 * DAY_MS // 1000
        before = {**mine, "from_s": from_s - week_s, "to_s": to_s - week_s}
        alerts_s = from_s - ALERT_DAYS * DAY_MS // 1000
        # one after the other: at the hour of a digest the store has other readers too
        return _Answers(
            sums=await rows(STEP_SUMS, **span),
            before=await rows(STEP_SUMS, **before),
            lines=await rows(LINES, bucket_s=BUCKET_S[form], **span),
            scored=await rows(SCORED, **span),
            counts=await rows(COUNTS, **span),
            # as they were when the digest is made: of a past day, without what came later
            alerts=await rows(alerts_then(ALERTS), alerts_s=alerts_s, at_ms=made_ms, **span),
            actions=await rows(ACTIONS, alerts_s=alerts_s, at_ms=made_ms),
            rejected=await rows(REJECTED, **span),
            silent=await rows(SILENT_HOURS, plenty=PLENTY, week_s=week_s, **span),
            reports=[]
            if form is not DigestForm.DAILY
            else await rows(REPORTS, **{**span, "from_s": from_s - REPORT_BACK_MS // 1000}),
        )

    async def _last_seen(self, stores: list[str], before_ms: int) -> dict[str, int]:
        if not stores:
            return {}
        before_s = before_ms // 1000
        rows = await self._database.rows(
            LAST_SEEN, stores=stores, from_s=before_s - SUPPLY_DAYS * DAY_MS // 1000, to_s=before_s
        )
        return {row["store_id"]: int(row["last_s"]) * 1000 for row in rows}


class _Folded:
    """The answers' rows by store."""

    def __init__(
        self, answers: _Answers, traded: Traded, when: Occurrence, subscriber: SubscriberConfig
    ) -> None:
        self._sums, self._before = _sums(answers.sums), _sums(answers.before)
        self._counts: dict[str, dict[str, int]] = defaultdict(dict)
        self._pageless: dict[str, dict[str, int]] = defaultdict(dict)
        for row in answers.counts:
            self._counts[row["store_id"]][row["stage"]] = int(row["total"])
            self._pageless[row["store_id"]][row["stage"]] = int(row["pageless"])
        self._scored = {row["store_id"]: row for row in answers.scored}
        self._lines: dict[str, dict[str, dict[int, Row]]] = defaultdict(lambda: defaultdict(dict))
        for row in answers.lines:
            self._lines[row["store_id"]][row["step"]][int(row["bucket"])] = row
        self._silent = {row["store_id"]: int(row["silent"]) for row in answers.silent}
        self._traded, self._language = traded, subscriber.language
        self._when, self._bucket_s = when, BUCKET_S[subscriber.form]

    def store(self, store: StoreConfig, last_seen_ms: int | None) -> DigestStore:
        """The facts of one store."""
        scored = self._scored.get(store.id)
        return DigestStore(
            store_id=store.id,
            name=store.called(self._language),
            platform=str(store.platform),
            zone=store.zone,
            country=store.country or country_of(store.zone),
            currency=store.currency,
            counts=self._counts.get(store.id, {}),
            pageless=self._pageless.get(store.id, {}),
            steps=self._sums.get(store.id, {}),
            steps_before=self._before.get(store.id, {}),
            lines={step: self._line(step, rows) for step, rows in self._lines[store.id].items()},
            scored_minutes=int(scored["scored"]) if scored else 0,
            late_minutes=int(scored["late"]) if scored else 0,
            scored_until_ms=int(scored["until_s"]) * 1000 + 60_000 if scored else None,
            last_seen_ms=last_seen_ms,
            silent_hours=self._silent.get(store.id, 0),
            trade=self._trade(store.id),
        )

    def _trade(self, store_id: str) -> TradeFigures | None:
        mine = self._traded.of((store_id,))
        return mine.figures() if mine.spans[0] else None

    def _line(self, step: str, rows: dict[int, Row]) -> tuple[Bucket, ...]:
        total_s = (self._when.to_ms - self._when.from_ms) // 1000
        buckets = []
        for bucket in range(-(-total_s // self._bucket_s)):
            start_s = bucket * self._bucket_s
            minutes = (min(total_s, start_s + self._bucket_s) - start_s) / 60
            row = rows.get(bucket)
            due = (
                FULL_COVERAGE * minutes if is_fast(step) else 1
            )  # a slow step is scored once a business hour
            is_known = row is not None and row["known"] >= due
            buckets.append(
                Bucket(
                    at_ms=self._when.from_ms + start_s * 1000,
                    observed=float(row["observed_sum"]) if row else 0.0,
                    expected=float(row["expected_sum"]) if row and is_known else None,
                )
            )
        return tuple(buckets)


def _spans(subscriber: SubscriberConfig, when: Occurrence) -> list[dict[str, int]]:
    """The period, and the day and the week before it; a weekly one has no day before."""
    days = (1, 7) if subscriber.form is DigestForm.DAILY else (7, 7)
    spans = [(when.from_ms, when.to_ms), *(days_before(when, subscriber.zone, back) for back in days)]
    return [{"from_s": from_ms // 1000, "to_s": to_ms // 1000 - 60} for from_ms, to_ms in spans]


def _figures(rows: Sequence[Row], last_day: date) -> tuple[DigestFigure, ...]:
    """The figures of days up to ``last_day``, each day by the clock of its own report."""
    found = []
    for row in rows:
        began = datetime.fromtimestamp(int(row["start_s"]), UTC).astimezone(ZoneInfo(row["zone_name"]))
        if began.date() <= last_day:
            found.append(
                DigestFigure(
                    row["store_id"],
                    row["source_name"],
                    row["measure_name"],
                    row["value_text"],
                    row["currency"],
                    began.date(),
                    row["zone_name"],
                    bool(row["restated"]),
                )
            )
    return tuple(found)


def _sums(rows: Sequence[Row]) -> dict[str, dict[str, StepSums]]:
    found: dict[str, dict[str, StepSums]] = defaultdict(dict)
    for row in rows:
        found[row["store_id"]][row["step"]] = StepSums(
            int(row["minutes"]),
            float(row["observed_sum"]),
            float(row["expected_sum"]),
            float(row["judged_sum"]),
            int(row["breaches"]),
        )
    return found


def _alerts(rows: Sequence[Row], actions: Sequence[Row]) -> tuple[AlertFacts, ...]:
    book = ActionBook()
    for row in actions:
        try:
            book.take(msgspec.json.decode(row["action"], type=HumanAction))
        except (*UNDECODABLE, RoutingError) as error:  # of another release; its row stays in the table
            _log.warning("record_skipped", topic="alert_actions", error=str(error))
    found = []
    for row in rows:
        alert = alert_of(row)
        handling = book.handling(alert.alert_id) or UNHANDLED
        found.append(
            AlertFacts(
                alert=alert,
                is_open=alert.state is AlertState.FIRING and handling.closed_as is None,
                acknowledged_by=handling.acknowledged_by,
                assignee=handling.assignee,
                closed_as=handling.closed_as,
            )
        )
    return tuple(found)

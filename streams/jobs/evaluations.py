"""The evaluation job: evaluates each store in every complete period of the last ninety days, and again only where something changed.

Weeks, months and quarters. A store is left alone while everything that its evaluations are made of is as it was: its rows before the end
of the newest complete period, the periods themselves, which of their cohorts are due, what it promises, its targets, and the stores that it
is compared with, and what people did about its advice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

import structlog
from clickhouse_connect.driver import AsyncClient

from scoring.baselines.baseline import MIN_PEERS
from scoring.evaluation.order_figures import DELIVER_DAYS, DISPUTE_DAYS, REFUND_DAYS, SHIP_DAYS
from scoring.evaluation.spans import last_spans
from scoring.evaluation.targets import StoreTarget
from scoring.evaluation.weights import VERSION
from scoring.funnel.units import DAY_MS
from streams import metrics
from streams.clickhouse.clients import open_writer
from streams.clickhouse.evaluations import inputs_before, marks_of, write_evaluations
from streams.clickhouse.reader import Database, JobDatabase
from streams.clock import monotonic, now_ms
from streams.config.core import day_rules
from streams.config.model import Config, StoreConfig
from streams.config.targets import targets_of
from streams.evaluation.advised import AdviceLife, read_all_lives
from streams.evaluation.attributed import rates_of
from streams.evaluation.attribution_rows import TABLE, newest_attributions
from streams.evaluation.evaluation_rows import WrittenEvaluations
from streams.evaluation.knowing import known_of
from streams.evaluation.many import RECENT_PERIODS, batches, stores_in_periods
from streams.evaluation.set_targets import held_targets, read_target_sets
from streams.evaluation.stored import MOST_PEERS, stores_alike
from streams.jobs import order_days
from streams.jobs.event_days import EventDays
from streams.jobs.repeating import LARGEST_SHARE, repeat
from streams.settings import Settings

_log = structlog.get_logger()

#: what people did about advice, by store and key
Lives: TypeAlias = Mapping[str, Mapping[str, AdviceLife]]
#: that hold, by store
Targets: TypeAlias = Mapping[str, Sequence[StoreTarget]]
INTERVAL_S = 600.0
#: stores of one statement
STORES_AT_ONCE = 50
#: seconds that one statement may take
_PATIENCE_S = 300.0
#: days after which more of a period's cohorts are due
_DUE_DAYS = sorted({*SHIP_DAYS, *DELIVER_DAYS, *REFUND_DAYS, *DISPUTE_DAYS})
#: grows with what the rows hold: then everything is written again
_LAYOUT = 6


async def once(settings: Settings, config: Config, present_ms: int | None = None) -> int:
    """Evaluate every store of which something changed; returns how many periods of stores were written.

    Raises:
        ClickHouseError: it is unreachable or rejects a query.
    """
    at_ms, written = present_ms or now_ms(), 0
    client, database = await open_writer(settings), JobDatabase(settings, _PATIENCE_S)
    try:
        lives = await read_all_lives(database)
        later = held_targets(await read_target_sets(database))
        targets = {store.id: targets_of(config, store.id, later) for store in config.stores}
        for batch in batches(config.stores, STORES_AT_ONCE):
            alike = {store.id: stores_alike(config, store)[:MOST_PEERS] for store in batch}
            marks = await _fingerprints(client, settings, config, batch, alike, lives, targets, at_ms)
            known = await marks_of(client, settings, [store.id for store in batch])
            changed = [
                store for store in batch if store.id in marks and known.get(store.id) != marks[store.id]
            ]
            if not changed:
                continue
            rows, made = await _evaluated(database, config, changed, alike, lives, targets, at_ms)
            written += made
            await write_evaluations(
                client, settings, rows.tables(), {store.id: marks[store.id] for store in changed}, now_ms()
            )
    finally:
        await database.close()
        await client.close()
    metrics.EVALUATIONS_LAST_SUCCESS.set(now_ms() / 1000)
    return written


async def _evaluated(
    database: Database,
    config: Config,
    stores: Sequence[StoreConfig],
    alike: Mapping[str, Sequence[str]],
    lives: Lives,
    targets: Targets,
    present_ms: int,
) -> tuple[WrittenEvaluations, int]:
    """All rows of all periods, and how many periods of stores they are."""
    rows, made = WrittenEvaluations(now_ms()), 0
    rates, rules = rates_of(config), day_rules(config)
    for length in RECENT_PERIODS:
        judged: set[str] = set()
        found = await stores_in_periods(database, stores, alike, length, present_ms, rules)
        for store, read in found:
            known = known_of(read, store, targets[store.id], lives.get(store.id))
            rows.take(known)
            if store.id not in judged:  # the newest period comes first: advice is judged with it
                rows.take_outcomes(known)
                judged.add(store.id)
            made += 1
        rows.rows[TABLE] += await newest_attributions(
            database, [read for _, read in found], rates, rows.at_ms
        )
    return rows, made


async def _fingerprints(
    client: AsyncClient,
    settings: Settings,
    config: Config,
    stores: Sequence[StoreConfig],
    alike: Mapping[str, Sequence[str]],
    lives: Lives,
    targets: Targets,
    present_ms: int,
) -> dict[str, str]:
    """What the evaluations of each store would be made of now; stores of which nothing is known are left out."""
    zone = stores[0].zone
    spans = [
        span
        for length, count in RECENT_PERIODS.items()
        for span in last_spans(present_ms, zone, length, count)
    ]
    end_ms = max(span.end_ms for span in spans)
    end_day = datetime.fromtimestamp(end_ms / 1000, ZoneInfo(zone)).date()
    asked = sorted({store.id for store in stores} | {one for some in alike.values() for one in some})
    numbers = await inputs_before(client, settings, asked, end_ms, end_day)
    due = [sum(span.end_ms + days * DAY_MS <= present_ms for days in _DUE_DAYS) for span in spans]
    found = {}
    for store in stores:
        if store.id not in numbers:
            continue
        others = alike[store.id] if len(alike[store.id]) >= MIN_PEERS else ()
        promised = (store.ship_within_days, store.answer_within_hours)
        kind = (str(store.platform), store.country, store.category, day_rules(config))
        acted = sorted(
            (life.key, life.done_ms, life.check_ms <= present_ms) for life in lives.get(store.id, {}).values()
        )
        given = (
            (VERSION, _LAYOUT),
            numbers[store.id],
            [numbers.get(one) for one in others],
            others,
            spans,
            due,
            promised,
            kind,
            acted,
        )
        text = repr((*given, targets[store.id]))
        found[store.id] = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    return found


async def run(settings: Settings, config: Config) -> None:
    """Evaluate again and again until cancelled; the first time at once. Days of events and orders are counted before."""
    days = EventDays(settings, config)

    async def one_run() -> float:
        started = monotonic()
        await days.look()
        await order_days.once(settings, config)
        written = await once(settings, config)
        took_s = monotonic() - started
        if written:
            _log.info("stores_evaluated", periods=written, seconds=round(took_s, 1))
        return max(INTERVAL_S, took_s / LARGEST_SHARE)

    await repeat("evaluations", one_run)

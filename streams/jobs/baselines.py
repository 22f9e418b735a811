"""The baselines job: fits what the monitor expects and publishes it on ``funnel.baselines.v1``.

It fits every night, and in between for stores whose history has outgrown their baseline: those that have none yet,
and young ones each time their history has grown by half. While ClickHouse is unreachable the monitor keeps the last baselines.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from numpy.typing import NDArray

from scoring.baselines import StoreBaseline, decode_baseline, encode_baseline, fit_baselines
from scoring.baselines.history import begin_of
from scoring.baselines.peers import lend, youngest
from scoring.funnel.scores import OWN_HISTORY_MINUTES
from streams.backtest.run import TRAIN_DAYS
from streams.clickhouse.clients import open_reader_sync
from streams.clickhouse.errors import ClickHouseError, mapped
from streams.clock import monotonic, now_ms
from streams.config.core import day_rules, slow_inputs
from streams.config.model import Config
from streams.config.pooling import lenders, pool_rules
from streams.instance.files import HEARTBEAT_S, StateReport
from streams.jobs.benchmark import read_benchmark
from streams.jobs.drifts import with_drifts
from streams.jobs.history import SETTLED_MINUTES, read_counts
from streams.jobs.pairs import read_kernels
from streams.jobs.slow_pairs import read_slow_pairs
from streams.kafka.servers import connection, servers_of
from streams.kafka.topics import BASELINES
from streams.printable import counted
from streams.settings import Settings

_log = structlog.get_logger()

#: history from which a store can have a baseline of what peers lend
_LENT_MINUTES = 30
#: a young baseline is refitted once its history is longer by this factor
_GROWTH = 1.5
_GROWING_DAYS = 14.0
_NIGHT_S = 86_400
_EAGER_S, _CALM_S = 5.0, 60.0
#: seconds after the start in which history that is about to be loaded is looked for eagerly
_STARTING_S = 180.0
#: minutes by which a history may grow between two looks and still count as loaded
_LOADED_TOLERANCE = 3


@dataclass(frozen=True, slots=True)
class Extent:
    """How much history a store has: minutes since it begins (``scoring.baselines.history``), and minutes with events."""

    span: int
    filled: int


def read_extents(settings: Settings) -> dict[str, Extent]:
    """The extent of every store's history within the training weeks.

    Raises:
        ClickHouseError: the store is unreachable or rejects the query.
    """
    last = now_ms() // 60_000 - SETTLED_MINUTES
    with mapped():
        client = open_reader_sync(settings)
        rows = client.query(
            "SELECT store_id, arraySort(groupArray((first, last, filled))) FROM (SELECT store_id, intDiv(toUnixTimestamp(min(minute)), 60) AS first, "
            "intDiv(toUnixTimestamp(max(minute)), 60) AS last, uniqExact(minute) AS filled FROM stage_counts "
            "WHERE minute >= fromUnixTimestamp({first:Int64}) AND minute < fromUnixTimestamp({last:Int64}) "
            "GROUP BY store_id, toDate(minute, 'UTC')) GROUP BY store_id",
            parameters={"first": (last - TRAIN_DAYS * 1440) * 60, "last": last * 60},
        ).result_rows
        client.close()
    return {store: _extent(np.array(days, np.int64), last) for store, days in rows}


def _extent(days: NDArray[np.int64], until: int) -> Extent:
    """Of (days, 3) first minute, last minute and minutes with events."""
    first, last, filled = days.T
    return Extent(until - int(first[begin_of(first, last, filled)]), int(filled.sum()))


def read_published(settings: Settings) -> dict[str, StoreBaseline]:
    """The baselines last published, by store, as they are in ClickHouse.

    Raises:
        ClickHouseError: the store is unreachable or rejects the query.
    """
    with mapped():
        client = open_reader_sync(settings)
        rows = client.query("SELECT baseline FROM baselines").result_rows
        client.close()
    found = (decode_baseline(text) for (text,) in rows)
    return {baseline.store_id: baseline for baseline in found}


def fit_from_store(settings: Settings, config: Config, days: int = TRAIN_DAYS) -> list[StoreBaseline]:
    """Baselines of all stores, fitted on the last ``days`` days of ``stage_counts``.

    Raises:
        ClickHouseError: the store is unreachable or rejects the query.
    """
    last = now_ms() // 60_000 - SETTLED_MINUTES
    with mapped():
        client = open_reader_sync(settings)
    table = read_counts(client, last - days * 1440, last, config)
    if table is None:
        client.close()
        return []
    kernels = read_kernels(client, last, table.supplied())
    slow = replace(slow_inputs(config), pairs=read_slow_pairs(client, table.first, last))
    histories = table.histories(table.first, last)
    fitted = fit_baselines(histories, now_ms(), kernels, pools=pool_rules(config), slow=slow)
    fitted = with_drifts(client, fitted, day_rules(config), now_ms())
    client.close()
    lent_by = lenders(config, read_benchmark(settings.data))
    return lend(fitted, lent_by, youngest(histories), now_ms())


async def publish(
    settings: Settings, baselines: list[StoreBaseline], withdrawn: Collection[str] = ()
) -> None:
    """Put baselines on ``funnel.baselines.v1``, key store_id; returns when the broker has them.

    ``withdrawn`` are pools that are no more: their baselines are taken away.

    Raises:
        aiokafka.errors.KafkaError: the broker is unreachable.
    """
    producer = AIOKafkaProducer(
        **connection(servers_of(settings)),
        acks="all",
        enable_idempotence=True,
        max_request_size=10_000_000,
        compression_type="zstd",
    )
    await producer.start()
    try:
        sent = [
            await producer.send(
                BASELINES, encode_baseline(baseline), key=baseline.store_id.encode(), timestamp_ms=now_ms()
            )
            for baseline in baselines
        ]
        sent += [
            await producer.send(BASELINES, None, key=pool.encode(), timestamp_ms=now_ms())
            for pool in withdrawn
        ]
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


def former_pools(published: Mapping[str, StoreBaseline], made: list[StoreBaseline]) -> set[str]:
    """Pools with a published baseline that the fit found no members for any more."""
    kept = {baseline.store_id for baseline in made}
    return {name for name, baseline in published.items() if baseline.members and name not in kept}


def outgrown(
    extents: dict[str, Extent],
    before: dict[str, Extent],
    published: dict[str, StoreBaseline],
    tried: Mapping[str, float] = MappingProxyType({}),
    may_borrow: Callable[[str], bool] = lambda store: False,
) -> set[str]:
    """Stores that should be fitted now: history enough, not just being loaded, and no baseline that matches it.

    ``tried`` says at how many days of history a store was last fitted in vain (it has one stage only, say). A store that
    ``may_borrow`` has a baseline before its history is long enough to be fitted.
    """
    due = set()
    for store, extent in extents.items():
        if _is_loading(store, extent, before):
            continue
        baseline = published.get(store)
        days = extent.span / 1440
        fitted_at = tried.get(store, 0.0) if baseline is None else baseline.days
        if fitted_at * 1440 < OWN_HISTORY_MINUTES:
            is_first = not fitted_at and may_borrow(store)
            if extent.span >= (_LENT_MINUTES if is_first else OWN_HISTORY_MINUTES):
                due.add(store)
        elif fitted_at < _GROWING_DAYS and days > _GROWTH * fitted_at:
            due.add(store)
    return due


def _is_loading(store: str, extent: Extent, before: Mapping[str, Extent]) -> bool:
    return abs(extent.filled - before.get(store, Extent(0, 0)).filled) > _LOADED_TOLERANCE


def pause_s(
    extents: Mapping[str, Extent], before: Mapping[str, Extent], waiting: Collection[str], running_s: float
) -> float:
    """Seconds until the next look, which reads the minutes of weeks.

    Args:
        extents: the stores' histories.
        before: the same at the look before.
        waiting: stores without a baseline that no fit has been tried for. One that sends nothing may be among them for ever.
        running_s: seconds since the start.
    """
    is_loading = any(_is_loading(store, extents[store], before) for store in waiting if store in extents)
    return _EAGER_S if is_loading or (waiting and running_s < _STARTING_S) else _CALM_S


async def run(settings: Settings, config: Config, report: StateReport) -> None:
    """Fit and publish until cancelled."""
    began = monotonic()
    report.say("starting")
    beating = asyncio.create_task(_beat(report))
    published: dict[str, StoreBaseline] = {}
    extents: dict[str, Extent] = {}
    fitted_ms = 0
    known = False
    tried: dict[str, float] = {}
    try:
        while True:
            pause = _CALM_S
            try:
                if not known:
                    published = await asyncio.to_thread(read_published, settings)
                    fitted_ms = max((baseline.fitted_at_ms for baseline in published.values()), default=0)
                    known = True
                lent_by = lenders(config, await asyncio.to_thread(read_benchmark, settings.data))
                before, extents = extents, await asyncio.to_thread(read_extents, settings)
                due = outgrown(extents, before, published, tried, lent_by.may_lend_to)
                night = bool(published) and now_ms() - fitted_ms > _NIGHT_S * 1000
                if due or night:
                    report.say("ready", f"fitting {counted(len(extents), 'store')}")
                    made = await asyncio.to_thread(fit_from_store, settings, config)
                    gone = former_pools(published, made)
                    await publish(settings, made, gone)
                    published |= {baseline.store_id: baseline for baseline in made}
                    for pool in gone:
                        del published[pool]
                    tried = {
                        store: extent.span / 1440
                        for store, extent in extents.items()
                        if store not in published
                    }
                    fitted_ms = now_ms()
                    _log.info(
                        "baselines_published",
                        stores=sum(not baseline.members for baseline in made),
                        because="new history" if due else "night",
                    )
                waiting = {*extents, *(store.id for store in config.stores)} - {*published, *tried}
                pause = pause_s(extents, before, waiting, monotonic() - began)
                stores = sum(not baseline.members for baseline in published.values())
                state, detail = "ready", f"{counted(stores, 'store')} with a baseline"
            except (ClickHouseError, KafkaError, OSError) as error:
                state, detail = "degraded", f"waiting for ClickHouse or Kafka: {str(error)[:200]}"
                pause = _EAGER_S
                _log_unreachable(error, pause)
            report.say(state, detail)
            await asyncio.sleep(pause)
    finally:
        beating.cancel()
        report.clear()


def _log_unreachable(error: Exception, pause_s: float) -> None:
    said = {"job": "baselines", "error": str(error)[:200], "retry_in_s": pause_s}
    if isinstance(error, ClickHouseError):
        _log.warning("clickhouse_unreachable", **said)
    else:
        _log.warning("kafka_unreachable", **said)


async def _beat(report: StateReport) -> None:
    """Report that the process lives, also while a fit of many stores takes its time in another thread."""
    while True:
        await asyncio.sleep(HEARTBEAT_S)
        report.repeat()
